//! The loop, and who can run what.

use std::time::Duration;

use xb_core::Arch;
use xb_graph::{Method, NodeId, ResolvedAction};

use super::Scheduler;
use crate::failure::Why;
use crate::{Event, Executor, ExecutorError, Forecast, Realised};

impl Scheduler<'_> {
    /// Realises the goals.
    pub async fn run(mut self) -> Realised {
        self.work().await;
        self.end().await
    }

    /// Tells what realising the goals would take, with executors that run nothing.
    pub async fn forecast(mut self) -> Forecast {
        self.work().await;
        self.foreseen()
    }

    async fn work(&mut self) {
        self.look_around().await;
        for goal in self.goals {
            self.demand(*goal);
        }
        self.announce();
        let cancel = self.options.cancel.clone();
        loop {
            self.look_below().await;
            if cancel.is_cancelled() {
                self.halt();
            }
            self.answer();
            if self.known.has_lost() {
                continue;
            }
            self.start();
            if self.tasks.is_empty() {
                return;
            }
            tokio::select! {
                () = cancel.cancelled(), if !self.halted.is_cancelled() => {}
                ended = self.tasks.join_next_with_id() => {
                    if let Some(ended) = ended {
                        self.take(ended);
                    }
                }
            }
        }
    }

    /// The name of the first executor for programs of an architecture, by a method.
    pub(super) fn executor_of(&self, method: Method, platform: Arch) -> Option<String> {
        let able =
            self.builder.executors.iter().find(|executor| unmet_by_any(&***executor, method, platform).is_none());
        able.map(|executor| executor.name().to_owned())
    }

    /// The first executor that can run an action, by its place.
    pub(super) fn executor_for(&self, id: NodeId, action: &ResolvedAction) -> Result<usize, Why> {
        let executors = self.builder.executors.iter().enumerate();
        let mut refused = Vec::new();
        for (place, executor) in executors {
            match self.unmet(id, place, &**executor, action) {
                None => return Ok(place),
                Some(need) => refused.push((executor.name().to_owned(), need)),
            }
        }
        Err(Why::NoExecutor {
            need: format!("{}: it needs {} programs, by the method `{}`", action.title, action.platform, action.method),
            unmet: refused,
        })
    }

    /// Why an executor cannot run an action now.
    fn unmet(&self, id: NodeId, place: usize, executor: &dyn Executor, action: &ResolvedAction) -> Option<String> {
        if self.gone.contains(&place) {
            return Some("its machine is not to be had".to_owned());
        }
        if self.runs.get(&id).is_some_and(|pending| pending.passed.contains(&place)) {
            return Some("it could not do it when it tried".to_owned());
        }
        unmet(executor, action)
    }

    /// Has what an executor could not run, or whose machine is gone, run by another one; false where there is none. What
    /// a lost one should have run goes elsewhere from now on.
    pub(super) fn goes_elsewhere(
        &mut self,
        id: NodeId,
        action: &ResolvedAction,
        name: &str,
        error: &ExecutorError,
    ) -> bool {
        let Some(pending) = self.runs.get_mut(&id) else { return false };
        let Some(place) = pending.executor else { return false };
        let is_gone = matches!(error, ExecutorError::Gone(_));
        let is_news = if is_gone { self.gone.insert(place) } else { pending.passed.insert(place) };
        if self.halted.is_cancelled() {
            return false;
        }
        let Ok(next) = self.executor_for(id, action) else { return false };
        if is_news {
            let what = if is_gone { format!("what `{name}` would run goes") } else { format!("{} goes", action.title) };
            let message = format!("{error}: {what} elsewhere in this build");
            self.builder.events.event(Event::Warned { message });
        }
        self.go_to(id, next);
        true
    }

    /// Whether the machine of the executor that a run waits for is not to be had any more.
    pub(super) fn has_lost_its_executor(&self, id: NodeId) -> bool {
        self.runs.get(&id).and_then(|pending| pending.executor).is_some_and(|place| self.gone.contains(&place))
    }

    /// Has a run that lost its executor before it began run by another one.
    pub(super) fn moves_on(&mut self, id: NodeId) {
        let Some(action) = self.action_of(id) else { return };
        match self.executor_for(id, &action) {
            Ok(next) => self.go_to(id, next),
            Err(why) => self.ran(id, Err(why), Duration::ZERO),
        }
    }

    fn go_to(&mut self, id: NodeId, executor: usize) {
        if let Some(pending) = self.runs.get_mut(&id) {
            pending.executor = Some(executor);
        }
        self.enqueue(id);
    }
}

/// Why an executor cannot run an action.
fn unmet(executor: &dyn Executor, action: &ResolvedAction) -> Option<String> {
    unmet_by_any(executor, action.method, action.platform).or_else(|| executor.refuses(action))
}

/// Why an executor can run nothing that needs programs of this architecture by this method.
fn unmet_by_any(executor: &dyn Executor, method: Method, need: Arch) -> Option<String> {
    let have = executor.arch();
    match method {
        Method::Native if have != need => {
            Some(format!("its machine is {have}, and `native` needs a machine that is {need}"))
        }
        Method::Emulate | Method::PureEmulate if have == need => {
            Some(format!("its machine is {have} itself, where nothing is emulated"))
        }
        _ if !executor.can_run(need) => {
            Some(format!("it can run {need} programs neither by itself nor by an emulator"))
        }
        _ => None,
    }
}
