//! This machine as the worker of a server: it runs the actions of others.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use xb_core::Arch;
use xb_exec::{Finding, LocalExecutor, State, Take};
use xb_graph::Limits;
use xb_serve::{Room, Tell, Worker};
use xb_store::{GcPolicy, Store};

use crate::failure::Failure;
use crate::local::{local, sandboxes};
use crate::output::say;
use crate::stores::StoreMemory;

/// The folder of a worker's store, beside what is served.
const STORE: &str = ".xb-worker";

/// A store is tidied to what is left of its quota without such a part, an eighth, and when as much has come in again.
const SLACK: u64 = 8;

/// Where, in a store, the folders are of those who come by lines.
pub fn served(store: &Path) -> PathBuf {
    store.join("served")
}

/// A worker that runs so many actions at one time, in a store of its own beneath a folder. When files of more than
/// `quota` bytes come together, the folders of sandboxes that were used least go, and all that is in none. The executor
/// is to be settled when the worker is gone.
///
/// # Errors
/// When the store cannot be used, or this machine cannot open sandboxes.
pub fn worker(
    slots: usize,
    beneath: &Path,
    quota: Option<u64>,
    tell: Box<Tell>,
) -> Result<(Worker, Arc<LocalExecutor>), Failure> {
    let arch = Arch::host()
        .ok_or_else(|| Failure::environment("xb does not know the architecture of this machine".to_owned()))?;
    let store = Store::open(&beneath.join(STORE))?;
    let local = Arc::new(local(&store, 0, Take::Entries)?);
    try_out(&local)?;
    let room = room(&store, &local, quota)?;
    let worker = Worker {
        name: format!("xb-{arch}"),
        arch,
        slots,
        limits: Limits::default(),
        executor: Arc::clone(&local) as _,
        store: Arc::new(store.clone()),
        memory: Arc::new(StoreMemory(store)),
        room,
        tell,
    };
    Ok((worker, local))
}

/// Finds out now what everybody who wants to have something run would find out then.
fn try_out(local: &LocalExecutor) -> Result<(), Failure> {
    let Finding { state, detail, mend, .. } = local.examine_sandbox();
    if state != State::Bad {
        return Ok(());
    }
    let failure = Failure::environment(format!("this machine cannot run actions of others: {detail}"));
    Err(match mend {
        Some(mend) => failure.help(format!("run `{mend}`")),
        None => failure.help("`xb doctor` tells more"),
    })
}

/// Tidies the store, and says how that is done again.
fn room(store: &Store, local: &Arc<LocalExecutor>, quota: Option<u64>) -> Result<Room, Failure> {
    let Some(quota) = quota else {
        return Ok(Room { after: u64::MAX, tidy: Box::new(|| Ok(())) });
    };
    let (store, local) = (store.clone(), Arc::clone(local));
    let slack = quota / SLACK;
    let policy = GcPolicy { bytes: Some(quota - slack), ..GcPolicy::default() };
    let tidy = move || {
        if !local.wait_for_given_up() {
            return Err("what was given up is still being removed".to_owned());
        }
        xb_exec::remove_stale(&sandboxes(&store));
        store.gc(&policy).map(drop).map_err(|error| error.to_string())
    };
    tidy().map_err(Failure::environment)?;
    let tidy = move || tidy().inspect_err(|why| say(format!("the store of actions is not tidied: {why}")));
    Ok(Room { after: slack, tidy: Box::new(tidy) })
}
