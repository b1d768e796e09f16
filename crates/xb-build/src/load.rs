//! What a machine has to do: what runs there, how long that will take, and what need not be sent there.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;
use xb_core::TreeId;
use xb_graph::NodeId;

/// A run of which nothing is remembered is taken to last so long.
pub(crate) const GUESSED: Duration = Duration::from_secs(10);

/// What is full is full for so long at least.
const A_MOMENT: Duration = Duration::from_millis(1);

/// A run that lasts so many times as long as it did, and by some patience longer, is stuck, as far as one can tell.
const TIMES_AS_LONG: u32 = 3;
/// One of which nothing is remembered is stuck after so many patiences.
const LONG: u32 = 15;

/// What the scheduler has to know of a run to find a machine for it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub node: NodeId,
    /// How urgent it is; more is more urgent.
    pub priority: u64,
    /// How much memory it is expected to use, in bytes.
    pub memory: u64,
    /// How long it took, where that is remembered.
    pub expected: Option<Duration>,
    /// The trees of its root.
    pub layers: Vec<TreeId>,
}

impl Wanted {
    pub fn seconds(&self) -> Duration {
        self.expected.unwrap_or(GUESSED)
    }

    /// How long it may run before somebody else is asked as well.
    fn longest(&self, patience: Duration) -> Duration {
        self.expected.map_or(patience * LONG, |expected| (expected * TIMES_AS_LONG).max(expected + patience))
    }
}

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Started {
    pub run: Wanted,
    pub able: Vec<usize>,
    at: Instant,
    /// Whether it is being stopped, since nobody waits for it any more.
    pub is_given_up: bool,
}

impl Started {
    /// How long it will go on, as far as one can tell: what lasts longer than before is as far from its end as from the
    /// time at which it should have ended.
    fn remaining(&self, now: Instant) -> Duration {
        let (expected, elapsed) = (self.run.seconds(), now.duration_since(self.at));
        expected.abs_diff(elapsed).max(A_MOMENT)
    }

    /// By how much it lasts longer than anybody has patience for.
    pub fn overdue(&self, now: Instant, patience: Duration) -> Option<Duration> {
        now.duration_since(self.at).checked_sub(self.run.longest(patience)).filter(|_| !self.is_given_up)
    }
}

/// A machine, as the scheduler sees it.
#[derive(Debug)]
pub(crate) struct Load {
    slots: usize,
    memory: u64,
    cost: u32,
    /// Of machines that cost the same, those of a lower group are asked first.
    group: usize,
    /// Whether it is not to be had any more.
    pub is_gone: bool,
    /// Until when nothing starts there, because others have all of it.
    paused: Option<Instant>,
    pub running: FxHashMap<NodeId, Started>,
    /// Trees that it was given or has made.
    holds: FxHashSet<TreeId>,
}

/// How good a machine is for a run; the least is the best. It costs `price`, in milliseconds of a machine of cost one; of
/// several of one price the group decides, then how many trees would have to be sent, then the order.
pub(crate) type Fitness = (u128, usize, usize);

impl Load {
    /// A machine with so many slots and so much memory, in bytes; no memory is no limit.
    pub fn new(slots: usize, memory: u64, cost: u32, group: usize) -> Self {
        Self {
            slots: slots.max(1),
            memory: if memory == 0 { u64::MAX } else { memory },
            cost: cost.max(1),
            group,
            is_gone: false,
            paused: None,
            running: FxHashMap::default(),
            holds: FxHashSet::default(),
        }
    }

    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many more runs it takes.
    pub fn free(&self, now: Instant) -> usize {
        match self.is_gone || self.is_paused(now) {
            true => 0,
            false => self.slots.saturating_sub(self.running.len()),
        }
    }

    pub fn is_paused(&self, now: Instant) -> bool {
        self.paused.is_some_and(|until| until > now)
    }

    pub fn pause(&mut self, until: Instant) {
        self.paused = Some(until);
    }

    /// A run that needs more than there is at all still runs, alone.
    pub fn fits(&self, memory: u64) -> bool {
        let used = self.running.values().fold(0_u64, |used, started| used.saturating_add(started.run.memory));
        self.running.is_empty() || used.saturating_add(memory) <= self.memory
    }

    /// How long a run would wait for it; nothing where it can begin.
    pub fn wait(&self, memory: u64, now: Instant) -> Duration {
        if self.free(now) > 0 && self.fits(memory) {
            return Duration::ZERO;
        }
        let paused = self.paused.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let ends = self.running.values().map(|started| started.remaining(now)).min();
        paused.max(ends.unwrap_or(A_MOMENT))
    }

    /// How good it is for a run that waits so long for it.
    pub fn fitness(&self, run: &Wanted, wait: Duration) -> Fitness {
        let missing = run.layers.iter().filter(|layer| !self.holds.contains(layer)).count();
        ((wait + run.seconds()).as_millis() * u128::from(self.cost), self.group, missing)
    }

    pub fn start(&mut self, run: Wanted, able: Vec<usize>, now: Instant) {
        self.holds.extend(&run.layers);
        self.running.insert(run.node, Started { run, able, at: now, is_given_up: false });
    }

    /// It has these trees.
    pub fn has(&mut self, trees: impl IntoIterator<Item = TreeId>) {
        self.holds.extend(trees);
    }
}
