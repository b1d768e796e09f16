//! Everything that the report of a port is made of: what was built, what was found in it, whether the bits are the same.

mod beside;
mod bits;
mod write;

pub use beside::{broken, findings, logs};
pub use bits::bits;
pub use write::{prepare, write};
