//! This machine as one that runs actions.

use std::path::PathBuf;
use std::sync::Arc;

use xb_exec::{Emulation, LocalExecutor, Take};
use xb_store::Store;

use crate::failure::Failure;

/// Where the folders of sandboxes are.
pub fn sandboxes(store: &Store) -> PathBuf {
    store.folder().join("sandboxes")
}

/// The variable that says how programs of other architectures are started.
const EMULATION_VARIABLE: &str = "XB_EMULATION";

fn emulation() -> Result<Emulation, Failure> {
    let said = std::env::var_os(EMULATION_VARIABLE).unwrap_or_default();
    let name = said.to_string_lossy();
    if name.is_empty() {
        return Ok(Emulation::default());
    }
    Emulation::named(&name).ok_or_else(|| {
        let known: Vec<String> = Emulation::NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
        Failure::user(format!("`{EMULATION_VARIABLE}` names no way of emulation: `{name}`"))
            .help(format!("known are {}", known.join(", ")))
    })
}

/// The executor of this machine, over a store; each emulated program may use so many CPUs, or all where that is zero,
/// and of the places of outputs it takes what `take` says.
///
/// # Errors
/// When the machine refuses something, or the variable names no way of emulation.
pub fn local(store: &Store, emulated_cpus: u32, take: Take) -> Result<LocalExecutor, Failure> {
    let scratch = sandboxes(store);
    let owned = store.clone();
    let options = xb_exec::Options {
        ingest: Some(Arc::new(move |folder| owned.ingest_owned(folder))),
        emulated_cpus,
        emulation: emulation()?,
        take,
        ..Default::default()
    };
    LocalExecutor::new(Arc::new(store.clone()), scratch, options).map_err(Failure::environment)
}
