//! What is needed for the goals, and who needs it: grows as goals, and later fallbacks, demand more.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;
use xb_graph::NodeId;

/// The needed part of the graph; an edge leads from who needs to what is needed.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    needs: DiGraph<NodeId, ()>,
    index: FxHashMap<NodeId, NodeIndex>,
}

impl Plan {
    /// Takes a node in; whether it is new.
    pub fn add(&mut self, node: NodeId) -> bool {
        if self.index.contains_key(&node) {
            return false;
        }
        self.index.insert(node, self.needs.add_node(node));
        true
    }

    /// Notes that one node, which was taken in, needs another.
    pub fn need(&mut self, user: NodeId, input: NodeId) {
        self.add(input);
        if let (Some(user), Some(input)) = (self.index.get(&user), self.index.get(&input)) {
            self.needs.update_edge(*user, *input, ());
        }
    }

    /// Who needs a node.
    pub fn users(&self, node: NodeId) -> Vec<NodeId> {
        self.neighbours(node, Direction::Incoming)
    }

    fn neighbours(&self, node: NodeId, direction: Direction) -> Vec<NodeId> {
        let Some(index) = self.index.get(&node) else {
            return Vec::new();
        };
        self.needs.neighbors_directed(*index, direction).map(|index| self.needs[index]).collect()
    }

    /// Every needed node; what is needed comes before who needs it.
    pub fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<_> = self.needs.node_weights().copied().collect();
        nodes.sort_unstable();
        nodes
    }

    /// For each node the weight of the heaviest way from it up to a goal, its own included: the longer the way that
    /// waits for a node, the sooner it should run.
    pub fn priorities(&self, weight: impl Fn(NodeId) -> u64) -> FxHashMap<NodeId, u64> {
        let mut priorities = FxHashMap::default();
        for node in self.nodes().into_iter().rev() {
            let above = self.users(node).into_iter();
            let above = above.filter_map(|user| priorities.get(&user).copied()).max();
            priorities.insert(node, weight(node) + above.unwrap_or(0));
        }
        priorities
    }

    /// The shortest way from one of `from` to `to`, both included.
    pub fn shortest_way(&self, from: &[NodeId], to: NodeId) -> Vec<NodeId> {
        let mut came_from: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        let mut ahead: VecDeque<NodeId> = from.iter().copied().collect();
        while let Some(node) = ahead.pop_front() {
            if node == to {
                return way_back(&came_from, from, to);
            }
            let mut next = self.neighbours(node, Direction::Outgoing);
            next.sort_unstable();
            for next in next {
                if !from.contains(&next) && !came_from.contains_key(&next) {
                    came_from.insert(next, node);
                    ahead.push_back(next);
                }
            }
        }
        vec![to]
    }
}

fn way_back(came_from: &FxHashMap<NodeId, NodeId>, from: &[NodeId], to: NodeId) -> Vec<NodeId> {
    let mut way = vec![to];
    let mut at = to;
    while !from.contains(&at) {
        let Some(before) = came_from.get(&at) else {
            break;
        };
        at = *before;
        way.push(at);
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(needs: &[(u32, u32)]) -> Plan {
        let mut plan = Plan::default();
        for (user, input) in needs {
            plan.add(NodeId(*user));
            plan.need(NodeId(*user), NodeId(*input));
        }
        plan
    }

    #[test]
    fn the_shortest_way_is_found() {
        let plan = plan(&[(9, 8), (8, 7), (7, 1), (9, 2), (2, 1), (6, 5), (5, 1)]);
        let way = plan.shortest_way(&[NodeId(6), NodeId(9)], NodeId(1));
        assert_eq!(way, [6, 5, 1].map(NodeId));
        assert_eq!(plan.shortest_way(&[NodeId(1)], NodeId(1)), [NodeId(1)]);
    }

    #[test]
    fn what_much_waits_for_comes_first() {
        let plan = plan(&[(5, 3), (3, 0), (4, 1)]);
        let priorities = plan.priorities(|node| if node == NodeId(5) { 10 } else { 1 });
        assert_eq!(priorities[&NodeId(0)], 12);
        assert_eq!(priorities[&NodeId(1)], 2);
    }
}
