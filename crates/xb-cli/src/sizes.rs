//! Sizes as they are typed.

use xb_core::parse_size;

use crate::failure::Failure;

/// A size in bytes.
///
/// # Errors
/// When the text is none: of a bare number nobody knows what it counts.
pub fn size(text: &str) -> Result<u64, Failure> {
    parse_size(text)
        .ok_or_else(|| Failure::usage(format!("`{text}` is not a size")).help("write it with its unit: `500M`, `20G`"))
}
