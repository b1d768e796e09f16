//! The runs that are under way, and for a while those that have ended: who was cut off asks for them again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::{Digest, ExecuteResponse};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Trouble;

/// How long it is known how a run ended.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// How far a run is.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// Others run before it.
    Queued,
    /// It runs.
    Executing,
    /// It has ended.
    Ended(Arc<ExecuteResponse>),
}

/// All runs by their names.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<HashMap<String, Arc<Operation>>>);

/// A run of an action.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its name, which nobody can guess.
    pub name: String,
    /// Its action.
    pub action: Digest,
    stage: watch::Sender<Stage>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    followers: usize,
    /// Whether somebody said that it is to stop: it does once nobody follows it.
    is_unwanted: bool,
    task: Option<AbortHandle>,
}

impl Operations {
    /// Follows the run of an action that is under way, or one that `start` starts; `is_shared` is whether one run may be
    /// for several.
    pub fn start<F>(
        self: &Arc<Self>,
        action: &Digest,
        is_shared: bool,
        start: impl FnOnce(Arc<Operation>) -> F,
    ) -> Follower
    where
        F: Future<Output = ExecuteResponse> + Send + 'static,
    {
        let mut operations = self.lock();
        if is_shared && let Some(running) = operations.values().find(|running| running.is_for(action)) {
            return Operation::follow(running);
        }
        let operation = Arc::new(Operation {
            name: Uuid::new_v4().to_string(),
            action: action.clone(),
            stage: watch::Sender::new(Stage::Queued),
            state: Mutex::default(),
        });
        operations.insert(operation.name.clone(), Arc::clone(&operation));
        drop(operations);
        let follower = Operation::follow(&operation);
        let run = tokio::spawn(start(Arc::clone(&operation)));
        operation.lock().task = Some(run.abort_handle());
        let operations = Arc::clone(self);
        tokio::spawn(async move {
            let response = run.await.unwrap_or_else(|_| {
                let status = Trouble::Stopped("the run was stopped").into();
                ExecuteResponse { status: Some(status), ..ExecuteResponse::default() }
            });
            operation.stage.send_replace(Stage::Ended(Arc::new(response)));
            tokio::time::sleep(REMEMBERED).await;
            operations.lock().remove(&operation.name);
        });
        follower
    }

    /// Follows a run by its name, if it is known.
    pub fn follow(&self, name: &str) -> Option<Follower> {
        self.lock().get(name).map(Operation::follow)
    }

    /// Has a run stopped as soon as nobody follows it; whether it is known.
    pub fn cancel(&self, name: &str) -> bool {
        let Some(operation) = self.lock().get(name).cloned() else { return false };
        operation.lock().is_unwanted = true;
        operation.stop_unless_wanted();
        true
    }

    /// Has all runs stopped.
    pub fn stop(&self) {
        let operations: Vec<_> = self.lock().values().cloned().collect();
        operations.iter().for_each(|operation| operation.stop());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Operation>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operation {
    /// It runs now.
    pub fn executes(&self) {
        self.stage.send_replace(Stage::Executing);
    }

    fn is_for(&self, action: &Digest) -> bool {
        self.action == *action && !self.has_ended() && !self.lock().is_unwanted
    }

    fn has_ended(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Ended(_))
    }

    fn follow(this: &Arc<Self>) -> Follower {
        this.lock().followers += 1;
        let mut stages = this.stage.subscribe();
        stages.mark_changed();
        Follower { operation: Arc::clone(this), stages }
    }

    fn stop_unless_wanted(&self) {
        let is_over = {
            let state = self.lock();
            state.is_unwanted && state.followers == 0
        };
        if is_over {
            self.stop();
        }
    }

    fn stop(&self) {
        if let Some(task) = &self.lock().task {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who is told how far a run is.
#[derive(Debug)]
pub(crate) struct Follower {
    /// The run.
    pub operation: Arc<Operation>,
    stages: watch::Receiver<Stage>,
}

impl Follower {
    /// How far it is: at once the first time, then when that has changed, or `most` has gone by.
    pub async fn next(&mut self, most: Duration) -> Stage {
        // The sender is in the operation, and stays.
        let _ = tokio::time::timeout(most, self.stages.changed()).await;
        self.stages.borrow_and_update().clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.operation.lock().followers -= 1;
        self.operation.stop_unless_wanted();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Digest {
        Digest { hash: "ab".to_owned(), size_bytes: 2 }
    }

    async fn ended(mut follower: Follower) -> ExecuteResponse {
        loop {
            if let Stage::Ended(response) = follower.next(Duration::from_secs(5)).await {
                return ExecuteResponse::clone(&response);
            }
        }
    }

    #[tokio::test]
    async fn one_run_is_for_all_who_may_share_it_and_stops_when_none_is_left() {
        let operations = Arc::new(Operations::default());
        let forever = |_| std::future::pending();
        let first = operations.start(&action(), true, forever);
        let second = operations.start(&action(), true, forever);
        let other = operations.start(&action(), false, forever);
        let name = first.operation.name.clone();
        assert!(name == second.operation.name && name != other.operation.name);
        assert!(operations.cancel(&name) && !operations.cancel("another"));
        drop(first);
        assert!(!second.operation.has_ended());
        let third = operations.start(&action(), true, forever);
        assert!(third.operation.name != name, "nobody joins what is to stop");
        drop(second);
        let again = operations.follow(&name).expect("it is known for a while");
        assert_eq!(ended(again).await.status.expect("it was stopped").code, 1);
        operations.stop();
        assert_eq!(ended(third).await.status.expect("it was stopped").code, 1);
    }

    #[tokio::test]
    async fn how_it_ended_is_told_to_who_comes_later() {
        let operations = Arc::new(Operations::default());
        let said = |_| async { ExecuteResponse { message: "done".to_owned(), ..ExecuteResponse::default() } };
        let first = operations.start(&action(), true, said);
        let name = first.operation.name.clone();
        assert_eq!(ended(first).await.message, "done");
        assert_eq!(ended(operations.follow(&name).expect("it is known for a while")).await.message, "done");
    }
}
