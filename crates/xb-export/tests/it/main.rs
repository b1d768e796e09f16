//! What is exported, read by those who will read it.

mod apt;
mod archive;
mod debs;
mod key;
mod manifest;
mod oci;
mod provenance;
mod release;
mod repository;
mod sbom;
mod support;
mod trees;
