//! What becomes of a run that nobody waits for any more: the engine is told to stop it.
//!
//! An engine can be told to stop only what has a name, and says the name in its first message. So a run is followed by
//! a task of its own, which outlives who waits for it until that message has come, or should have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use xb_build::{Alive, ExecutorError};
use xb_remote::proto::Digest;
use xb_remote::{Connection, Operation, Outcome, RemoteError};

/// How long the first message of a run that was given up is waited for.
const FIRST_MESSAGE: Duration = Duration::from_secs(1);

/// How often it is looked whether that has come.
const LOOK: Duration = Duration::from_millis(20);

/// A run of which the engine does not know that nobody waits: dropping it has the engine stop it.
pub(crate) struct Watched {
    connection: Connection,
    stopping: Alive,
    /// What the engine tells of it.
    pub operation: Arc<Operation>,
    /// None as soon as it has ended.
    task: Option<JoinHandle<Result<Outcome, RemoteError>>>,
}

impl Watched {
    /// Has the engine run an action: see [`Connection::execute`].
    pub fn start(connection: &Connection, stopping: &Alive, action: Digest, again: bool, what: &str) -> Self {
        let (connection, stopping) = (connection.clone(), stopping.clone());
        let operation = Arc::new(Operation::default());
        let (server, what, told) = (connection.clone(), what.to_owned(), Arc::clone(&operation));
        let run = async move { server.execute(&action, again, &what, &told).await };
        let task = Some(tokio::spawn(run));
        Self { connection, stopping, operation, task }
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> Result<Result<Outcome, RemoteError>, ExecutorError> {
        let gave_up = |why: &dyn std::fmt::Display| ExecutorError::Machine(format!("the executor gave up: {why}"));
        let ended = match &mut self.task {
            Some(task) => task.await.map_err(|error| gave_up(&error)),
            None => Err(gave_up(&"it has ended before")),
        };
        self.task = None;
        ended
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(task) = self.task.take().filter(|task| !task.is_finished()) else { return };
        let (connection, stopping) = (self.connection.clone(), self.stopping.clone());
        let operation = Arc::clone(&self.operation);
        let Ok(runtime) = Handle::try_current() else { return };
        let stopping = stopping.enter();
        runtime.spawn(async move {
            let given_up = Instant::now();
            while operation.is_asked() && !task.is_finished() && given_up.elapsed() < FIRST_MESSAGE {
                tokio::time::sleep(LOOK).await;
            }
            task.abort();
            if let Some(name) = operation.name() {
                // An engine that cannot be told goes on until the action has ended.
                let _ = connection.cancel(&name).await;
            }
            drop(stopping);
        });
    }
}
