//! How SPDX names components: by letters, digits, `.` and `-`.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{ExportError, Result};

/// The SPDX identifiers of keys.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Names all keys: keys that look alike once they are cleaned are numbered in their order.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut sorted = BTreeSet::new();
        for key in keys {
            if key.is_empty() || !sorted.insert(key) {
                return Err(ExportError::value("the component", key, "its key is empty, or another's as well"));
            }
        }
        let mut taken = BTreeSet::new();
        let mut names = BTreeMap::new();
        for key in sorted {
            let plain = format!("SPDXRef-Package-{}", clean(key));
            let numbered = (2..).map(|number: u64| format!("{plain}-{number}"));
            let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(name));
            let name = name.unwrap_or(plain);
            taken.insert(name.clone());
            names.insert(key.to_owned(), name);
        }
        Ok(Self(names))
    }

    /// The identifier of a key.
    pub(super) fn id(&self, key: &str) -> Result<String> {
        let name = self.0.get(key).cloned();
        name.ok_or_else(|| ExportError::value("the component", key, "a relation names it, and it is not there"))
    }
}

/// A text without the signs that an identifier cannot have.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|sign| if sign.is_ascii_alphanumeric() || sign == '.' { sign } else { '-' }).collect()
}
