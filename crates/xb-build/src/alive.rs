//! How much an executor has begun that nobody waits for, so that a program can wait until the last of it is cleaned up.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct Count {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Count {
    fn change(&self, change: impl FnOnce(&mut usize)) {
        change(&mut self.count.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// Counts its [`Guard`]s; every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Alive(Arc<Count>);

/// Something that is alive: a sandbox's folder, a container, a run that is being stopped.
#[derive(Debug)]
pub struct Guard(Arc<Count>);

impl Alive {
    /// One more.
    pub fn enter(&self) -> Guard {
        self.0.change(|count| *count += 1);
        Guard(Arc::clone(&self.0))
    }

    /// Waits until there are none, but not longer than `patience`: whether there are none then.
    pub fn settle(&self, patience: Duration) -> bool {
        let count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        // What is late is left to a later xb, or to whoever runs it.
        let waited = self.0.changed.wait_timeout_while(count, patience, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.change(|count| *count -= 1);
    }
}
