//! What people install, made of what was built.
//!
//! Everything here is a function of what it is given: no clock, no environment, no network, no random numbers. The same
//! packages, trees, keys and times give the same bytes on every machine and every day. What is made goes into a folder
//! that the caller names and that was empty.
//!
//! - [`AptRepository`] is what `apt` installs from.

mod apt;
mod error;
mod folder;
mod key;
mod moment;
mod sum;

pub use apt::{AptRepository, Published};
pub use error::ExportError;
pub use key::OpenPgpKey;
pub use moment::Moment;
pub use sum::Sum;
