//! The end of a build: what is done, and what failed because of what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xb_graph::{Node, NodeId};

use super::Scheduler;
use super::states::{Blame, Done};
use crate::failure::{Attempt, Failure, Why, package_title, source_title};
use crate::parts::{Part, Value};
use crate::work::source_of;
use crate::{Realised, RealisedNode};

impl Scheduler<'_> {
    pub(super) async fn end(mut self) -> Realised {
        self.make_goals().await;
        let mut realised = Realised { cancelled: self.options.cancel.is_cancelled(), ..Realised::default() };
        for id in self.plan.nodes() {
            if let Some(done) = self.states.done(id) {
                realised.nodes.insert(id, self.realised_node(id, done));
            }
        }
        let unfinished = self.goals.iter().filter(|goal| self.states.done(**goal).is_none());
        realised.unfinished = unfinished.copied().collect();
        realised.failures = self.failures();
        realised
    }

    /// Goals that are composed trees are made, though no run needed them.
    async fn make_goals(&mut self) {
        for goal in self.goals {
            let Some(done) = self.states.done(*goal) else {
                continue;
            };
            let Value::Out(part @ Part::Made(_)) = done.value.clone() else {
                continue;
            };
            let (graph, contents) = (Arc::clone(self.graph), Arc::clone(&self.builder.contents));
            let made = tokio::task::spawn_blocking(move || part.make(&graph, &*contents));
            let made = made.await.unwrap_or_else(|error| Err(Why::Bug(error.to_string())));
            if let Err(why) = made {
                let blame = Blame::Own(Arc::new(why));
                self.states.set(*goal, super::states::State::Failed(blame));
            }
        }
    }

    fn realised_node(&self, id: NodeId, done: &Done) -> RealisedNode {
        let outputs = match &done.value {
            Value::Trees(trees) => BTreeMap::clone(trees),
            Value::Out(part) => {
                let tree = part.tree();
                tree.into_iter().map(|tree| ("out".to_owned(), tree)).collect()
            }
        };
        RealisedNode {
            outputs,
            run: done.run.clone(),
            attempts: self.attempts(id),
            cached: done.cached,
            took: done.took,
        }
    }

    fn attempts(&self, choice: NodeId) -> Vec<Attempt> {
        let tried = self.choices.get(&choice);
        tried.map_or_else(Vec::new, |tried| tried.attempts.clone())
    }

    /// What failed by itself, found from the goals downwards; a stop that was asked for is no failure.
    pub(super) fn failures(&self) -> Vec<Failure> {
        let mut seen = BTreeSet::new();
        let mut failures = Vec::new();
        let mut ahead: Vec<NodeId> = self.goals.iter().rev().copied().collect();
        while let Some(id) = ahead.pop() {
            if !seen.insert(id) {
                continue;
            }
            match self.states.blame(id) {
                Some(Blame::Below) => ahead.extend(self.inputs_now(id).into_iter().rev()),
                Some(Blame::Own(why)) if !matches!(**why, Why::Cancelled) => {
                    failures.push(self.failure(id, why));
                }
                _ => {}
            }
        }
        failures
    }

    fn failure(&self, id: NodeId, why: &Why) -> Failure {
        let users = self.plan.users(id);
        let attempts = users.into_iter().map(|user| self.attempts(user));
        Failure {
            node: id,
            title: self.title(id),
            chain: self.chain(id),
            attempts: attempts.max_by_key(Vec::len).unwrap_or_default(),
            why: why.clone(),
        }
    }

    pub(super) fn title(&self, id: NodeId) -> String {
        match self.graph.node(id) {
            Node::Run(run) => run.title(),
            Node::Choice(choice) => package_title(&choice.package, choice.arch),
            node => source_of(node).map_or_else(|| self.graph.origin(id).to_string(), |source| source_title(&source)),
        }
    }

    /// The packages on the shortest way from the goals to a node.
    fn chain(&self, to: NodeId) -> Vec<String> {
        let way = self.plan.shortest_way(self.goals, to);
        let packages = way.into_iter().filter_map(|id| match self.graph.node(id) {
            Node::Run(run) => Some(package_title(&run.package, run.arch)),
            Node::Choice(choice) => Some(package_title(&choice.package, choice.arch)),
            _ => None,
        });
        let mut packages: Vec<_> = packages.collect();
        packages.dedup();
        packages
    }
}
