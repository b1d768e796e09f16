//! The folders at the top of a root that are links to their namesakes beneath `/usr`.

/// Their names, and whether every root has them.
pub(crate) const MERGED: [(&str, bool); 6] =
    [("bin", true), ("sbin", true), ("lib", true), ("lib64", false), ("lib32", false), ("libx32", false)];

/// Whether a name at the top of a root is that of such a folder.
pub(crate) fn is_merged(name: &str) -> bool {
    MERGED.iter().any(|(merged, _)| *merged == name)
}
