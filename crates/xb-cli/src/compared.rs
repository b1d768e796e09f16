//! One package by several methods: the builds, and whether they lead to the same bits.

use std::collections::BTreeMap;

use serde::Serialize;
use xb_build::Realised;
use xb_core::TreeId;
use xb_graph::{Difference, Graph, Method, NodeId, TargetId, diff};
use xb_store::Store;

use crate::failure::Failure;
use crate::logs;
use crate::session::Session;

/// The trees of packages, by method.
pub type Trees = BTreeMap<TargetId, Vec<(Method, TreeId)>>;

/// What one package is by several methods.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The package.
    #[serde(flatten)]
    pub target: TargetId,
    /// Whether all of them lead to the same bits.
    pub equal: bool,
    /// What each of them leads to.
    pub trees: BTreeMap<Method, TreeId>,
    /// What differs, a sentence each.
    pub differences: Vec<String>,
}

/// What is built of a graph: its targets, without their checks.
pub fn builds(graph: &Graph) -> Vec<NodeId> {
    graph.targets.iter().map(|target| target.build).collect()
}

/// Keeps the logs of builds, and adds what came of them to the trees.
pub fn collect(session: &Session, graph: &Graph, method: Method, realised: &Realised, trees: &mut Trees) {
    logs::remember(&session.store, &session.project, graph, realised);
    for target in &graph.targets {
        let node = realised.node(target.build);
        if let Some(tree) = node.and_then(|node| node.outputs.get("out")) {
            trees.entry(target.id.clone()).or_default().push((method, *tree));
        }
    }
}

/// Compares what several methods lead to with what the first of them does.
///
/// # Errors
/// When a part of a tree cannot be read.
pub fn compared(store: &Store, target: TargetId, trees: &[(Method, TreeId)]) -> Result<Compared, Failure> {
    let mut differences = Vec::new();
    if let Some(((first_method, first), others)) = trees.split_first() {
        for (method, tree) in others {
            for difference in differences_of(store, *first, *tree)? {
                differences.push(format!("{first_method} and {method}: {difference}"));
            }
        }
    }
    Ok(Compared { target, equal: differences.is_empty(), trees: trees.iter().copied().collect(), differences })
}

/// What differs between two trees of the store.
///
/// # Errors
/// When a part of them is missing.
pub fn differences_of(store: &Store, first: TreeId, second: TreeId) -> Result<Vec<Difference>, Failure> {
    diff(first, second, store).map_err(|missing| Failure::environment(missing.to_string()))
}
