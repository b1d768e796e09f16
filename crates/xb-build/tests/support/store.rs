//! A store on a disk as memory and as locks.

use std::sync::Arc;
use std::time::Duration;

use xb_build::{ActionLocks, BoxFuture, LockGuard};
use xb_core::ActionId;
use xb_store::{Memory, Store};

pub struct Shared(pub Store);

impl Memory for Shared {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let recall = |key: &Vec<u8>| self.0.recall_bytes(kind, key).ok().flatten();
        keys.iter().map(recall).collect()
    }

    fn remember(&self, kind: &str, key: &[u8], value: &[u8]) {
        let _ = self.0.remember_bytes(kind, key, value);
    }
}

impl ActionLocks for Shared {
    fn try_lock(&self, action: ActionId) -> Result<Option<LockGuard>, String> {
        match self.0.try_lock_action(action) {
            Ok(lock) => Ok(lock.map(|lock| Arc::new(lock) as LockGuard)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn lock(&self, action: ActionId) -> BoxFuture<'_, Result<LockGuard, String>> {
        Box::pin(async move {
            loop {
                if let Some(guard) = self.try_lock(action)? {
                    return Ok(guard);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    }

    fn try_lease(&self, machine: &str, slots: usize) -> Result<Option<LockGuard>, String> {
        let lease = self.0.try_lease(machine, slots).map_err(|error| error.to_string())?;
        Ok(lease.map(|lease| Arc::new(lease) as LockGuard))
    }
}
