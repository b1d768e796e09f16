//! The audit itself: read everything once, then ask.

use xb_store::Contents;

use crate::checks::{code, interpreters, leaks, libraries};
use crate::facts::read_all;
use crate::loader::Loader;
use crate::scan::Needles;
use crate::tree::Tree;
use crate::walk::Entries;
use crate::{AuditError, Detail, Finding, Subject};

/// Which findings the same trees lead to: another word whenever these change, so that none are remembered that would
/// not be found any more.
pub const VERSION: &str = "4";

/// Looks at a result: everything that was found, sorted by path and kind. Nothing found is no error, whatever it is.
///
/// # Errors
/// When something of the result or the root is not in the store, or cannot be read.
pub fn audit(subject: &Subject, store: &dyn Contents) -> Result<Vec<Finding>, AuditError> {
    let entries = Entries::of(subject.result, store)?;
    let needles = Needles::of(subject.arch);
    let facts = read_all(&entries.files, &needles, store)?;
    let root = Tree::new(subject.root, store);
    let loader = Loader::of(&root, store, subject.arch)?;
    let mut findings = libraries::check(&entries.files, &facts, &loader)?;
    for file in &entries.files {
        if let Some(facts) = facts.get(&file.content) {
            code::check(file, facts, subject, &mut findings);
            interpreters::check(file, facts, subject, &root, &mut findings)?;
            leaks::check_content(file, facts, subject, &needles, &mut findings);
        }
    }
    leaks::check_names(&entries, subject, &needles, &mut findings);
    for mode in &entries.modes {
        findings.push(Finding::new(mode.path.clone(), Detail::Mode { mode: mode.bits, folder: mode.folder }));
    }
    findings.sort();
    Ok(findings)
}
