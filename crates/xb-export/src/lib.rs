//! What people install, made of what was built.
//!
//! Everything here is a function of what it is given: no clock, no environment, no network, no random numbers. The same
//! packages, trees, keys and times give the same bytes on every machine and every day. What is made goes into a folder
//! that the caller names and that was empty.
//!
//! - [`AptRepository`] is what `apt` installs from.
//! - [`OciLayout`] is what runs in containers: one image for several architectures.
//! - [`write_archive`] gives a tree as one file.
//! - [`Sbom`] tells what an artefact consists of, [`Provenance`] how it was made.
//! - [`Manifest`] lists every file of a release.

mod apt;
mod archive;
mod compression;
mod error;
mod folder;
mod json;
mod key;
mod manifest;
mod mode;
mod moment;
mod oci;
mod provenance;
mod sbom;
mod sum;
mod tar;

pub use apt::{AptRepository, Published};
pub use archive::write_archive;
pub use compression::Compression;
pub use error::ExportError;
pub use folder::Folder;
pub use key::OpenPgpKey;
pub use manifest::{Blake3, MANIFEST, Manifest, ManifestDifference, ManifestFile};
pub use moment::Moment;
pub use oci::{Image, ImageConfig, ImageLayer, OciLayout, Written};
pub use provenance::{Provenance, Resource, Statement};
pub use sbom::{Component, Purpose, Relation, RelationKind, Sbom};
pub use sum::Sum;
pub use tar::Placed;
