//! Which run starts next: the one that most waits for, if a job is free and memory suffices.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use xb_graph::NodeId;

/// How often a run that does not fit may be overtaken by smaller ones before everybody waits for it.
const MOST_OVERTAKEN: u32 = 16;

/// Runs that are ready, and what the running ones use.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: usize,
    memory: u64,
    waiting: BTreeSet<(Reverse<u64>, NodeId)>,
    expected: FxHashMap<NodeId, u64>,
    running: FxHashMap<NodeId, u64>,
    overtaken: u32,
}

impl Queue {
    /// At most `jobs` runs at a time, expected to use at most `memory` bytes together; zero memory is no limit.
    pub fn new(jobs: usize, memory: u64) -> Self {
        Self {
            jobs: jobs.max(1),
            memory: if memory == 0 { u64::MAX } else { memory },
            waiting: BTreeSet::new(),
            expected: FxHashMap::default(),
            running: FxHashMap::default(),
            overtaken: 0,
        }
    }

    pub fn push(&mut self, node: NodeId, priority: u64, memory: u64) {
        self.waiting.insert((Reverse(priority), node));
        self.expected.insert(node, memory);
    }

    /// How urgent the most urgent run is.
    pub fn top(&self) -> Option<u64> {
        self.waiting.first().map(|(Reverse(priority), _)| *priority)
    }

    /// How many jobs are free.
    pub fn free(&self) -> usize {
        self.jobs.saturating_sub(self.running.len())
    }

    /// The next run that may start, which from now on counts as running.
    pub fn pop(&mut self) -> Option<NodeId> {
        if self.running.len() >= self.jobs {
            return None;
        }
        let first = self.waiting.first().copied()?;
        let fits = |entry: &&(Reverse<u64>, NodeId)| self.fits(entry.1);
        let entry = if self.fits(first.1) {
            self.overtaken = 0;
            first
        } else if self.overtaken < MOST_OVERTAKEN {
            let entry = *self.waiting.iter().find(fits)?;
            self.overtaken += 1;
            entry
        } else {
            return None;
        };
        self.waiting.remove(&entry);
        let memory = self.expected.remove(&entry.1).unwrap_or(0);
        self.running.insert(entry.1, memory);
        Some(entry.1)
    }

    /// A run that needs more than there is at all still runs, alone.
    fn fits(&self, node: NodeId) -> bool {
        let used: u64 = self.running.values().sum();
        let more = self.expected.get(&node).copied().unwrap_or(0);
        self.running.is_empty() || used.saturating_add(more) <= self.memory
    }

    /// A run has ended.
    pub fn done(&mut self, node: NodeId) {
        self.running.remove(&node);
    }

    /// How many jobs of its own a run that starts now should use: all when it is alone, its share otherwise.
    pub fn share(&self) -> u32 {
        let busy = (self.running.len() + self.waiting.len()).clamp(1, self.jobs);
        u32::try_from(self.jobs.div_ceil(busy)).unwrap_or(u32::MAX)
    }

    /// Nothing more shall start.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.expected.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(queue: &mut Queue) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).map(|node| node.0).collect()
    }

    #[test]
    fn the_most_urgent_comes_first_and_jobs_are_kept() {
        let mut queue = Queue::new(2, 0);
        for (node, priority) in [(1, 5), (2, 9), (3, 7)] {
            queue.push(NodeId(node), priority, 1);
        }
        assert_eq!(started(&mut queue), [2, 3]);
        queue.done(NodeId(2));
        assert_eq!(started(&mut queue), [1]);
    }

    #[test]
    fn memory_is_kept_but_nobody_starves() {
        let mut queue = Queue::new(8, 100);
        queue.push(NodeId(0), 9, 60);
        queue.push(NodeId(1), 8, 60);
        assert_eq!(started(&mut queue), [0]);
        for node in 2..40 {
            queue.push(NodeId(node), 1, 1);
        }
        let mut overtakers = Vec::new();
        loop {
            let more = started(&mut queue);
            if more.is_empty() {
                break;
            }
            more.iter().for_each(|node| queue.done(NodeId(*node)));
            overtakers.extend(more);
        }
        assert_eq!(overtakers.len(), MOST_OVERTAKEN as usize);
        queue.done(NodeId(0));
        assert_eq!(queue.pop(), Some(NodeId(1)));
    }

    #[test]
    fn what_is_too_large_runs_alone() {
        let mut queue = Queue::new(8, 100);
        queue.push(NodeId(0), 9, 1000);
        queue.push(NodeId(1), 8, 1);
        assert_eq!(started(&mut queue), [0]);
    }

    #[test]
    fn jobs_are_shared() {
        let mut queue = Queue::new(4, 0);
        queue.push(NodeId(0), 0, 0);
        assert_eq!(queue.pop(), Some(NodeId(0)));
        assert_eq!(queue.share(), 4);
        queue.push(NodeId(1), 0, 0);
        queue.pop();
        assert_eq!(queue.share(), 2);
    }
}
