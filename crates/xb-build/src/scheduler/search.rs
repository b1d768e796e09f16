//! How far down from the goals something has to be known: what is needed of whom, and what is known of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::ActionId;
use xb_graph::{ActionResult, Graph, Node, NodeId, Run};

use crate::shared::Offer;
use crate::work::Needed;

/// A result that need not be made.
#[derive(Clone, Debug)]
pub(super) enum Offered {
    /// It is here; its outputs are by their paths.
    Here(ActionId, ActionResult),
    /// Somebody has it.
    There(Offer),
}

impl Offered {
    fn has(&self, run: &Run, output: &str) -> bool {
        let (Self::Here(_, result) | Self::There(Offer { result, .. })) = self;
        run.outputs.get(output).is_some_and(|path| result.outputs.contains_key(path.as_str()))
    }
}

/// How far the search is.
#[derive(Default)]
pub(super) struct Search {
    /// Runs and choices that were met, and those that were met last.
    pub met: BTreeSet<NodeId>,
    pub fresh: Vec<NodeId>,
    /// Which outputs of runs are needed, and for whom.
    needed: FxHashMap<NodeId, Needed>,
    units: FxHashMap<NodeId, Vec<NodeId>>,
    /// What became of the runs that were asked for.
    pub answers: FxHashMap<NodeId, Option<Offered>>,
    /// Those for whom nothing is known, so that what they are made of is needed.
    opened: FxHashSet<NodeId>,
}

impl Search {
    /// An output is needed: of what is composed, everything that it is composed of.
    pub fn want(&mut self, graph: &Graph, node: NodeId, output: &Arc<str>) {
        let mut ahead = vec![(node, Arc::clone(output))];
        while let Some((node, output)) = ahead.pop() {
            if let Node::Compose { layers } = graph.node(node) {
                if self.met.insert(node) {
                    ahead.extend(layers.iter().map(|layer| (layer.input.node, Arc::clone(&layer.input.output))));
                }
                continue;
            }
            for run in runs_of(graph, node) {
                let is_there = matches!(graph.node(run), Node::Run(run) if run.outputs.contains_key(&*output));
                if is_there && self.needed.entry(run).or_default().insert(Arc::clone(&output)) {
                    // Who was content with what is known of it may not be any more.
                    self.fresh.extend(self.units.get(&run).into_iter().flatten());
                }
            }
            if matches!(graph.node(node), Node::Run(_) | Node::Choice(_)) && self.met.insert(node) {
                for run in runs_of(graph, node) {
                    self.units.entry(run).or_default().push(node);
                }
                self.fresh.push(node);
            }
        }
    }

    /// What is known of a run, where that is all that is needed of it.
    pub fn offered(&self, graph: &Graph, id: NodeId) -> Option<&Offered> {
        let Node::Run(run) = graph.node(id) else {
            return None;
        };
        let offered = self.answers.get(&id)?.as_ref()?;
        let mut needed = self.needed.get(&id).into_iter().flatten();
        needed.all(|output| offered.has(run, output)).then_some(offered)
    }

    /// Goes down from a unit of which nothing is known, or from any: to what the first of its runs is made of.
    pub fn open(&mut self, graph: &Graph, unit: NodeId, any: bool) {
        let runs = runs_of(graph, unit);
        let is_known = !any && runs.iter().any(|run| self.offered(graph, *run).is_some());
        let Some(first) = runs.first().filter(|_| !is_known && self.opened.insert(unit)) else {
            return;
        };
        for input in graph.node(*first).named_outputs() {
            self.want(graph, input.node, &input.output);
        }
    }
}

/// A run, or the runs of a choice, best first.
pub(super) fn runs_of(graph: &Graph, node: NodeId) -> Vec<NodeId> {
    match graph.node(node) {
        Node::Run(_) => vec![node],
        Node::Choice(choice) => choice.options.iter().map(|(_, run)| *run).collect(),
        _ => Vec::new(),
    }
}

/// The nodes that others name, from the goals downwards; what is named comes before who names it.
pub(super) fn below(graph: &Graph, goals: &[NodeId]) -> Vec<NodeId> {
    let mut met = BTreeSet::new();
    let mut ahead = goals.to_vec();
    while let Some(node) = ahead.pop() {
        if met.insert(node) {
            ahead.extend(graph.node(node).inputs());
        }
    }
    met.into_iter().collect()
}
