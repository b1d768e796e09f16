//! The graph as packages see it: which package stands on which others.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::adj::UnweightedList;
use petgraph::algo::tred::{dag_to_toposorted_adjacency_list, dag_transitive_reduction_closure};
use petgraph::graph::DiGraph;
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
    packages.needs = reduced(&packages);
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
fn choices_beneath(graph: &Graph, from: NodeId) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut waiting = graph.node(from).inputs();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Node::Choice(_) = graph.node(id) {
            found.insert(id);
        } else {
            waiting.extend(graph.node(id).inputs());
        }
    }
    found
}

/// Only what is needed directly: what comes with something else that is needed is left out.
fn reduced(packages: &Packages) -> BTreeSet<(NodeId, NodeId)> {
    let mut dag = DiGraph::<NodeId, ()>::new();
    let index: BTreeMap<_, _> = packages.titles.keys().map(|id| (*id, dag.add_node(*id))).collect();
    for (user, need) in &packages.needs {
        if let (Some(user), Some(need)) = (index.get(user), index.get(need)) {
            dag.add_edge(*user, *need, ());
        }
    }
    let Ok(order) = petgraph::algo::toposort(&dag, None) else {
        return packages.needs.clone();
    };
    let (sorted, _): (UnweightedList<u32>, _) = dag_to_toposorted_adjacency_list(&dag, &order);
    let (reduction, _) = dag_transitive_reduction_closure(&sorted);
    let node = |position: u32| dag[order[position as usize]];
    let edges = reduction.edge_indices().filter_map(|edge| reduction.edge_endpoints(edge));
    edges.map(|(user, need)| (node(user), node(need))).collect()
}
