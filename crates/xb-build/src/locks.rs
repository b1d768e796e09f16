//! One build of one action, also across processes.

use xb_core::ActionId;

use crate::BoxFuture;

/// Holds a lock until it is dropped.
pub type LockGuard = Box<dyn Send + Sync>;

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
}

/// No other process shares the store.
impl ActionLocks for () {
    fn try_lock(&self, _: ActionId) -> Result<Option<LockGuard>, String> {
        Ok(Some(Box::new(())))
    }

    fn lock(&self, _: ActionId) -> BoxFuture<'_, Result<LockGuard, String>> {
        Box::pin(async { Ok(Box::new(()) as LockGuard) })
    }
}
