//! What runs are made of, told without having any of it.
//!
//! A resolved action is known only once every input is a tree. A machine that has nothing yet would have to fetch and
//! unpack all of them to learn that somebody else has built the action already. A recipe needs the graph, the pins of
//! the lock and the folders of the project, and nothing else: it is what others are asked by first.
//!
//! Invariant: runs with equal recipes resolve to equal actions, as far as runs leave the same bits each time and by each
//! method.

use rustc_hash::FxHashMap;
use xb_core::{Digest, RecipeId, TreeId};
use xb_graph::{Graph, Input, Layer, Node, NodeId, Run, action_key};

use crate::Source;
use crate::parts::{files_key, layers_key};
use crate::work::source_of;

/// The keys of nodes, by what they are made of.
#[derive(Debug, Default)]
pub(crate) struct Recipes(FxHashMap<NodeId, Digest>);

impl Recipes {
    /// The keys of `nodes`, each of which comes after what it names. What is made of something that has no pin has none.
    pub fn of(graph: &Graph, nodes: &[NodeId], pin: impl Fn(NodeId, &Source<'_>) -> Option<Digest>) -> Self {
        let mut recipes = Self::default();
        for id in nodes {
            if let Some(key) = recipes.key(*id, graph.node(*id), &pin) {
                recipes.0.insert(*id, key);
            }
        }
        recipes
    }

    /// The recipe of a run.
    pub fn get(&self, run: NodeId) -> Option<RecipeId> {
        self.0.get(&run).copied().map(RecipeId)
    }

    fn key(&self, id: NodeId, node: &Node, pin: impl Fn(NodeId, &Source<'_>) -> Option<Digest>) -> Option<Digest> {
        match node {
            Node::Files(files) => Some(files_key(files)),
            Node::Compose { layers } => self.layers(layers),
            Node::Run(run) => self.run(run),
            // Its options are held to be the same bits: it is known by the first, whichever led to a result.
            Node::Choice(choice) => self.0.get(&choice.options.first()?.1).copied(),
            source => pin(id, &source_of(source)?),
        }
    }

    /// The emulator is no part of an action, since no honest one leaves a trace in a result. Others have to know which one
    /// it was all the same: a lock that pins another one must not lead to what they look for.
    fn run(&self, run: &Run) -> Option<Digest> {
        let key = action_key(run, TreeId(self.layers(&run.root)?)).id.0;
        let Some(emulator) = &run.emulator else {
            return Some(key);
        };
        Some(Digest::of(&[b"emulated\0", key.hash().as_slice(), self.input(emulator)?.hash()].concat()))
    }

    fn layers(&self, layers: &[Layer]) -> Option<Digest> {
        let parts = layers.iter().map(|layer| self.input(&layer.input)).collect::<Option<Vec<_>>>()?;
        Some(layers_key(layers, parts.into_iter()))
    }

    fn input(&self, input: &Input) -> Option<Digest> {
        let node = self.0.get(&input.node)?;
        Some(Digest::of(&[b"output\0", node.hash().as_slice(), input.output.as_bytes()].concat()))
    }
}
