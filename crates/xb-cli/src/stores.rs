//! The store, as the planner wants it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy;
use xb_audit::{ForeignCode, foreign_code};
use xb_build::{ActionLocks, BoxFuture, Inspector, LockGuard};
use xb_core::{ActionId, Arch, TreeId};
use xb_graph::Cause;
use xb_store::{Memory, Store};

use crate::failure::Failure;
use crate::project::Config;

/// How long to wait before asking for a lock again, at first and in the end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The variable that names the store.
pub const STORE_VARIABLE: &str = "XB_STORE";

/// Where the store is: by `XB_STORE`, else by `xb.toml`, else in the user's data folder.
///
/// # Errors
/// When the user has no home.
pub fn store_path(config: &Config) -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os(STORE_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    if let Some(path) = &config.store {
        return Ok(path.clone());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::environment(format!("the folder for the store cannot be found: {error}"))
            .help(format!("name one: `{STORE_VARIABLE}=/somewhere/with/room`"))
    })?;
    Ok(strategy.data_dir().join("xb").join("store"))
}

/// Opens the store, and makes it when there is none.
///
/// # Errors
/// When it cannot be used.
pub fn open_store(config: &Config) -> Result<Store, Failure> {
    let path = store_path(config)?;
    Store::open(&path).map_err(|error| {
        Failure::from(error).note(format!("the store is `{}`; `{STORE_VARIABLE}` names another one", path.display()))
    })
}

/// What is remembered from build to build, in the store.
pub struct StoreMemory(pub Store);

impl Memory for StoreMemory {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let recall = |key: &Vec<u8>| self.0.recall_bytes(kind, key).ok().flatten();
        keys.iter().map(recall).collect()
    }

    fn remember(&self, kind: &str, key: &[u8], value: &[u8]) {
        // Forgetting costs time, never correctness.
        let _ = self.0.remember_bytes(kind, key, value);
    }

    fn remember_all(&self, kind: &str, values: &[(Vec<u8>, Vec<u8>)]) {
        let _ = self.0.remember_all(kind, values);
    }
}

/// No result has code for another architecture.
pub struct StoreInspector(pub Store);

impl Inspector for StoreInspector {
    fn inspect(&self, arches: &[Arch], result: TreeId) -> Result<Option<Cause>, String> {
        let found = foreign_code(arches, result, &self.0).map_err(|error| error.to_string())?;
        Ok(found.map(|ForeignCode { path, found }| Cause::ForeignCode { path: path.to_string(), found }))
    }
}

/// The locks of the store.
pub struct StoreLocks(pub Store);

impl ActionLocks for StoreLocks {
    fn try_lock(&self, action: ActionId) -> Result<Option<LockGuard>, String> {
        let lock = self.0.try_lock_action(action).map_err(|error| error.to_string())?;
        Ok(lock.map(|lock| Arc::new(lock) as LockGuard))
    }

    /// By asking again and again: a thread that waits in the system could not be told to stop.
    fn lock(&self, action: ActionId) -> BoxFuture<'_, Result<LockGuard, String>> {
        Box::pin(async move {
            let mut pause = SHORTEST_PAUSE;
            loop {
                if let Some(guard) = self.try_lock(action)? {
                    return Ok(guard);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        })
    }

    fn try_lease(&self, machine: &str, slots: usize) -> Result<Option<LockGuard>, String> {
        let lease = self.0.try_lease(machine, slots).map_err(|error| error.to_string())?;
        Ok(lease.map(|lease| Arc::new(lease) as LockGuard))
    }
}
