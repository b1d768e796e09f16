//! The runs that are under way, and for a while those that have ended: who was cut off asks for them again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2::{Digest, ExecuteResponse};
use prost::Message as _;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Trouble;

/// How many runs may be under way or wait, and how many of these for one and the same.
const MOST_UNDER_WAY: usize = 4096;
const MOST_OF_ONE: usize = 1024;

/// How long it is known how a run ended, of how many of them, and in how many bytes.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
const MOST_ENDED: usize = 1024;
const MOST_TOLD: usize = 64 << 20;

/// How often it is looked whether somebody follows a run that has not begun.
const LOOKED_AFTER: Duration = Duration::from_secs(60);

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

/// All runs.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<String, Arc<Operation>>,
    /// Those that are for all who want the same action.
    shared: HashMap<Digest, Arc<Operation>>,
    /// How many are under way or wait, by whom they are for.
    under_way: HashMap<Option<Arc<str>>, usize>,
    /// Those that have ended: the first to end is the first.
    ended: VecDeque<Ended>,
    /// How many bytes tell how these ended.
    told: usize,
    is_closed: bool,
}

#[derive(Debug)]
struct Ended {
    at: Instant,
    name: String,
    bytes: usize,
}

/// A run of an action.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its name, which nobody can guess.
    pub name: String,
    /// Its action.
    pub action: Digest,
    /// Whom it is for, where that is known.
    pub who: Option<Arc<str>>,
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
    /// Follows the run of an action that is under way, or one that `start` starts, for `who`; `is_shared` is whether one
    /// run may be for several.
    ///
    /// # Errors
    /// When too many are under way, or all were stopped.
    pub fn start<F>(
        self: &Arc<Self>,
        action: &Digest,
        who: Option<Arc<str>>,
        is_shared: bool,
        start: impl FnOnce(Arc<Operation>) -> F,
    ) -> Result<Follower, Trouble>
    where
        F: Future<Output = ExecuteResponse> + Send + 'static,
    {
        let mut known = self.lock();
        if known.is_closed {
            return Err(Trouble::Stopped("the server stops"));
        }
        if is_shared && let Some(running) = known.shared.get(action).filter(|running| running.can_be_joined()) {
            return Ok(Operation::follow(running));
        }
        known.forget();
        if known.by_name.len() - known.ended.len() >= MOST_UNDER_WAY {
            return Err(Trouble::Here(format!("{MOST_UNDER_WAY} actions wait here or run")));
        }
        let of_one = known.under_way.entry(who.clone()).or_default();
        if *of_one >= MOST_OF_ONE {
            let whose = who.as_deref().unwrap_or("somebody without a name");
            return Err(Trouble::Here(format!("{MOST_OF_ONE} actions of {whose} wait here or run")));
        }
        *of_one += 1;
        let operation = Arc::new(Operation {
            name: Uuid::new_v4().to_string(),
            action: action.clone(),
            who,
            stage: watch::Sender::new(Stage::Queued),
            state: Mutex::default(),
        });
        known.by_name.insert(operation.name.clone(), Arc::clone(&operation));
        if is_shared {
            known.shared.insert(action.clone(), Arc::clone(&operation));
        }
        let follower = Operation::follow(&operation);
        let run = tokio::spawn(start(Arc::clone(&operation)));
        operation.lock().task = Some(run.abort_handle());
        drop(known);
        let operations = Arc::clone(self);
        tokio::spawn(async move {
            let mut run = run;
            let ended = loop {
                tokio::select! {
                    ended = &mut run => break ended,
                    () = tokio::time::sleep(LOOKED_AFTER) => operation.stop_if_abandoned(),
                }
            };
            let response = ended.unwrap_or_else(|_| {
                let status = Trouble::Stopped("the run was stopped").into();
                ExecuteResponse { status: Some(status), ..ExecuteResponse::default() }
            });
            let bytes = response.encoded_len();
            operation.stage.send_replace(Stage::Ended(Arc::new(response)));
            operations.lock().ended(&operation, bytes);
        });
        Ok(follower)
    }

    /// Follows a run by its name, if it is known.
    pub fn follow(&self, name: &str) -> Option<Follower> {
        self.lock().by_name.get(name).map(Operation::follow)
    }

    /// Has a run stopped as soon as nobody follows it; whether it is known.
    pub fn cancel(&self, name: &str) -> bool {
        let Some(operation) = self.lock().by_name.get(name).cloned() else { return false };
        operation.lock().is_unwanted = true;
        operation.stop_unless_wanted();
        true
    }

    /// Has all runs stopped, and starts no others.
    pub fn stop(&self) {
        let mut known = self.lock();
        known.is_closed = true;
        known.by_name.values().for_each(|operation| operation.stop());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn ended(&mut self, operation: &Arc<Operation>, bytes: usize) {
        if self.shared.get(&operation.action).is_some_and(|shared| Arc::ptr_eq(shared, operation)) {
            self.shared.remove(&operation.action);
        }
        if let Some(of_one) = self.under_way.get_mut(&operation.who) {
            *of_one -= 1;
            if *of_one == 0 {
                self.under_way.remove(&operation.who);
            }
        }
        self.told += bytes;
        self.ended.push_back(Ended { at: Instant::now(), name: operation.name.clone(), bytes });
        self.forget();
    }

    /// Forgets those that ended long ago, or before many others.
    fn forget(&mut self) {
        while let Some(first) = self.ended.front() {
            let are_many = self.ended.len() > MOST_ENDED || self.told > MOST_TOLD;
            if !are_many && first.at.elapsed() <= REMEMBERED {
                return;
            }
            self.by_name.remove(&first.name);
            self.told -= first.bytes;
            self.ended.pop_front();
        }
    }
}

impl Operation {
    /// It runs now.
    pub fn executes(&self) {
        self.stage.send_replace(Stage::Executing);
    }

    fn can_be_joined(&self) -> bool {
        !self.has_ended() && !self.lock().is_unwanted
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

    /// Who has left something that has not even begun asks anew, if ever.
    fn stop_if_abandoned(&self) {
        if matches!(*self.stage.borrow(), Stage::Queued) && self.lock().followers == 0 {
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
        let start = |is_shared| operations.start(&action(), None, is_shared, forever).expect("there is room");
        let (first, second, other) = (start(true), start(true), start(false));
        let name = first.operation.name.clone();
        assert!(name == second.operation.name && name != other.operation.name);
        assert!(operations.cancel(&name) && !operations.cancel("another"));
        drop(first);
        assert!(!second.operation.has_ended());
        let third = start(true);
        assert!(third.operation.name != name, "nobody joins what is to stop");
        drop(second);
        let again = operations.follow(&name).expect("it is known for a while");
        assert_eq!(ended(again).await.status.expect("it was stopped").code, 1);
        operations.stop();
        let late = operations.start(&action(), None, true, forever);
        assert!(matches!(late, Err(Trouble::Stopped(_))));
        assert_eq!(ended(third).await.status.expect("it was stopped").code, 1);
    }

    #[tokio::test]
    async fn how_it_ended_is_told_to_who_comes_later() {
        let operations = Arc::new(Operations::default());
        let said = |_| async { ExecuteResponse { message: "done".to_owned(), ..ExecuteResponse::default() } };
        let first = operations.start(&action(), None, true, said).expect("there is room");
        let name = first.operation.name.clone();
        assert_eq!(ended(first).await.message, "done");
        assert_eq!(ended(operations.follow(&name).expect("it is known for a while")).await.message, "done");
    }
    #[tokio::test]
    async fn neither_those_that_wait_nor_those_that_ended_become_ever_more() {
        let operations = Arc::new(Operations::default());
        let at_once = |_| async { ExecuteResponse::default() };
        let mut names = Vec::new();
        for _ in 0..MOST_ENDED + 5 {
            let follower = operations.start(&action(), None, false, at_once).expect("there is room");
            names.push(follower.operation.name.clone());
            ended(follower).await;
        }
        while operations.lock().by_name.len() > MOST_ENDED {
            tokio::task::yield_now().await;
        }
        let known = names.iter().filter(|name| operations.follow(name).is_some()).count();
        assert_eq!(known, MOST_ENDED);
        let forever = |_| std::future::pending();
        let start = |who: &str| operations.start(&action(), Some(who.into()), false, forever);
        let mut waiting = Vec::new();
        for who in ["ann", "bob", "eve", "joe"] {
            waiting.extend((0..MOST_OF_ONE).map(|_| start(who).expect("there is room")));
            if waiting.len() < MOST_UNDER_WAY {
                assert!(
                    matches!(start(who), Err(Trouble::Here(why)) if why.contains(&format!("1024 actions of {who}")))
                );
            }
        }
        assert!(matches!(start("zoe"), Err(Trouble::Here(why)) if why.contains("4096")));
        operations.stop();
        for follower in waiting {
            ended(follower).await;
        }
        while !operations.lock().under_way.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_has_not_begun_is_stopped_when_nobody_follows_it() {
        let operations = Arc::new(Operations::default());
        let begins = |operation: Arc<Operation>| async move {
            operation.executes();
            std::future::pending().await
        };
        let waits = operations.start(&action(), None, false, |_| std::future::pending()).expect("there is room");
        let runs = operations.start(&action(), None, false, begins).expect("there is room");
        let [waiting, running] = [&waits, &runs].map(|follower| Arc::clone(&follower.operation));
        while matches!(*running.stage.borrow(), Stage::Queued) {
            tokio::task::yield_now().await;
        }
        let look = || [&waiting, &running].map(|operation| operation.stop_if_abandoned());
        look();
        drop(runs);
        look();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!waiting.has_ended() && !running.has_ended(), "it is followed, or has begun");
        drop(waits);
        look();
        let again = operations.follow(&waiting.name).expect("it is known for a while");
        assert_eq!(ended(again).await.status.expect("it was stopped").code, 1);
        assert!(!running.has_ended());
    }
}
