//! One build of one action, however many processes ask for it.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use xb_core::ActionId;

use crate::Store;
use crate::error::{Context, Result};
use crate::session::open_lock;

/// The right to build an action: nobody else on this machine has it until this is dropped.
#[derive(Debug)]
#[must_use = "the action is locked only while this lives"]
pub struct ActionLock {
    _file: File,
    path: PathBuf,
}

impl Drop for ActionLock {
    fn drop(&mut self) {
        // While it is still locked: who waits for it finds that the name is gone, and begins anew.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Store {
    /// Takes the right to build an action; blocks while somebody else has it. For a thread that may block.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn lock_action(&self, action: ActionId) -> Result<ActionLock> {
        let path = self.lock_path(action);
        loop {
            let file = open_lock(&path)?;
            file.lock().on("cannot lock", &path)?;
            if is_still(&file, &path) {
                return Ok(ActionLock { _file: file, path });
            }
        }
    }

    /// Takes the right to build an action, unless somebody else has it.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn try_lock_action(&self, action: ActionId) -> Result<Option<ActionLock>> {
        let path = self.lock_path(action);
        loop {
            let file = open_lock(&path)?;
            match file.try_lock() {
                Ok(()) if is_still(&file, &path) => {
                    return Ok(Some(ActionLock { _file: file, path }));
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error).on("cannot lock", &path),
            }
        }
    }

    fn lock_path(&self, action: ActionId) -> PathBuf {
        self.layout().locks().join(action.0.hex())
    }
}

/// Whether the path still names this file: its last owner removes the name.
fn is_still(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}
