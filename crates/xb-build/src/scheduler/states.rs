//! How far each node is.

use std::sync::Arc;
use std::time::Duration;

use xb_graph::NodeId;

use crate::RealisedRun;
use crate::failure::Why;
use crate::parts::Value;

/// How far a needed node is.
#[derive(Debug)]
pub(super) enum State {
    /// So many of its inputs are not done.
    Waiting(usize),
    /// Something is done about it.
    Working,
    /// It is done.
    Done(Done),
    /// It failed.
    Failed(Blame),
}

/// A node that is done.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub value: Value,
    pub run: Option<Arc<RealisedRun>>,
    pub cached: bool,
    pub took: Duration,
}

impl Done {
    /// A value that cost nothing.
    pub fn free(value: Value) -> Self {
        Self { value, run: None, cached: true, took: Duration::ZERO }
    }
}

/// Whose fault a failure is.
#[derive(Clone, Debug)]
pub(super) enum Blame {
    /// Its own.
    Own(Arc<Why>),
    /// That of a node that it needs.
    Below,
}

/// The states of all nodes.
#[derive(Debug)]
pub(super) struct States(Vec<Option<State>>);

impl States {
    pub fn new(len: usize) -> Self {
        Self(std::iter::repeat_with(|| None).take(len).collect())
    }

    pub fn get(&self, node: NodeId) -> Option<&State> {
        self.0.get(node.0 as usize)?.as_ref()
    }

    pub fn set(&mut self, node: NodeId, state: State) {
        if let Some(slot) = self.0.get_mut(node.0 as usize) {
            *slot = Some(state);
        }
    }

    /// Nobody needs a node any more.
    pub fn forget(&mut self, node: NodeId) {
        if let Some(slot) = self.0.get_mut(node.0 as usize) {
            *slot = None;
        }
    }

    pub fn done(&self, node: NodeId) -> Option<&Done> {
        match self.get(node) {
            Some(State::Done(done)) => Some(done),
            _ => None,
        }
    }

    pub fn blame(&self, node: NodeId) -> Option<&Blame> {
        match self.get(node) {
            Some(State::Failed(blame)) => Some(blame),
            _ => None,
        }
    }

    /// Why a node failed by itself.
    pub fn why(&self, node: NodeId) -> Option<&Arc<Why>> {
        match self.blame(node) {
            Some(Blame::Own(why)) => Some(why),
            _ => None,
        }
    }

    /// One input fewer to wait for; whether it was the last one.
    pub fn one_fewer(&mut self, node: NodeId) -> bool {
        match self.0.get_mut(node.0 as usize) {
            Some(Some(State::Waiting(open))) => {
                *open = open.saturating_sub(1);
                *open == 0
            }
            _ => false,
        }
    }
}

/// Composed trees hold those below them; taken from the top, none is the last holder of a long chain, which would
/// need a deep stack to let go.
impl Drop for States {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}
