//! Which run starts next, and on which machine.
//!
//! A run that is ready may often run on several machines. Which one is decided when it starts, not before: who is full
//! keeps nobody from another, and who has become free is used. Runs that the same machines can run wait in one line,
//! so that no more is looked at than there are lines, however many runs wait.
//!
//! A machine is chosen by what it costs: the time until it is free and the time of the run, times how dear its seconds
//! are. So what is dear is left to those who can go nowhere else, or would wait too long for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;
use xb_core::TreeId;
use xb_graph::NodeId;

use crate::load::{Load, Wanted};

/// How often a run that finds no machine may be overtaken by others before they wait for it.
const MOST_OVERTAKEN: u32 = 16;

/// How many of a line are looked at when the first of it cannot start.
const LOOK_AHEAD: usize = 64;

/// Runs that the same machines can run, the most urgent first.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<(Reverse<u64>, NodeId)>,
    overtaken: u32,
}

impl Line {
    /// The most urgent of it.
    fn first(&self) -> Option<(Reverse<u64>, NodeId)> {
        self.waiting.first().copied()
    }

    /// Whether others have gone before its first long enough.
    fn is_patient(&self) -> bool {
        self.overtaken < MOST_OVERTAKEN
    }
}

/// The machines, and what waits for them.
#[derive(Debug)]
pub(crate) struct Fleet {
    machines: Vec<Load>,
    /// By the places of the machines that can run what waits there, in their order.
    lines: BTreeMap<Vec<usize>, Line>,
    waiting: FxHashMap<NodeId, Wanted>,
}

impl Fleet {
    pub fn new(machines: Vec<Load>) -> Self {
        Self { machines, lines: BTreeMap::new(), waiting: FxHashMap::default() }
    }

    /// A run waits for one of these machines.
    pub fn push(&mut self, run: Wanted, able: Vec<usize>) {
        self.lines.entry(able).or_default().waiting.insert((Reverse(run.priority), run.node));
        self.waiting.insert(run.node, run);
    }

    /// How urgent the most urgent run is that may find a machine.
    pub fn top(&self, now: Instant) -> Option<u64> {
        let open = self.lines.iter().filter(|(able, _)| able.iter().any(|place| self.machines[*place].free(now) > 0));
        open.filter_map(|(_, line)| line.first()).map(|(Reverse(priority), _)| priority).max()
    }

    /// How many more runs the machines take.
    pub fn free(&self, now: Instant) -> usize {
        self.machines.iter().map(|machine| machine.free(now)).sum()
    }

    /// The next run that may start, the most urgent first, and where; from now on it counts as running.
    pub fn pop(&mut self, now: Instant) -> Option<(NodeId, usize)> {
        let mut lines: Vec<_> = self.lines.iter().filter_map(|(able, line)| Some((line.first()?, able))).collect();
        lines.sort_unstable();
        let kept = self.kept(now);
        let found = lines.into_iter().find_map(|(_, able)| {
            let kept = kept.iter().filter(|(line, _)| *line != able).flat_map(|(_, places)| places);
            let kept: BTreeSet<usize> = kept.copied().collect();
            let (run, place) = self.next_of(able, &kept, now)?;
            Some((able.clone(), run, place))
        });
        let (able, node, place) = found?;
        let run = self.waiting.remove(&node)?;
        if let Some(line) = self.lines.get_mut(&able) {
            let entry = (Reverse(run.priority), node);
            line.overtaken = if line.first() == Some(entry) { 0 } else { line.overtaken + 1 };
            line.waiting.remove(&entry);
            if line.waiting.is_empty() {
                self.lines.remove(&able);
            }
        }
        self.machines[place].start(run, able, now);
        Some((node, place))
    }

    /// The machines that are kept for the first of a line that was overtaken often enough, by the lines.
    fn kept(&self, now: Instant) -> Vec<(&Vec<usize>, BTreeSet<usize>)> {
        let tired = self.lines.iter().filter(|(_, line)| !line.is_patient());
        let kept = tired.filter_map(|(able, line)| {
            let run = self.waiting.get(&line.first()?.1)?;
            let best = self.best(run, able, &BTreeSet::new(), now)?;
            Some((able, BTreeSet::from([best.0])))
        });
        kept.collect()
    }

    fn next_of(&self, able: &[usize], kept: &BTreeSet<usize>, now: Instant) -> Option<(NodeId, usize)> {
        if !able.iter().any(|place| self.machines[*place].free(now) > 0) {
            return None;
        }
        let line = self.lines.get(able)?;
        let ahead = if line.is_patient() { LOOK_AHEAD } else { 1 };
        line.waiting.iter().take(ahead).find_map(|(_, node)| {
            let (place, wait) = self.best(self.waiting.get(node)?, able, kept, now)?;
            wait.is_zero().then_some((*node, place))
        })
    }

    /// The best machine for a run, and how long it would wait for it.
    fn best(&self, run: &Wanted, able: &[usize], kept: &BTreeSet<usize>, now: Instant) -> Option<(usize, Duration)> {
        let able = able.iter().copied().filter(|place| !self.machines[*place].is_gone);
        let best = able.min_by_key(|place| {
            let machine = &self.machines[*place];
            (machine.fitness(run, self.wait(*place, run, kept, now)), *place)
        })?;
        Some((best, self.wait(best, run, kept, now)))
    }

    /// How long a run would wait for a machine; that is kept for another as long as it takes.
    fn wait(&self, place: usize, run: &Wanted, kept: &BTreeSet<usize>, now: Instant) -> Duration {
        let wait = self.machines[place].wait(run.memory, now);
        if kept.contains(&place) { wait.max(run.seconds()) } else { wait }
    }

    /// A run that has lasted much longer than one would think, and a machine that is free for a twin of it; from now on
    /// the twin counts as running.
    pub fn twin(&mut self, now: Instant, patience: Duration) -> Option<(NodeId, usize)> {
        let stuck = self.machines.iter().flat_map(|machine| machine.running.values()).filter_map(|started| {
            let overdue = started.overdue(now, patience)?;
            let node = started.run.node;
            if self.machines.iter().filter(|machine| machine.running.contains_key(&node)).count() > 1 {
                return None;
            }
            let others = started.able.iter().copied().filter(|place| {
                let machine = &self.machines[*place];
                !machine.running.contains_key(&node) && machine.wait(started.run.memory, now).is_zero()
            });
            let best = |place: &usize| (self.machines[*place].fitness(&started.run, Duration::ZERO), *place);
            Some((overdue, started, others.min_by_key(best)?))
        });
        let (_, started, place) = stuck.max_by_key(|(overdue, started, _)| (*overdue, Reverse(started.run.node)))?;
        let (run, able) = (started.run.clone(), started.able.clone());
        let node = run.node;
        self.machines[place].start(run, able, now);
        Some((node, place))
    }

    /// A run is being stopped on a machine.
    pub fn give_up(&mut self, node: NodeId, place: usize) {
        if let Some(started) = self.machines[place].running.get_mut(&node) {
            started.is_given_up = true;
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

    /// Nothing starts on a machine for a while.
    pub fn pause(&mut self, place: usize, until: Instant) {
        self.machines[place].pause(until);
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
    pub fn is_waiting_for_time(&self, now: Instant) -> bool {
        let is_busy = !self.waiting.is_empty() || self.machines.iter().any(|machine| !machine.running.is_empty());
        is_busy && (self.machines.len() > 1 || self.machines.iter().any(|machine| machine.is_paused(now)))
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

    impl Build {
        /// Machines with so many slots, that cost so much.
        fn new(machines: &[(usize, u32)]) -> Self {
            let machines = machines.iter().map(|(slots, cost)| Load::new(*slots, 0, *cost, 0)).collect();
            Self { fleet: Fleet::new(machines), now: Instant::now() }
        }

        fn push(&mut self, node: u32, able: &[usize], priority: u64, seconds: u64) {
            let expected = Some(Duration::from_secs(seconds));
            let run = Wanted { node: NodeId(node), priority, memory: GIB, expected, layers: Vec::new() };
            self.fleet.push(run, able.to_vec());
        }

        fn started(&mut self) -> Vec<(u32, usize)> {
            std::iter::from_fn(|| self.fleet.pop(self.now)).map(|(node, place)| (node.0, place)).collect()
        }

        fn twin(&mut self) -> Option<(u32, usize)> {
            self.fleet.twin(self.now, Duration::from_secs(60)).map(|(node, place)| (node.0, place))
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
    fn memory_is_kept_but_nobody_starves() {
        let machine = Load::new(8, 100 * GIB, 1, 0);
        let mut build = Build { fleet: Fleet::new(vec![machine]), now: Instant::now() };
        let run = |node, priority, memory| Wanted {
            node: NodeId(node),
            priority,
            memory: memory * GIB,
            expected: None,
            layers: Vec::new(),
        };
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
        let machines = (0..3).map(|place| Load::new(4, 0, 1, usize::from(place == 2))).collect();
        let mut build = Build { fleet: Fleet::new(machines), now: Instant::now() };
        let push = |build: &mut Build, node, layers: &[&str]| {
            let layers = layers.iter().map(|text| tree(text)).collect();
            let run = Wanted { node: NodeId(node), priority: 1, memory: 0, expected: None, layers };
            build.fleet.push(run, vec![0, 1, 2]);
            build.started()
        };
        assert_eq!(push(&mut build, 1, &["base"]), [(1, 0)]);
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
        let run = Wanted { node: NodeId(0), priority: 1, memory: 0, expected: None, layers: Vec::new() };
        build.fleet.push(run, vec![0, 1]);
        assert_eq!(build.started(), [(0, 0)]);
        assert_eq!(build.after(899).twin(), None);
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
        build.fleet.pause(0, build.now + Duration::from_secs(1));
        assert!(build.started().is_empty() && build.fleet.is_waiting_for_time(build.now));
        assert_eq!(build.after(1).started(), [(0, 0)]);
        assert!(!build.fleet.is_waiting_for_time(build.now));
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
