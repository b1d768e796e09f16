//! A queue for each executor: who is full keeps nobody from another.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;
use xb_graph::NodeId;

use crate::queue::Queue;

/// The queues of executors, in their order.
#[derive(Debug)]
pub(crate) struct Lanes {
    queues: Vec<Queue>,
    /// Where each run waits or runs.
    places: FxHashMap<NodeId, usize>,
}

impl Lanes {
    /// A lane for each of these.
    pub fn new(queues: Vec<Queue>) -> Self {
        Self { queues, places: FxHashMap::default() }
    }

    pub fn push(&mut self, node: NodeId, lane: usize, priority: u64, memory: u64) {
        if let Some(queue) = self.queues.get_mut(lane) {
            queue.push(node, priority, memory);
            self.places.insert(node, lane);
        }
    }

    /// How urgent the most urgent run is that may find a job.
    pub fn top(&self) -> Option<u64> {
        self.queues.iter().filter(|queue| queue.free() > 0).filter_map(Queue::top).max()
    }

    /// How many jobs are free.
    pub fn free(&self) -> usize {
        self.queues.iter().map(Queue::free).sum()
    }

    /// The next run that may start, the most urgent of all lanes; from now on it counts as running.
    pub fn pop(&mut self) -> Option<NodeId> {
        let mut lanes: Vec<_> =
            self.queues.iter().enumerate().map(|(lane, queue)| (Reverse(queue.top()), lane)).collect();
        lanes.sort_unstable();
        lanes.into_iter().find_map(|(_, lane)| self.queues.get_mut(lane)?.pop())
    }

    /// A run has ended.
    pub fn done(&mut self, node: NodeId) {
        if let Some(queue) = self.places.remove(&node).and_then(|lane| self.queues.get_mut(lane)) {
            queue.done(node);
        }
    }

    /// How many jobs of its own a run that starts now should use: see [`Queue::share`].
    pub fn share(&self, node: NodeId) -> u32 {
        self.places.get(&node).and_then(|lane| self.queues.get(*lane)).map_or(1, Queue::share)
    }

    /// Nothing more shall start.
    pub fn clear(&mut self) {
        self.queues.iter_mut().for_each(Queue::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_full_keeps_nobody_from_another() {
        let mut lanes = Lanes::new(vec![Queue::new(1, 0), Queue::new(2, 0)]);
        for (node, lane, priority) in [(0, 0, 9), (1, 0, 8), (2, 1, 1), (3, 1, 7), (4, 1, 2), (5, 9, 99)] {
            lanes.push(NodeId(node), lane, priority, 0);
        }
        assert_eq!((lanes.top(), lanes.free()), (Some(9), 3));
        let started: Vec<_> = std::iter::from_fn(|| lanes.pop()).map(|node| node.0).collect();
        assert_eq!(started, [0, 3, 4]);
        assert_eq!((lanes.top(), lanes.free()), (None, 0));
        lanes.done(NodeId(3));
        assert_eq!(lanes.top(), Some(1));
        assert_eq!(lanes.pop(), Some(NodeId(2)));
        lanes.done(NodeId(0));
        lanes.clear();
        assert_eq!(lanes.pop(), None);
    }
}
