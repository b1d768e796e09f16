//! One build of one action, and no more runs on a machine than it has slots: also across processes.

use std::sync::Arc;

use xb_core::ActionId;

use crate::BoxFuture;

/// Holds a lock until the last of its clones is dropped.
pub type LockGuard = Arc<dyn Send + Sync>;

/// Locks that other processes of this machine see too.
///
/// Whoever gets a lock after waiting looks the action's result up again: the one who held it may have made it.
pub trait ActionLocks: Send + Sync {
    /// Takes the lock of an action, unless somebody holds it.
    ///
    /// # Errors
    /// A sentence for a person, when locks cannot be taken at all.
    fn try_lock(&self, action: ActionId) -> Result<Option<LockGuard>, String>;

    /// Waits for the lock of an action.
    ///
    /// # Errors
    /// A sentence for a person, when locks cannot be taken at all.
    fn lock(&self, action: ActionId) -> BoxFuture<'_, Result<LockGuard, String>>;

    /// Takes one of the slots of a machine, by the name that all who use it know it by, unless others have all of them.
    ///
    /// # Errors
    /// A sentence for a person, when locks cannot be taken at all.
    fn try_lease(&self, machine: &str, slots: usize) -> Result<Option<LockGuard>, String>;
}

/// No other process shares the store.
impl ActionLocks for () {
    fn try_lock(&self, _: ActionId) -> Result<Option<LockGuard>, String> {
        Ok(Some(Arc::new(())))
    }

    fn lock(&self, _: ActionId) -> BoxFuture<'_, Result<LockGuard, String>> {
        Box::pin(async { Ok(Arc::new(()) as LockGuard) })
    }

    fn try_lease(&self, _: &str, _: usize) -> Result<Option<LockGuard>, String> {
        Ok(Some(Arc::new(())))
    }
}
