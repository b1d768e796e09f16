//! Releases: from what was built to a folder that others install from.
//!
//! | module | job |
//! |---|---|
//! | [`plan`] | what a release says, read before anything is built |
//! | [`mod@write`] | the formats, written side by side |
//! | [`artefact`] | what is given out, piece by piece |
//! | [`below`], [`address`] | what something was made from, and how that is called outside of xb |
//! | [`vouch`], [`sbom`], [`provenance`] | what each artefact consists of and how it was made |
//! | [`key`] | the keys of releases, in files |
//! | [`place`] | the folder, which is the old release or the new one and never half of it |

pub mod address;
pub mod artefact;
pub mod below;
pub mod key;
pub mod place;
pub mod plan;
pub mod provenance;
pub mod sbom;
pub mod vouch;
pub mod write;

pub use plan::Plan;
