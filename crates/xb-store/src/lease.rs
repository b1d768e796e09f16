//! A machine's slots, shared by all processes that use this store.

use std::fs::TryLockError;

use xb_core::Digest;

use crate::Store;
use crate::error::{Context, Result};
use crate::lock::Lock;

/// A slot of a machine: no other process that uses this store has it until this is dropped, or its process has ended.
#[derive(Debug)]
#[must_use = "the slot is taken only while this lives"]
pub struct Lease(#[expect(dead_code, reason = "it is held, not looked at")] Lock);

impl Store {
    /// Takes one of the first `slots` slots of a machine, by the name that all know it by, unless others have all of them.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn try_lease(&self, machine: &str, slots: usize) -> Result<Option<Lease>> {
        let name = Digest::of(machine.as_bytes()).hex();
        for slot in 0..slots {
            let path = self.layout().locks().join(format!("{name}-{slot}"));
            let file = Lock::open(&path)?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(Lease(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error).on("cannot lock", &path),
            }
        }
        Ok(None)
    }
}
