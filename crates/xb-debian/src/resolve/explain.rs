//! Why there is no solution, in the words of Debian's relations.
//!
//! The solver's conflict is a graph: who requires whom, who excludes whom, and what nothing can meet. Each exclusion
//! and each unmet need becomes a sentence, with the chain that leads to it from what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use resolvo::conflict::{ConflictCause, ConflictEdge, ConflictGraph, ConflictNode};
use resolvo::{Interner, Requirement};

use super::provider::Provider;

/// The sentences.
pub(super) fn explain(graph: &ConflictGraph, provider: &Provider<'_>) -> Vec<String> {
    let story = Story::new(graph, provider);
    let sentences: BTreeSet<String> = story.edges.iter().filter_map(|edge| story.sentence(*edge)).collect();
    sentences.into_iter().collect()
}

/// A node of the graph, by its number.
type Node = usize;

/// What one node has to do with another.
type Edge = (Node, Node, ConflictEdge);

struct Story<'a> {
    nodes: Vec<ConflictNode>,
    edges: Vec<Edge>,
    provider: &'a Provider<'a>,
    /// Who requires whom, nearest to what was asked for.
    required_by: BTreeMap<Node, Node>,
}

impl<'a> Story<'a> {
    fn new(graph: &ConflictGraph, provider: &'a Provider<'a>) -> Self {
        let edges = graph.graph.raw_edges().iter();
        let edges: Vec<Edge> = edges.map(|edge| (edge.source().index(), edge.target().index(), edge.weight)).collect();
        Self {
            nodes: graph.graph.raw_nodes().iter().map(|node| node.weight).collect(),
            required_by: required_by(graph.root_node.index(), &edges),
            edges,
            provider,
        }
    }

    fn sentence(&self, (from, to, edge): Edge) -> Option<String> {
        let who = self.chain(from);
        Some(match (edge, self.nodes[to]) {
            (ConflictEdge::Requires(requirement), ConflictNode::UnresolvedDependency) => {
                format!("{who} {}, which no package of these indexes is", self.words(requirement))
            }
            (ConflictEdge::Conflict(ConflictCause::Constrains(set)), _) => {
                format!("{who} {}: {}", self.provider.words(set), self.chain(to))
            }
            (ConflictEdge::Conflict(ConflictCause::ForbidMultipleInstances), _) => {
                format!("{who} and {} are two versions of one package", self.chain(to))
            }
            (ConflictEdge::Conflict(_), ConflictNode::Excluded(reason)) => {
                format!("{who} cannot be used: {}", self.provider.display_string(reason))
            }
            _ => return None,
        })
    }

    fn words(&self, requirement: Requirement) -> &str {
        match requirement {
            Requirement::Single(set) => self.provider.words(set),
            Requirement::Union(union) => {
                let first = self.provider.version_sets_in_union(union).next();
                first.map_or("", |set| self.provider.words(set))
            }
        }
    }

    /// A package, and by whom it is needed: `a 1 (needed by b 2, needed by c 3)`.
    fn chain(&self, node: Node) -> String {
        let mut by = Vec::new();
        let mut at = node;
        while let Some(above) = self.required_by.get(&at).copied() {
            at = above;
            by.extend(self.package(at).map(|package| format!("needed by {package}")));
        }
        let package = self.package(node).unwrap_or_else(|| "what was asked for".to_owned());
        if by.is_empty() { package } else { format!("{package} ({})", by.join(", ")) }
    }

    fn package(&self, node: Node) -> Option<String> {
        match self.nodes[node] {
            ConflictNode::Solvable(solvable) => Some(self.provider.universe().display(self.provider.id(solvable))),
            _ => None,
        }
    }
}

/// The nearest way back to the root, from every node that is required.
fn required_by(root: Node, edges: &[Edge]) -> BTreeMap<Node, Node> {
    let mut found = BTreeMap::new();
    let mut frontier = vec![root];
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for (from, to, edge) in edges {
            let requires = matches!(edge, ConflictEdge::Requires(_));
            if requires && frontier.contains(from) && *to != root && !found.contains_key(to) {
                found.insert(*to, *from);
                next.push(*to);
            }
        }
        frontier = next;
    }
    found
}
