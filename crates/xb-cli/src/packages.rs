//! The graph as packages see it: which package stands on which others.

use std::collections::{BTreeMap, BTreeSet};

use xb_graph::{Graph, Node, NodeId};

/// Packages, each for an architecture, and what each stands on directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// By their choices: `curl (arm64)`.
    pub titles: BTreeMap<NodeId, String>,
    /// Who stands on whom.
    pub needs: BTreeSet<(NodeId, NodeId)>,
}

/// The packages that the builds of the targets consist of.
pub fn packages(graph: &Graph) -> Packages {
    let mut packages = Packages::default();
    let mut waiting: Vec<NodeId> = graph.targets.iter().map(|target| target.build).collect();
    while let Some(id) = waiting.pop() {
        let Some(title) = title(graph, id) else {
            continue;
        };
        if packages.titles.insert(id, title).is_some() {
            continue;
        }
        for need in choices_beneath(graph, id) {
            packages.needs.insert((id, need));
            waiting.push(need);
        }
    }
    packages
}

/// `curl (arm64)`, if the node is a package.
pub fn title(graph: &Graph, id: NodeId) -> Option<String> {
    match graph.node(id) {
        Node::Choice(choice) => Some(format!("{} ({})", choice.package, choice.arch)),
        _ => None,
    }
}

/// The nearest packages on every way down.
///
/// Where a package lies over what it needs, it is the nearest: the rest comes with it.
fn choices_beneath(graph: &Graph, from: NodeId) -> BTreeSet<NodeId> {
    let is_choice = |id: &NodeId| matches!(graph.node(*id), Node::Choice(_));
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut waiting: Vec<NodeId> = graph.node(from).inputs().collect();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = graph.node(id);
        if is_choice(&id) {
            found.insert(id);
        } else if matches!(node, Node::Compose { .. }) && node.inputs().any(|input| is_choice(&input)) {
            found.extend(node.inputs().filter(is_choice));
        } else {
            waiting.extend(node.inputs());
        }
    }
    found
}
