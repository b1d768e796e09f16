//! The loop, and who can run what.

use std::sync::Arc;

use xb_core::Arch;
use xb_graph::{Method, ResolvedAction};

use super::Scheduler;
use crate::failure::Why;
use crate::{Executor, Forecast, Realised};

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

    /// The first executor that can run an action.
    pub(super) fn executor_for(&self, action: &ResolvedAction) -> Result<Arc<dyn Executor>, Why> {
        let executors = &self.builder.executors;
        let able = executors.iter().find(|executor| unmet(&***executor, action).is_none());
        if let Some(executor) = able {
            return Ok(Arc::clone(executor));
        }
        let unmet = executors.iter().filter_map(|executor| {
            let need = unmet(&**executor, action)?;
            Some((executor.name().to_owned(), need))
        });
        Err(Why::NoExecutor {
            need: format!("{}: it needs {} programs, by the method `{}`", action.title, action.platform, action.method),
            unmet: unmet.collect(),
        })
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
