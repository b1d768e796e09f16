//! The parts that a build needs, put together by whoever starts it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use xb_graph::{ActionResult, Graph, NodeId, Run};
use xb_store::{ActionCache, Contents, Memory};

use crate::scheduler::Scheduler;
use crate::{ActionLocks, Cancel, Events, Inspector, Machine, Provider, Realised, SharedCache};

/// Everything that a build needs.
#[derive(Clone)]
pub struct Builder {
    /// Where files and trees are.
    pub contents: Arc<dyn Contents>,
    /// Where results are.
    pub cache: Arc<dyn ActionCache>,
    /// Who brings what comes from outside.
    pub provider: Arc<dyn Provider>,
    /// Where actions run; of those that cost the same, the preferred one first.
    pub machines: Vec<Machine>,
    /// Who looks at results before they are believed.
    pub inspector: Arc<dyn Inspector>,
    /// Who is told.
    pub events: Arc<dyn Events>,
    /// What is remembered from build to build.
    pub memory: Arc<dyn Memory>,
    /// What keeps two processes from building one action.
    pub locks: Arc<dyn ActionLocks>,
    /// Who else builds, and shares results.
    pub shared: Option<Arc<dyn SharedCache>>,
}

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many runs there may be at one time on this machine; one when zero.
    pub jobs: usize,
    /// How much memory runs on this machine may be expected to use together, in bytes; zero is no limit.
    pub memory: u64,
    /// How much longer than it did a run may last before it is run elsewhere as well, and a sixth of how long one may
    /// of which nothing is known; none is five minutes.
    pub patience: Option<Duration>,
    /// After a failure, go on with everything that does not depend on it.
    pub keep_going: bool,
    /// Runs, and choices of runs, that run even when their results are known.
    pub rebuild: BTreeSet<NodeId>,
    /// Believe what is remembered of actions that failed for a reason of their own: they are not tried again.
    pub believe_failures: bool,
    /// What becomes of results that others share, and of one's own.
    pub sharing: Sharing,
    /// Every output of the goals is needed, and not `out` alone: others share no other.
    pub whole: bool,
    /// Keep the sandboxes of failed runs.
    pub keep_failed: bool,
    /// Stops the build: everything that was started is killed and waited for.
    pub cancel: Cancel,
}

/// What becomes of results that others share, and of one's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// What others have is brought, and what runs here is shared.
    #[default]
    Both,
    /// What others have is brought, and what they do not have is a failure.
    Bring,
    /// Nobody is asked; everything that is known here is shared, and what runs.
    Give,
}

impl Builder {
    /// Whether a result counts here: it was made here, or those vouch for it whose word counts.
    pub(crate) fn believes(&self, run: &Run, result: &ActionResult) -> bool {
        let vouched = &result.vouched;
        vouched.is_empty() || self.shared.as_ref().is_some_and(|shared| shared.believes(run, vouched))
    }

    /// Realises `goals` and what they need.
    ///
    /// A failure without `keep_going` starts nothing more and gives up what is being fetched, but waits for the runs that
    /// have begun: their results are of use. A failed check stops nobody. Dropping the future kills everything that was
    /// started.
    pub async fn realise(&self, graph: &Arc<Graph>, goals: &[NodeId], options: &Options) -> Realised {
        Scheduler::new(self, graph, goals, options).run().await
    }
}
