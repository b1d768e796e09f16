//! `Release`: what a suite says about itself, and the sums of its indexes.

use std::collections::BTreeMap;

use super::AptRepository;
use crate::sum::Sum;

/// The text that is signed.
pub(super) fn text(repository: &AptRepository, indexes: &BTreeMap<String, Sum>) -> String {
    let architectures: Vec<_> = repository.architectures.iter().map(|arch| arch.debian()).collect();
    let mut text = format!(
        "Origin: {}\nLabel: {}\nSuite: {}\nCodename: {}\nDate: {}\nAcquire-By-Hash: yes\nArchitectures: {}\n\
         Components: main\nSHA256:\n",
        repository.origin,
        repository.label,
        repository.suite,
        repository.codename,
        repository.date.debian(),
        architectures.join(" "),
    );
    for (path, sum) in indexes {
        text.push_str(&format!(" {} {} {path}\n", sum.sha256, sum.size));
    }
    text
}
