//! What is made of the facts: one file for each question.

pub(crate) mod code;
pub(crate) mod interpreters;
pub(crate) mod leaks;
pub(crate) mod libraries;

/// Whether a path lies beneath one of some folders, of the root, of `/usr` or of `/usr/local`.
fn is_beneath(path: &str, folders: &[&str]) -> bool {
    let path = path.strip_prefix("usr/").map_or(path, |path| path.strip_prefix("local/").unwrap_or(path));
    folders.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}
