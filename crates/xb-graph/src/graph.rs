//! The graph: nodes, each once, and what was asked for.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use crate::{Description, Node, NodeId, Target};

/// A graph without cycles: a node names only nodes with smaller numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Graph {
    nodes: Vec<Node>,
    origins: Vec<Origin>,
    /// What was asked for.
    pub targets: Vec<Target>,
    /// What packages say about themselves, by their [`Choice`](crate::Choice)s, where that was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptions: BTreeMap<NodeId, Description>,
    /// The numbers of nodes by their hashes; made anew when it does not cover all nodes, as after reading.
    #[serde(skip)]
    index: HashTable<Indexed>,
}

/// A node's hash and its number.
#[derive(Clone, Copy, Debug)]
struct Indexed {
    hash: u64,
    id: NodeId,
}

/// Where a node comes from: for a person, never part of a key. That of a run is its package's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `net/curl.xb`, from the project's folder; empty when there is no such place.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.file {
            "" => Ok(()),
            file => write!(f, "{file}:{}", self.line),
        }
    }
}

impl Graph {
    /// Adds a node, or finds the equal one that is already there.
    ///
    /// # Panics
    /// When the node names one that is not in the graph yet.
    pub fn add(&mut self, mut node: Node, origin: Origin) -> NodeId {
        self.cover();
        let hash = hash(&node);
        let nodes = &self.nodes;
        let same = |known: &Indexed| known.hash == hash && nodes[known.id.0 as usize] == node;
        if let Some(known) = self.index.find(hash, same) {
            return known.id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        assert!(node.inputs().all(|input| input < id), "a node names only nodes that are in the graph");
        node.fit();
        self.nodes.push(node);
        self.origins.push(origin);
        self.put_in_index(hash, id);
        id
    }

    fn cover(&mut self) {
        for index in self.index.len()..self.nodes.len() {
            let hash = hash(&self.nodes[index]);
            self.put_in_index(hash, NodeId(index as u32));
        }
    }

    fn put_in_index(&mut self, hash: u64, id: NodeId) {
        self.index.insert_unique(hash, Indexed { hash, id }, |known| known.hash);
    }

    /// Leaves out what no target needs; the rest keeps its order and gets new numbers.
    pub fn prune(&mut self) {
        let needed = self.needed();
        if needed.iter().all(|needed| *needed) {
            return;
        }
        let mut kept = 0;
        let mut take = |needed: &bool| {
            kept += u32::from(*needed);
            NodeId(kept.saturating_sub(1))
        };
        let numbers: Vec<NodeId> = needed.iter().map(&mut take).collect();
        let number = |id: NodeId| numbers[id.0 as usize];
        let mut keep = needed.iter();
        self.nodes.retain(|_| keep.next().is_some_and(|needed| *needed));
        let mut keep = needed.iter();
        self.origins.retain(|_| keep.next().is_some_and(|needed| *needed));
        self.nodes.iter_mut().for_each(|node| node.renumber(number));
        for target in &mut self.targets {
            target.build = number(target.build);
            target.check = target.check.map(number);
            target.tests.iter_mut().for_each(|test| *test = number(*test));
            target.root = target.root.map(number);
        }
        let kept = |id: NodeId| needed[id.0 as usize].then(|| number(id));
        for (id, mut description) in std::mem::take(&mut self.descriptions) {
            if let Some(id) = kept(id) {
                description.renumber(kept);
                self.descriptions.insert(id, description);
            }
        }
        self.index.clear();
    }

    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        let goals = Target::nodes;
        let mut open: Vec<NodeId> = self.targets.iter().flat_map(goals).collect();
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut needed[id.0 as usize], true) {
                open.extend(self.node(id).inputs());
            }
        }
        needed
    }

    /// The node of this number.
    ///
    /// # Panics
    /// When it is not of this graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Where the node of this number comes from.
    pub fn origin(&self, id: NodeId) -> &Origin {
        &self.origins[id.0 as usize]
    }

    /// The choice of the first package that a node is for: for a node that packages share, whichever came first.
    pub fn package_of(&self, id: NodeId) -> Option<NodeId> {
        let mut is_for = vec![false; self.nodes.len()];
        is_for[id.0 as usize] = true;
        for (above, node) in self.nodes().skip(id.0 as usize) {
            let uses = is_for[above.0 as usize] || node.inputs().any(|input| is_for[input.0 as usize]);
            match node {
                Node::Choice(_) if uses => return Some(above),
                _ => is_for[above.0 as usize] = uses,
            }
        }
        None
    }

    /// The runs that a choice chooses from; none for any other node.
    pub fn options(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let options = match self.node(id) {
            Node::Choice(choice) => &choice.options[..],
            _ => &[],
        };
        options.iter().map(|(_, run)| *run)
    }

    /// Whether a node is a step of a package, or one of the runs that the step chooses from.
    pub fn is_of(&self, step: NodeId, node: NodeId) -> bool {
        node == step || self.options(step).any(|option| option == node)
    }

    /// Every node with its number; inputs come before what uses them.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index as u32), node))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

fn hash(node: &Node) -> u64 {
    FxBuildHasher.hash_one(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Folder;

    fn folder(path: &str) -> Node {
        Node::Folder(Box::new(Folder {
            path: xb_core::RelPath::new(path).expect("a clean path"),
            only: Vec::new(),
            except: Vec::new(),
        }))
    }

    #[test]
    fn equal_nodes_are_one() {
        let mut graph = Graph::default();
        let a = graph.add(folder("a"), Origin::default());
        let b = graph.add(folder("b"), Origin::default());
        assert_ne!(a, b);
        assert_eq!(graph.add(folder("a"), Origin::default()), a);
        assert_eq!(graph.len(), 2);
    }

    #[test]
    fn what_is_left_out_is_not_described() {
        let mut graph = Graph::default();
        let [gone, need, own] = ["gone", "need", "own"].map(|path| graph.add(folder(path), Origin::default()));
        let layer = |node| crate::Layer {
            input: crate::Input { node, output: "out".into() },
            at: xb_core::RelPath::root(),
            select: None,
            conflict: crate::Conflict::Refuse,
            name: "layer".into(),
        };
        let build = graph.add(Node::Compose { layers: vec![layer(need), layer(own)] }, Origin::default());
        let described = |needs: &[NodeId]| Description { needs: needs.to_vec(), ..Description::default() };
        graph.descriptions = [(gone, described(&[])), (own, described(&[gone, need]))].into();
        let id = crate::TargetId { file: "a.xb".into(), package: "a".to_owned(), arch: xb_core::Arch::Amd64 };
        let policy = BTreeMap::new();
        let baseline = xb_core::Baseline::lowest(id.arch);
        graph.targets =
            vec![Target { id, version: None, build, check: None, tests: Vec::new(), root: None, baseline, policy }];
        graph.prune();
        assert_eq!(graph.descriptions, [(NodeId(1), described(&[NodeId(0)]))].into());
    }

    #[test]
    fn equal_nodes_are_one_after_reading_too() {
        let mut graph = Graph::default();
        let a = graph.add(folder("a"), Origin::default());
        let b = graph.add(folder("b"), Origin::default());
        let mut read = Graph { index: HashTable::new(), ..graph };
        assert_eq!(read.add(folder("b"), Origin::default()), b);
        assert_eq!(read.add(folder("a"), Origin::default()), a);
        assert_eq!(read.len(), 2);
    }
}
