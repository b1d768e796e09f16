//! What becomes of a run that nobody waits for any more: the engine is told to stop it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use xb_remote::{Connection, Operation};

/// The runs that are being stopped; every clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Stopping(Arc<Count>);

#[derive(Default)]
struct Count {
    number: Mutex<usize>,
    none: Condvar,
}

impl Stopping {
    /// Waits until nothing is being stopped any more, but not longer than this.
    pub fn settle(&self, patience: Duration) {
        let number = self.0.number.lock().unwrap_or_else(PoisonError::into_inner);
        // Who waits for longer finds out nothing that could be mended.
        drop(self.0.none.wait_timeout_while(number, patience, |number| *number > 0));
    }

    fn change(&self, by: impl FnOnce(usize) -> usize) {
        let mut number = self.0.number.lock().unwrap_or_else(PoisonError::into_inner);
        *number = by(*number);
        if *number == 0 {
            self.0.none.notify_all();
        }
    }
}

/// A run of which the engine does not know that nobody waits: dropping it has the engine stop it.
pub(crate) struct Watched<'a> {
    connection: &'a Connection,
    stopping: &'a Stopping,
    /// What the engine calls it, once it has said so.
    pub operation: Operation,
}

impl<'a> Watched<'a> {
    pub fn new(connection: &'a Connection, stopping: &'a Stopping) -> Self {
        Self { connection, stopping, operation: Operation::default() }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let (Some(name), Ok(runtime)) = (self.operation.name(), Handle::try_current()) else {
            return;
        };
        let (connection, stopping) = (self.connection.clone(), self.stopping.clone());
        stopping.change(|number| number + 1);
        runtime.spawn(async move {
            // An engine that cannot be told goes on until the action has ended.
            let _ = connection.cancel(&name).await;
            stopping.change(|number| number.saturating_sub(1));
        });
    }
}
