//! What the sandbox holds in memory.

use std::time::Duration;

use super::held;
use super::pace::Pace;
use super::processes::{Process, Proportional};

/// How often is looked for memory that is not mapped.
const INTERVAL: Duration = Duration::from_millis(250);

/// A limit on memory.
pub struct Memory {
    limit: u64,
    mapped: u64,
    held: u64,
    looking: Pace,
    counting: Pace,
}

impl Memory {
    /// Zero is no limit.
    pub fn new(limit: u64) -> Self {
        let (looking, counting) = (Pace::new(INTERVAL), Pace::new(Duration::ZERO));
        Self { limit, mapped: 0, held: 0, looking, counting }
    }

    /// Looks, and returns what is used as far as that is known at little cost, in bytes.
    pub fn look(&mut self, processes: &[Process]) -> u64 {
        self.mapped = processes.iter().map(|process| process.resident).sum();
        if self.limit > 0 && self.looking.is_due() {
            self.held = self.looking.work(|until| held::count(processes, until).memory);
        }
        // What is held may be mapped as well.
        self.mapped.max(self.held)
    }

    /// Whether more is used than is allowed, every page counted once: only then it is looked at closely.
    pub fn is_exceeded(&mut self, processes: &[Process]) -> bool {
        if self.limit == 0 || self.mapped + self.held <= self.limit || !self.counting.is_due() {
            return false;
        }
        let used = self.counting.work(|until| {
            let held = held::count(processes, until).memory;
            together(processes.iter().map(Process::proportional), held)
        });
        used > self.limit
    }
}

/// What is held and mapped by nobody cannot be told from what is mapped as well: the larger of both is certain.
fn together(processes: impl Iterator<Item = Proportional>, held: u64) -> u64 {
    let (own, shared) = processes.fold((0, 0), |(own, shared), each| (own + each.own, shared + each.shared));
    own + held.max(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_and_mapped_counts_once() {
        let processes = [Proportional { own: 1, shared: 10 }, Proportional { own: 2, shared: 20 }];
        assert_eq!(together(processes.into_iter(), 0), 33);
        assert_eq!(together(processes.into_iter(), 30), 33);
        assert_eq!(together(processes.into_iter(), 40), 43);
    }
}
