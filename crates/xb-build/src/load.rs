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
const LONG: u32 = 6;

/// What the scheduler has to know of a run to find a machine for it.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
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

impl Ready {
    pub fn time(&self) -> Duration {
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
    pub run: Ready,
    pub able: Vec<usize>,
    at: Instant,
    /// Whether it may get a twin: it has had none, is none, and is not being stopped.
    pub may_be_doubled: bool,
}

impl Started {
    pub fn elapsed(&self, now: Instant) -> Duration {
        now.duration_since(self.at)
    }

    /// How long it will go on, as far as one can tell: what lasts longer than before is as far from its end as from the
    /// time at which it should have ended.
    fn remaining(&self, now: Instant) -> Duration {
        self.run.time().abs_diff(self.elapsed(now)).max(A_MOMENT)
    }

    /// By how much it lasts longer than anybody has patience for.
    pub fn overdue(&self, now: Instant, patience: Duration) -> Option<Duration> {
        self.elapsed(now).checked_sub(self.run.longest(patience)).filter(|_| self.may_be_doubled)
    }
}

/// That others have all of a machine, or all but what runs there.
#[derive(Clone, Copy, Debug)]
struct LeasedOut {
    since: Instant,
    /// When they are asked again.
    until: Instant,
    /// How many runs there may be before.
    slots: usize,
}

/// A machine, as the scheduler sees it.
#[derive(Debug)]
pub(crate) struct Load {
    slots: usize,
    memory: u64,
    pub cost: u32,
    rank: u32,
    /// Whether it is not to be had any more.
    pub is_gone: bool,
    leased_out: Option<LeasedOut>,
    pub running: FxHashMap<NodeId, Started>,
    /// Trees that it was given or has made.
    holds: FxHashSet<TreeId>,
}

/// What a machine would cost for a run: the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Price {
    /// The wait and the run, in milliseconds of a machine of cost one.
    milliseconds: u128,
    rank: u32,
    /// How many trees would have to be sent.
    missing: usize,
}

impl Load {
    /// A machine with so many slots and so much memory, in bytes; no memory is no limit. Of those that cost the same, one
    /// of a lower rank is better.
    pub fn new(slots: usize, memory: u64, cost: u32, rank: u32) -> Self {
        Self {
            slots: slots.max(1),
            memory: if memory == 0 { u64::MAX } else { memory },
            cost: cost.max(1),
            rank,
            is_gone: false,
            leased_out: None,
            running: FxHashMap::default(),
            holds: FxHashSet::default(),
        }
    }

    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many more runs it takes.
    pub fn free(&self, now: Instant) -> usize {
        let slots = match self.leased_out {
            _ if self.is_gone => 0,
            Some(leased) if leased.until > now => leased.slots.min(self.slots),
            _ => self.slots,
        };
        slots.saturating_sub(self.running.len())
    }

    /// Others have all slots but those in which something runs.
    pub fn leased_out(&mut self, now: Instant, until: Instant) {
        let since = self.leased_out.map_or(now, |leased| leased.since);
        self.leased_out = Some(LeasedOut { since, until, slots: self.running.len() });
    }

    /// A slot was to be had.
    pub fn leased(&mut self) {
        self.leased_out = None;
    }

    /// How long a run would wait for it; nothing where it can begin. What needs more memory than there is at all still
    /// runs, alone.
    pub fn wait(&self, memory: u64, now: Instant) -> Duration {
        if self.running.is_empty() && self.free(now) > 0 {
            return Duration::ZERO;
        }
        let mut ends: Vec<_> =
            self.running.values().map(|started| (started.remaining(now), started.run.memory)).collect();
        ends.sort_unstable();
        let (mut free, mut left) = (self.free(now), ends.len());
        let mut used = ends.iter().fold(0_u64, |used, (_, memory)| used.saturating_add(*memory));
        let mut wait = Duration::ZERO;
        let mut ends = ends.into_iter();
        while free == 0 || (left > 0 && used.saturating_add(memory) > self.memory) {
            let Some((end, freed)) = ends.next() else {
                // As far as one can tell, others will have it for as long as they have had it.
                let leased = self.leased_out.map_or(A_MOMENT, |leased| now.duration_since(leased.since));
                return wait.max(leased).max(A_MOMENT);
            };
            (free, left, used, wait) = (free + 1, left - 1, used.saturating_sub(freed), end);
        }
        wait
    }

    /// What it costs for a run that waits so long for it.
    pub fn price(&self, run: &Ready, wait: Duration) -> Price {
        Price {
            milliseconds: (wait + run.time()).as_millis() * u128::from(self.cost),
            rank: self.rank,
            missing: run.layers.iter().filter(|layer| !self.holds.contains(layer)).count(),
        }
    }

    pub fn start(&mut self, run: Ready, able: Vec<usize>, now: Instant, is_twin: bool) {
        self.running.insert(run.node, Started { run, able, at: now, may_be_doubled: !is_twin });
    }

    /// It has these trees.
    pub fn has(&mut self, trees: impl IntoIterator<Item = TreeId>) {
        self.holds.extend(trees);
    }
}
