//! Releases: from what was built to a folder that others install from.
//!
//! | module | job |
//! |---|---|
//! | [`plan`] | what a release says, read and checked before anything is built |
//! | [`mod@write`] | the formats, written side by side |
//! | [`place`] | the folder, which is the old release or the new one and never half of it |

pub mod place;
pub mod plan;
pub mod write;

pub use plan::{Plan, read_key};
