//! What happens during a build, as it happens.

use std::sync::Arc;
use std::time::Duration;

use xb_core::ActionId;
use xb_graph::{ActionResult, Cause, Method, NodeId};

use crate::Forecast;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// How many nodes there are to realise; told again when a fallback needs more.
    Planned {
        /// Runs and sources in all: every other node costs nothing.
        total: usize,
    },
    /// What may have to run, as it is known when the first run is about to start. No run is said to be certain: one
    /// whose inputs come out as they were before has a result.
    Ahead(Arc<Forecast>),
    /// Work on a node began, or began anew: for a run that another process was at, first there and then here.
    Started {
        /// The node.
        node: NodeId,
        /// `curl (arm64, build)`.
        title: String,
        /// How, for a run.
        method: Option<Method>,
        /// Where, for a run.
        executor: String,
    },
    /// A line of a run's log.
    Log {
        /// The node.
        node: NodeId,
        /// The line, without its end; not always UTF-8 before it came here.
        line: String,
    },
    /// A run came to an end that is no success; that its node is done is told after it.
    Failed {
        /// The node.
        node: NodeId,
        /// What ran.
        action: ActionId,
        /// What it left, its log among it.
        result: Arc<ActionResult>,
    },
    /// A node is done.
    Finished {
        /// The node.
        node: NodeId,
        /// Whether it was known already.
        cached: bool,
        /// How it ended, for a run; for a source only when it did not succeed.
        cause: Option<Cause>,
        /// How long it took.
        took: Duration,
    },
    /// A method did not lead to a result, and the next one is tried.
    FellBack {
        /// The package.
        package: String,
        /// What was tried.
        from: Method,
        /// What comes next.
        to: Method,
        /// Why.
        why: String,
    },
    /// Something went wrong that keeps nothing from going on.
    Warned {
        /// What, for a person.
        message: String,
    },
    /// Bytes came in from outside.
    Downloaded {
        /// What.
        name: String,
        /// How many bytes there are now.
        bytes: u64,
        /// Of how many, when that is known.
        total: Option<u64>,
    },
}

/// Who is told.
pub trait Events: Send + Sync {
    /// Takes note of an event; never blocks for long.
    fn event(&self, event: Event);
}

impl Events for () {
    fn event(&self, _: Event) {}
}
