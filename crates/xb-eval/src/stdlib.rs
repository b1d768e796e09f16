//! The standard library, carried inside the program.

use xb_core::RelPath;

use crate::module::ModuleKey;
use crate::value::Base;

include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

/// The names that `use std { ... }` brings in.
pub(crate) const EXPORTS: [&str; 6] = ["fetch", "c", "go", "rust", "python", "lua"];

/// The text of a file of the standard library, by its path within it.
pub fn read(path: &str) -> Option<&'static str> {
    FILES.binary_search_by_key(&path, |(name, _)| name).ok().map(|at| FILES[at].1)
}

/// Every file of the standard library: path and text, sorted by path.
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The file whose value `use std` reads from.
pub(crate) fn root() -> ModuleKey {
    file("std.xb")
}

/// A file of the standard library.
pub(crate) fn file(path: &str) -> ModuleKey {
    ModuleKey { base: Base::Std, path: RelPath::normalise(path).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_std_gives_is_told_to_who_forgot_to_say_so() {
        let text = read("std.xb").unwrap_or_default();
        let names = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(" = "));
        assert_eq!(names.map(|(name, _)| name).collect::<Vec<_>>(), EXPORTS);
    }
}
