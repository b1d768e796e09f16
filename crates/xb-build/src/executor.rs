//! Where actions run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use xb_core::Arch;
use xb_graph::{ActionResult, ResolvedAction};
use xb_store::StoreError;

use crate::Events;

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an executor could not do its work: a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutorError {
    /// What it needs of the store is missing or damaged, or the store cannot take more.
    #[error("{0}")]
    Store(String),
    /// Its machine does not let it.
    #[error("{0}")]
    Machine(String),
    /// Its machine is not to be had any more, or was not at all: another executor may do the work.
    #[error("{0}")]
    Gone(String),
    /// Its machine cannot do this work, whatever else it can: another executor may do it.
    #[error("{0}")]
    Unable(String),
}

impl From<StoreError> for ExecutorError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Runs resolved actions and decides nothing.
pub trait Executor: Send + Sync {
    /// Its name: `local`.
    fn name(&self) -> &str;

    /// The architecture of its machine.
    fn arch(&self) -> Arch;

    /// Whether it can run programs of this architecture, natively or by an emulator that the action brings.
    fn can_run(&self, platform: Arch) -> bool;

    /// Why it cannot run an action although it runs programs of its architecture: half a sentence; none when it can.
    fn refuses(&self, action: &ResolvedAction) -> Option<String> {
        let _ = action;
        None
    }

    /// Runs an action.
    ///
    /// How the command ended is data in the result. Dropping the future has everything killed that was started and
    /// everything removed that was written; whoever ends the program waits for that.
    ///
    /// # Errors
    /// Only when the executor itself could not do its work.
    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>>;
}

/// What an executor is given beside the action.
#[derive(Clone)]
pub struct RunContext {
    /// Where progress and log lines go.
    pub events: Arc<dyn Events>,
    /// Identifies the run in events.
    pub node: xb_graph::NodeId,
    /// How many jobs the command should run at once (`$jobs`): an executor sets it, it is never part of a key.
    pub jobs: u32,
    /// Whether the sandbox's folder is kept when the command fails, for `xb shell`.
    pub keep_failed: bool,
    /// Whether it has to run: what the executor's machine knows of an earlier run does not count.
    pub again: bool,
}
