//! Which run starts next, and on which machine.
//!
//! A run that is ready may often run on several machines. Which one is decided when it starts, not before: who is full
//! keeps nobody from another, and who has become free is used. Runs that the same machines can run wait in one line,
//! so that few are looked at, however many wait.
//!
//! A machine is chosen by what it costs: the time until it is free, for those who wait before it as well, and the time
//! of the run, times how dear its seconds are. So what is dear is left to those who can go nowhere else, or would wait
//! too long.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;
use xb_core::TreeId;
use xb_graph::NodeId;

use crate::load::{Load, Ready};

/// How often a run may see others take the machine that it would take, before that is kept for it.
const MOST_OVERTAKEN: u32 = 16;

/// How many of a line are looked at when the first of it cannot start.
const LOOK_AHEAD: usize = 64;

/// Where a run waits in its line.
type Turn = (Reverse<u64>, NodeId);

/// Runs that the same machines can run, the most urgent first.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<Turn>,
    /// How often its first was overtaken.
    overtaken: u32,
}

/// The machines, and what waits for them.
#[derive(Debug)]
pub(crate) struct Fleet {
    machines: Vec<Load>,
    /// By the places of the machines that can run what waits there, in their order.
    lines: BTreeMap<Vec<usize>, Line>,
    waiting: FxHashMap<NodeId, Ready>,
}

/// A machine that nobody may use but one run.
#[derive(Clone, Copy, Debug)]
struct Kept {
    run: NodeId,
    place: usize,
}

impl Fleet {
    pub fn new(machines: Vec<Load>) -> Self {
        Self { machines, lines: BTreeMap::new(), waiting: FxHashMap::default() }
    }

    /// A run waits for one of these machines.
    pub fn push(&mut self, run: Ready, able: Vec<usize>) {
        self.lines.entry(able).or_default().waiting.insert((Reverse(run.priority), run.node));
        self.waiting.insert(run.node, run);
    }

    /// How urgent the most urgent run is that may find a machine.
    pub fn top(&self, now: Instant) -> Option<u64> {
        let open = self.lines.iter().filter(|(able, _)| able.iter().any(|place| self.machines[*place].free(now) > 0));
        open.filter_map(|(_, line)| line.waiting.first()).map(|(Reverse(priority), _)| *priority).max()
    }

    /// How many more runs the machines take.
    pub fn free(&self, now: Instant) -> usize {
        self.machines.iter().map(|machine| machine.free(now)).sum()
    }

    /// The next run that may start, the most urgent first, and where; from now on it counts as running.
    pub fn pop(&mut self, now: Instant) -> Option<(NodeId, usize)> {
        let mut lines: Vec<(Turn, &Vec<usize>)> =
            self.lines.iter().filter_map(|(able, line)| Some((*line.waiting.first()?, able))).collect();
        lines.sort_unstable();
        let kept = self.kept(&lines, now);
        let (turn, place, able) = lines.iter().find_map(|(_, able)| {
            let (turn, place) = self.next_of(able, kept, now)?;
            Some((turn, place, (*able).clone()))
        })?;
        let passed = lines.iter().take_while(|(first, _)| *first < turn);
        let passed = passed.filter(|((_, first), able)| {
            let first = self.waiting.get(first);
            first.and_then(|first| self.best(first, able, kept, now)) == Some(place)
        });
        let passed: Vec<Vec<usize>> = passed.map(|(_, able)| (*able).clone()).collect();
        for overtaken in passed {
            if let Some(line) = self.lines.get_mut(&overtaken) {
                line.overtaken += 1;
            }
        }
        if let Some(line) = self.lines.get_mut(&able) {
            if line.waiting.first() == Some(&turn) {
                line.overtaken = 0;
            }
            line.waiting.remove(&turn);
            if line.waiting.is_empty() {
                self.lines.remove(&able);
            }
        }
        let run = self.waiting.remove(&turn.1)?;
        self.machines[place].start(run, able, now, false);
        Some((turn.1, place))
    }

    /// What is kept for the most urgent of those that were overtaken too often.
    fn kept(&self, lines: &[(Turn, &Vec<usize>)], now: Instant) -> Option<Kept> {
        let is_tired = |able: &Vec<usize>| self.lines.get(able).is_some_and(|line| line.overtaken >= MOST_OVERTAKEN);
        let ((_, run), able) = lines.iter().find(|(_, able)| is_tired(able))?;
        let place = self.best(self.waiting.get(run)?, able, None, now)?;
        Some(Kept { run: *run, place })
    }

    /// The first run of a line whose best machine is free, and that machine. Who waits for a machine makes the others wait
    /// longer for it.
    fn next_of(&self, able: &[usize], kept: Option<Kept>, now: Instant) -> Option<(Turn, usize)> {
        if !able.iter().any(|place| self.machines[*place].free(now) > 0) {
            return None;
        }
        let mut ahead: BTreeMap<usize, Duration> = BTreeMap::new();
        for turn in self.lines.get(able)?.waiting.iter().take(LOOK_AHEAD) {
            let run = self.waiting.get(&turn.1)?;
            let Some((place, wait)) = self.best_after(run, able, kept, &ahead, now) else { continue };
            if wait.is_zero() {
                return Some((*turn, place));
            }
            let slots = u32::try_from(self.machines[place].slots()).unwrap_or(u32::MAX);
            *ahead.entry(place).or_default() += run.time() / slots;
        }
        None
    }

    /// The best machine for a run that is the next in its line.
    fn best(&self, run: &Ready, able: &[usize], kept: Option<Kept>, now: Instant) -> Option<usize> {
        self.best_after(run, able, kept, &BTreeMap::new(), now).map(|(place, _)| place)
    }

    /// The best machine for a run, and how long it would wait for it, after those who are ahead of it.
    fn best_after(
        &self,
        run: &Ready,
        able: &[usize],
        kept: Option<Kept>,
        ahead: &BTreeMap<usize, Duration>,
        now: Instant,
    ) -> Option<(usize, Duration)> {
        let open = able.iter().copied().filter(|place| {
            let machine = &self.machines[*place];
            let is_kept = kept.is_some_and(|kept| kept.place == *place && kept.run != run.node);
            !is_kept && !machine.is_gone && !machine.running.contains_key(&run.node)
        });
        let priced = open.map(|place| {
            let machine = &self.machines[place];
            let wait = match machine.wait(run.memory, now) {
                Duration::ZERO => Duration::ZERO,
                wait => wait + ahead.get(&place).copied().unwrap_or_default(),
            };
            (machine.price(run, wait), place, wait)
        });
        priced.min().map(|(_, place, wait)| (place, wait))
    }

    /// A run that has lasted much longer than one would think, and a machine that has nothing else to do and costs no more
    /// than the run has cost already.
    pub fn stuck(&self, now: Instant, patience: Duration) -> Option<(NodeId, usize)> {
        let is_idle = |place: usize| {
            let machine = &self.machines[place];
            machine.running.is_empty() && machine.free(now) > 0 && !self.lines.keys().any(|able| able.contains(&place))
        };
        let running = self.machines.iter().flat_map(|machine| machine.running.values().map(move |run| (machine, run)));
        let stuck = running.filter_map(|(machine, started)| Some((machine, started, started.overdue(now, patience)?)));
        let doubled = stuck.filter_map(|(machine, started, overdue)| {
            let cost = started.elapsed(now).as_millis() * u128::from(machine.cost);
            let is_worth_it = |place: &usize| {
                is_idle(*place) && started.run.time().as_millis() * u128::from(self.machines[*place].cost) <= cost
            };
            let price = |place: &usize| (self.machines[*place].price(&started.run, Duration::ZERO), *place);
            let place = started.able.iter().copied().filter(is_worth_it).min_by_key(price)?;
            Some((overdue, Reverse(started.run.node), place))
        });
        doubled.max().map(|(_, Reverse(node), place)| (node, place))
    }

    /// A run gets a twin on a machine, its only one.
    pub fn double(&mut self, node: NodeId, place: usize, now: Instant) {
        let first = self.machines.iter_mut().find_map(|machine| machine.running.get_mut(&node));
        if let Some(first) = first {
            first.may_be_doubled = false;
            let (run, able) = (first.run.clone(), first.able.clone());
            self.machines[place].start(run, able, now, true);
        }
    }

    /// A run is being stopped on a machine.
    pub fn give_up(&mut self, node: NodeId, place: usize) {
        if let Some(started) = self.machines[place].running.get_mut(&node) {
            started.may_be_doubled = false;
        }
    }

    /// A run is no longer under way on a machine.
    pub fn done(&mut self, node: NodeId, place: usize) {
        self.machines[place].running.remove(&node);
    }

    /// A machine has these trees from now on.
    pub fn has(&mut self, place: usize, trees: impl IntoIterator<Item = TreeId>) {
        self.machines[place].has(trees);
    }

    /// Others have all of a machine but what runs there, and are asked again some time.
    pub fn leased_out(&mut self, place: usize, now: Instant, until: Instant) {
        self.machines[place].leased_out(now, until);
    }

    /// A slot of a machine was to be had.
    pub fn leased(&mut self, place: usize) {
        self.machines[place].leased();
    }

    /// Whether a machine is still to be had.
    pub fn is_gone(&self, place: usize) -> bool {
        self.machines[place].is_gone
    }

    /// A machine is not to be had any more; gives what waited and now has nowhere to go, and waits no longer.
    pub fn lose(&mut self, place: usize) -> Vec<NodeId> {
        self.machines[place].is_gone = true;
        let machines = &self.machines;
        let lost = self.lines.extract_if(.., |able, _| able.iter().all(|place| machines[*place].is_gone));
        let stranded: Vec<NodeId> = lost.flat_map(|(_, line)| line.waiting).map(|(_, node)| node).collect();
        stranded.iter().for_each(|node| drop(self.waiting.remove(node)));
        stranded
    }

    /// How many jobs of its own a run that starts now should use: all of a machine when it is alone there, its share
    /// otherwise.
    pub fn share(&self, place: usize) -> u32 {
        let machine = &self.machines[place];
        let waiting = self.lines.iter().filter(|(able, _)| able.contains(&place)).map(|(_, line)| line.waiting.len());
        let busy = (machine.running.len() + waiting.sum::<usize>()).clamp(1, machine.slots());
        u32::try_from(machine.slots().div_ceil(busy)).unwrap_or(u32::MAX)
    }

    /// Whether something may start because time has gone by, though nothing has ended.
    pub fn is_waiting_for_time(&self) -> bool {
        let may_be_stuck = self.machines.len() > 1 && self.machines.iter().any(|machine| !machine.running.is_empty());
        may_be_stuck || !self.waiting.is_empty()
    }

    /// Nothing more shall start.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    struct Build {
        fleet: Fleet,
        now: Instant,
    }

    /// A run that takes a minute.
    fn ready(node: u32, priority: u64, memory: u64) -> Ready {
        let expected = Some(Duration::from_secs(60));
        Ready { node: NodeId(node), priority, memory, expected, layers: Vec::new() }
    }

    impl Build {
        /// Machines with so many slots, that cost so much.
        fn new(machines: &[(usize, u32)]) -> Self {
            let machines = machines.iter().map(|(slots, cost)| Load::new(*slots, 0, *cost, 0)).collect();
            Self { fleet: Fleet::new(machines), now: Instant::now() }
        }

        fn push(&mut self, node: u32, able: &[usize], priority: u64, seconds: u64) {
            let expected = Some(Duration::from_secs(seconds));
            self.fleet.push(Ready { expected, ..ready(node, priority, GIB) }, able.to_vec());
        }

        fn started(&mut self) -> Vec<(u32, usize)> {
            std::iter::from_fn(|| self.fleet.pop(self.now)).map(|(node, place)| (node.0, place)).collect()
        }

        fn twin(&mut self) -> Option<(u32, usize)> {
            let (node, place) = self.fleet.stuck(self.now, Duration::from_secs(60))?;
            self.fleet.double(node, place, self.now);
            Some((node.0, place))
        }

        fn after(&mut self, seconds: u64) -> &mut Self {
            self.now += Duration::from_secs(seconds);
            self
        }
    }

    #[test]
    fn the_most_urgent_comes_first_and_slots_are_kept() {
        let mut build = Build::new(&[(2, 1)]);
        for (node, priority) in [(1, 5), (2, 9), (3, 7)] {
            build.push(node, &[0], priority, 1);
        }
        assert_eq!(build.started(), [(2, 0), (3, 0)]);
        build.fleet.done(NodeId(2), 0);
        assert_eq!(build.started(), [(1, 0)]);
    }

    #[test]
    fn who_is_full_keeps_nobody_from_another() {
        let mut build = Build::new(&[(1, 1), (2, 1)]);
        for (node, able, priority) in [(0, &[0][..], 9), (1, &[0], 8), (2, &[0, 1], 1), (3, &[1], 7), (4, &[0, 1], 2)] {
            build.push(node, able, priority, 1);
        }
        assert_eq!((build.fleet.top(build.now), build.fleet.free(build.now)), (Some(9), 3));
        assert_eq!(build.started(), [(0, 0), (3, 1), (4, 1)]);
        assert_eq!((build.fleet.top(build.now), build.fleet.free(build.now)), (None, 0));
        build.fleet.done(NodeId(3), 1);
        assert_eq!(build.fleet.top(build.now), Some(1));
        assert_eq!(build.started(), [(2, 1)]);
        build.fleet.clear();
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.started(), []);
    }

    #[test]
    fn what_is_dear_is_used_where_waiting_would_take_longer() {
        let mut build = Build::new(&[(1, 1), (1, 10)]);
        for node in 0..3 {
            build.push(node, &[0, 1], 10 - u64::from(node), 60);
        }
        // The second waits for the cheap machine: a minute of that and one of its own are less than ten.
        assert_eq!(build.started(), [(0, 0)]);
        build.push(3, &[1], 1, 60);
        assert_eq!(build.started(), [(3, 1)]);
        build.fleet.done(NodeId(3), 1);
        // What lasts longer and longer is not waited for.
        assert_eq!(build.after(900).started(), [(1, 1)]);
    }

    #[test]
    fn what_is_dear_is_used_where_many_wait() {
        let mut build = Build::new(&[(1, 1), (1, 10)]);
        for node in 0..20 {
            build.push(node, &[0, 1], 100 - u64::from(node), 60);
        }
        // The tenth of those who wait would be done after eleven minutes.
        assert_eq!(build.started(), [(0, 0), (10, 1)]);
    }

    #[test]
    fn two_who_were_overtaken_do_not_wait_for_each_other() {
        let machines = vec![Load::new(4, 100, 1, 0), Load::new(4, 0, 16, 0)];
        let mut build = Build { fleet: Fleet::new(machines), now: Instant::now() };
        build.fleet.push(ready(1, 9, 80), vec![0]);
        build.fleet.push(ready(2, 8, 80), vec![0, 1]);
        build.fleet.lines.values_mut().for_each(|line| line.overtaken = MOST_OVERTAKEN);
        assert_eq!(build.started(), [(1, 0)]);
        build.fleet.done(NodeId(1), 0);
        assert_eq!(build.started(), [(2, 0)]);
    }

    #[test]
    fn who_takes_the_memory_of_another_line_overtakes_it() {
        let machines = vec![Load::new(4, 100, 1, 0), Load::new(1, 0, 1, 0)];
        let mut build = Build { fleet: Fleet::new(machines), now: Instant::now() };
        build.fleet.push(ready(0, 9, 50), vec![0]);
        assert_eq!(build.started(), [(0, 0)]);
        build.fleet.push(ready(1, 8, 60), vec![0]);
        build.fleet.push(ready(2, 7, 1), vec![1]);
        assert_eq!(build.started(), [(2, 1)]);
        for node in 3..30 {
            build.fleet.push(ready(node, 1, 1), vec![0, 1]);
        }
        let mut overtakers = 0;
        while let Some((node, place)) = build.fleet.pop(build.now) {
            build.fleet.done(node, place);
            overtakers += 1;
        }
        assert_eq!(overtakers, MOST_OVERTAKEN);
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.fleet.pop(build.now), Some((NodeId(1), 0)));
    }

    #[test]
    fn memory_is_kept_but_nobody_starves() {
        let machine = Load::new(8, 100 * GIB, 1, 0);
        let mut build = Build { fleet: Fleet::new(vec![machine]), now: Instant::now() };
        let run = |node, priority, memory| ready(node, priority, memory * GIB);
        build.fleet.push(run(0, 9, 60), vec![0]);
        build.fleet.push(run(1, 8, 60), vec![0]);
        assert_eq!(build.started(), [(0, 0)]);
        for node in 2..40 {
            build.fleet.push(run(node, 1, 1), vec![0]);
        }
        let mut overtakers = 0;
        while let Some((node, place)) = build.fleet.pop(build.now) {
            build.fleet.done(node, place);
            overtakers += 1;
        }
        assert_eq!(overtakers, MOST_OVERTAKEN);
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.fleet.pop(build.now), Some((NodeId(1), 0)));
        let machine = Load::new(8, 100, 1, 0);
        let mut build = Build { fleet: Fleet::new(vec![machine]), now: Instant::now() };
        build.fleet.push(run(0, 9, 1), vec![0]);
        build.fleet.push(run(1, 8, 0), vec![0]);
        // What needs more than there is runs alone.
        assert_eq!(build.started(), [(0, 0)]);
    }

    #[test]
    fn nobody_of_another_line_takes_what_a_starving_one_waits_for() {
        let machines = vec![Load::new(2, 0, 1, 0), Load::new(1, 0, 1, 0)];
        let mut build = Build { fleet: Fleet::new(machines), now: Instant::now() };
        build.push(0, &[0], 9, 10);
        build.push(1, &[0], 9, 10);
        build.started();
        build.push(2, &[0], 5, 10);
        build.fleet.lines.get_mut(&vec![0]).unwrap().overtaken = MOST_OVERTAKEN;
        build.push(3, &[0, 1], 9, 10);
        assert_eq!(build.started(), [(3, 1)]);
        build.fleet.done(NodeId(0), 0);
        build.push(4, &[0, 1], 9, 10);
        assert_eq!(build.started(), [(2, 0)]);
    }

    #[test]
    fn data_stays_where_it_is() {
        let tree = |text: &str| TreeId(xb_core::Digest::of(text.as_bytes()));
        let machines = (0..3).map(|place| Load::new(4, 0, 1, u32::from(place == 2))).collect();
        let mut build = Build { fleet: Fleet::new(machines), now: Instant::now() };
        let push = |build: &mut Build, node, layers: &[&str]| {
            let layers = layers.iter().map(|text| tree(text)).collect();
            build.fleet.push(Ready { layers, ..ready(node, 1, 0) }, vec![0, 1, 2]);
            build.started()
        };
        assert_eq!(push(&mut build, 1, &["base"]), [(1, 0)]);
        build.fleet.has(0, [tree("base")]);
        build.fleet.has(1, [tree("zlib")]);
        build.fleet.has(2, [tree("zlib"), tree("base"), tree("more")]);
        assert_eq!(push(&mut build, 2, &["zlib"]), [(2, 1)]);
        assert_eq!(push(&mut build, 3, &["zlib", "base"]), [(3, 0)]);
        // One that is asked later is not asked because it has more.
        assert_eq!(push(&mut build, 4, &["more"]), [(4, 0)]);
    }

    #[test]
    fn who_is_stuck_gets_one_twin() {
        let mut build = Build::new(&[(1, 1), (1, 1), (1, 1)]);
        build.push(0, &[0, 1, 2], 1, 100);
        build.push(1, &[0, 1], 1, 100);
        assert_eq!(build.started(), [(0, 0), (1, 1)]);
        assert_eq!(build.after(299).twin(), None);
        build.after(2);
        assert_eq!(build.twin(), Some((0, 2)));
        // The other one has no machine that is free, and this one has its twin.
        assert_eq!(build.after(1000).twin(), None);
        build.fleet.done(NodeId(0), 2);
        build.fleet.give_up(NodeId(0), 0);
        assert_eq!(build.twin(), None);
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.twin(), Some((1, 0)));
    }

    #[test]
    fn what_nobody_knows_has_more_patience() {
        let mut build = Build::new(&[(1, 1), (1, 1)]);
        build.fleet.push(Ready { expected: None, ..ready(0, 1, 0) }, vec![0, 1]);
        assert_eq!(build.started(), [(0, 0)]);
        assert_eq!(build.after(359).twin(), None);
        assert!(build.after(2).twin().is_some());
    }

    #[test]
    fn who_is_gone_is_done_without() {
        let mut build = Build::new(&[(1, 1), (1, 1)]);
        build.push(0, &[0], 2, 1);
        build.push(1, &[0], 1, 1);
        build.push(2, &[0, 1], 1, 1);
        assert_eq!(build.started(), [(0, 0), (2, 1)]);
        build.push(3, &[0, 1], 1, 1);
        assert_eq!(build.fleet.lose(0), [NodeId(1)]);
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.started(), []);
        build.fleet.done(NodeId(2), 1);
        assert_eq!(build.started(), [(3, 1)]);
    }

    #[test]
    fn what_others_have_is_waited_for() {
        let mut build = Build::new(&[(1, 1)]);
        build.push(0, &[0], 1, 1);
        let refuse = |build: &mut Build| {
            build.fleet.leased_out(0, build.now, build.now + Duration::from_secs(1));
        };
        refuse(&mut build);
        assert!(build.started().is_empty() && build.fleet.is_waiting_for_time());
        assert_eq!(build.after(1).started(), [(0, 0)]);
        assert!(!build.fleet.is_waiting_for_time());
        // What this build has given back it may take again.
        refuse(&mut build);
        build.push(1, &[0], 1, 1);
        assert_eq!(build.started(), []);
        build.fleet.done(NodeId(0), 0);
        assert_eq!(build.started(), [(1, 0)]);
        // Nobody waits longer for others than they have had it.
        let mut build = Build::new(&[(1, 1), (1, 16)]);
        build.push(0, &[0, 1], 1, 60);
        for _ in 0..900 {
            refuse(&mut build);
            assert_eq!(build.started(), []);
            build.after(1);
        }
        build.after(1);
        refuse(&mut build);
        assert_eq!(build.started(), [(0, 1)]);
    }

    #[test]
    fn jobs_are_shared() {
        let mut build = Build::new(&[(4, 1)]);
        build.push(0, &[0], 0, 1);
        assert_eq!(build.started(), [(0, 0)]);
        assert_eq!(build.fleet.share(0), 4);
        build.push(1, &[0], 0, 1);
        build.started();
        assert_eq!(build.fleet.share(0), 2);
    }
}
