//! What a build led to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use xb_core::{ActionId, TreeId};
use xb_graph::{ActionResult, Method, NodeId};

use crate::failure::{Attempt, Failure};

/// What a build led to, success and failure alike.
#[derive(Clone, Debug, Default)]
pub struct Realised {
    /// Every needed node that is done.
    pub nodes: BTreeMap<NodeId, RealisedNode>,
    /// What failed by itself; what failed only because of it is not listed again.
    pub failures: Vec<Failure>,
    /// Goals that are not done: because of a failure, or because the build ended before.
    pub unfinished: Vec<NodeId>,
    /// Whether somebody asked for a stop.
    pub cancelled: bool,
}

impl Realised {
    /// Whether everything that was asked for is done.
    pub fn succeeded(&self) -> bool {
        self.unfinished.is_empty() && !self.cancelled
    }

    /// A node that is done.
    pub fn node(&self, node: NodeId) -> Option<&RealisedNode> {
        self.nodes.get(&node)
    }
}

/// A node that is done.
#[derive(Clone, Debug)]
pub struct RealisedNode {
    /// Its trees, by output. Empty for a composed tree that nobody needed, unless it was asked for.
    pub outputs: BTreeMap<String, TreeId>,
    /// The run that led to them, for a run and a choice.
    pub run: Option<Arc<RealisedRun>>,
    /// What a choice tried before.
    pub attempts: Vec<Attempt>,
    /// Whether it was known already.
    pub cached: bool,
    /// How long it took, now.
    pub took: Duration,
}

/// A run that succeeded.
#[derive(Clone, Debug)]
pub struct RealisedRun {
    /// Its node.
    pub node: NodeId,
    /// What ran.
    pub action: ActionId,
    /// How.
    pub method: Method,
    /// What it left; its log and executor are in it.
    pub result: ActionResult,
    /// When it was known already and ran again all the same: what it had left before.
    pub before: Option<ActionResult>,
}
