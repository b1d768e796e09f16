//! Diagnostics for a person, and the same as data.

mod diagnostic;
mod json;

pub use diagnostic::diagnostics;
pub use json::{Found, found};
