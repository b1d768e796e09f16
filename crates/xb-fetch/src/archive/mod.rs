//! Archives as [`xb_archive`] reads them, and the zip files of Go modules.

pub(crate) mod module;

pub use xb_archive::*;
