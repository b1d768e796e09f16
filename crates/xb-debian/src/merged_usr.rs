//! The folders at the top of a root that are links to their namesakes beneath `/usr`.

use xb_core::RelPath;

/// Their names, and whether every root has them.
pub(crate) const MERGED: [(&str, bool); 6] =
    [("bin", true), ("sbin", true), ("lib", true), ("lib64", false), ("lib32", false), ("libx32", false)];

/// Whether a name at the top of a root is that of such a folder.
pub(crate) fn is_merged(name: &str) -> bool {
    MERGED.iter().any(|(merged, _)| *merged == name)
}

/// Where a path lies in a merged root.
pub(crate) fn merged(path: RelPath) -> RelPath {
    if !path.components().next().is_some_and(is_merged) {
        return path;
    }
    RelPath::new(&format!("usr/{path}")).unwrap_or(path)
}
