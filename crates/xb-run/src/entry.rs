//! What lies at the place of an output, where that need not be a folder.

/// The name of it in a tree that holds nothing else: a folder, a file or a link.
pub const ENTRY: &str = "entry";
