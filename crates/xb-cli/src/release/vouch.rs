//! What vouches for artefacts, each in a file that is called after its artefact.

use std::path::Path;

use xb_export::{ExportError, Folder};

use super::artefact::Artefact;
use super::write::{Made, failed};
use super::{Plan, below, provenance, sbom};
use crate::failure::Failure;

/// The folder in a release of how artefacts were made.
pub const PROVENANCE: &str = "provenance/";

/// Writes what every artefact consists of and, where there is a key for it, how it was made.
///
/// # Errors
/// When something that a package says about itself cannot be written down, or a file cannot be written.
pub fn vouch(made: &Made<'_>, plan: &Plan, artefacts: &[Artefact<'_>], folder: &Path) -> Result<(), Failure> {
    below::check(made)?;
    write(artefacts, &folder.join("sbom"), "spdx.json", |artefact| sbom::of(made, artefact, plan.date).json())?;
    let Some(key) = &plan.statements else {
        return Ok(());
    };
    let statement = |artefact: &Artefact<'_>| provenance::of(made, artefact).sign(key);
    write(artefacts, &folder.join(PROVENANCE), "intoto.jsonl", statement)
}

fn write(
    artefacts: &[Artefact<'_>],
    folder: &Path,
    extension: &str,
    document: impl Fn(&Artefact<'_>) -> Result<Vec<u8>, ExportError>,
) -> Result<(), Failure> {
    let folder = Folder::create(folder).map_err(|error| failed(&error))?;
    artefacts.iter().try_for_each(|artefact| {
        let name = format!("{}.{extension}", artefact.name);
        let bytes = document(artefact)
            .map_err(|error| Failure::user(format!("`{name}` of the release cannot be written: {error}")))?;
        folder.write(&name, &bytes).map(drop).map_err(|error| failed(&error))
    })
}
