//! One build of one action, however many processes ask for it.
//!
//! The file of a lock stays when the lock goes: to remove it costs more than to keep it, and garbage collection, which
//! is alone, removes them all.

use std::fs::TryLockError;

use xb_core::ActionId;

use crate::Store;
use crate::error::{Context, Result};
use crate::lock::Lock;

/// The right to build an action: nobody else on this machine has it until this is dropped.
#[derive(Debug)]
#[must_use = "the action is locked only while this lives"]
pub struct ActionLock(#[expect(dead_code, reason = "it is held, not looked at")] Lock);

impl Store {
    /// Takes the right to build an action, unless somebody else has it.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn try_lock_action(&self, action: ActionId) -> Result<Option<ActionLock>> {
        let path = self.layout().locks().join(action.0.hex());
        let file = Lock::open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(ActionLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).on("cannot lock", &path),
        }
    }
}
