//! What is started next.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;
use xb_graph::{Node, NodeId, Run};

use super::{PendingRun, Scheduler};
use crate::failure::Why;
use crate::load::GUESSED;
use crate::memory::{Effort, efforts};
use crate::work::{Lease, Message, Running, resolve_run, source_of};
use crate::{Event, Sharing};

/// A run of which nothing is remembered is taken to use so much memory.
const GUESSED_MEMORY: u64 = 512 << 20;
/// What brings a source is taken to last so long.
const SOURCE_MILLISECONDS: u64 = 3_000;
/// How much longer than it did a run may last, where nobody says: what it is made from may have to be sent first.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// A machine all of which others have is asked again after this.
const LEASED_OUT: Duration = Duration::from_millis(900);

/// How urgent each node is, and how much memory and time each run is expected to use.
#[derive(Debug)]
pub(super) struct Urgency {
    priorities: FxHashMap<NodeId, u64>,
    memory: FxHashMap<NodeId, u64>,
    times: FxHashMap<NodeId, Duration>,
}

impl Scheduler<'_> {
    /// Starts as much as may run now.
    pub(super) fn start(&mut self) {
        if self.halted.is_cancelled() {
            return;
        }
        while self.resolving.len() < self.resolvers
            && let Some(next) = self.to_resolve.pop_first()
        {
            self.resolving.insert(next);
            self.start_resolving(next.1);
        }
        let now = Instant::now();
        while !self.is_worth_waiting(now) {
            let Some((id, place)) = self.fleet.pop(now) else {
                return self.start_twins(now);
            };
            self.tell_what_is_ahead();
            self.start_running(id, place);
        }
    }

    /// Whether the free jobs should be kept for more urgent runs: they are about to be resolved, which takes
    /// milliseconds, while what would start now may take minutes.
    fn is_worth_waiting(&self, now: Instant) -> bool {
        let (Some(top), free) = (self.fleet.top(now), self.fleet.free(now)) else {
            return false;
        };
        let above = |runs: &BTreeSet<(Reverse<u64>, NodeId)>| {
            runs.iter().take(free).take_while(|(Reverse(priority), _)| *priority > top).count()
        };
        let more_urgent = above(&self.resolving) + above(&self.to_resolve);
        more_urgent > 0 && more_urgent >= free
    }

    pub(super) fn resolve_later(&mut self, id: NodeId) {
        let priority = self.priority(id);
        self.to_resolve.insert((Reverse(priority), id));
    }

    fn start_resolving(&mut self, id: NodeId) {
        let Some(pending) = self.runs.get(&id) else {
            return self.no_longer_resolving(id);
        };
        let (builder, graph) = (self.builder.clone(), self.graph.clone());
        let parts = pending.parts.clone();
        let handle = self.tasks.spawn_blocking(move || match graph.node(id) {
            Node::Run(run) => resolve_run(&builder, &graph, id, run, &parts),
            _ => Message::Resolved(id, Err(Why::Bug("only runs are resolved".to_owned()))),
        });
        self.task_nodes.insert(handle.id(), (id, None));
    }

    pub(super) fn no_longer_resolving(&mut self, id: NodeId) {
        self.resolving.retain(|(_, other)| *other != id);
    }

    /// Starts a run on a machine, unless others have all of that.
    fn start_running(&mut self, id: NodeId, place: usize) {
        match self.lease(place) {
            Ok(Some(lease)) => self.run_at(id, place, lease),
            Ok(None) => self.wait_for_lease(id, place),
            Err(message) => {
                self.fleet.done(id, place);
                self.ran(id, Err(Why::Store(message)), Duration::ZERO);
            }
        }
    }

    fn run_at(&mut self, id: NodeId, place: usize, lease: Lease) {
        let again = self.rebuild.contains(&id);
        let may_ask = self.builder.shared.is_some() && self.options.sharing != Sharing::Give;
        let needed = (may_ask && !self.known.is_only_here(id)).then(|| self.needed(id));
        let share = self.fleet.share(place);
        let Some(PendingRun { action: Some(action), common, under_way, .. }) = self.runs.get_mut(&id) else {
            return self.fleet.done(id, place);
        };
        let cpus = action.limits.cpus;
        let running = Running {
            builder: self.builder.clone(),
            graph: self.graph.clone(),
            node: id,
            action: Arc::clone(action),
            place,
            executor: Arc::clone(&self.builder.machines[place].executor),
            common: Arc::clone(common),
            lease,
            jobs: if cpus == 0 { share } else { share.min(cpus) },
            keep_failed: self.options.keep_failed,
            again,
            needed,
            cancel: self.options.cancel.clone(),
        };
        let task = self.tasks.spawn(running.ran());
        self.task_nodes.insert(task.id(), (id, Some(place)));
        under_way.push((place, task));
    }

    /// The right to use a machine, where others share it; none while they have all of it.
    fn lease(&mut self, place: usize) -> Result<Option<Lease>, String> {
        let machine = &self.builder.machines[place];
        let (Some(name), Some(slots)) = (&machine.lease, machine.slots) else { return Ok(Some(None)) };
        let lease = self.builder.locks.try_lease(name, slots)?;
        if lease.is_some() {
            self.fleet.leased(place);
        }
        Ok(lease.map(Some))
    }

    /// Other processes have all of a machine.
    fn wait_for_lease(&mut self, id: NodeId, place: usize) {
        self.fleet.done(id, place);
        let now = Instant::now();
        self.fleet.leased_out(place, now, now + LEASED_OUT);
        if self.leased_out.insert(place) {
            let name = self.builder.machines[place].name();
            let message = format!("other builds use all slots of `{name}`: what needs it waits for them");
            self.builder.events.event(Event::Warned { message });
        }
        self.enqueue(id);
    }

    /// Has what seems to be stuck run a second time, where a machine has nothing else to do: who ends first counts.
    fn start_twins(&mut self, now: Instant) {
        let patience = self.options.patience.unwrap_or(PATIENCE);
        while !self.halted.is_cancelled()
            && let Some((id, place)) = self.fleet.stuck(now, patience)
        {
            // What cannot be had now may be had later: nobody waits for it.
            let Ok(Some(lease)) = self.lease(place) else {
                self.fleet.leased_out(place, now, now + LEASED_OUT);
                continue;
            };
            self.tell_of_twin(id, place);
            self.fleet.double(id, place, now);
            self.run_at(id, place, lease);
        }
    }

    fn tell_of_twin(&self, id: NodeId, place: usize) {
        let first = self.runs.get(&id).and_then(|pending| pending.under_way.first());
        let Some((first, _)) = first else { return };
        let (first, other) = (self.builder.machines[*first].name(), self.builder.machines[place].name());
        let title = self.title(id);
        let message =
            format!("{title} lasts much longer at `{first}` than one would think: it is run at `{other}` as well");
        self.builder.events.event(Event::Warned { message });
    }

    /// Whether some machine runs it now.
    pub(super) fn is_under_way(&self, id: NodeId) -> bool {
        self.runs.get(&id).is_some_and(|pending| !pending.under_way.is_empty())
    }

    pub(super) fn spawn(&mut self, id: NodeId, task: impl Future<Output = Message> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.task_nodes.insert(handle.id(), (id, None));
    }

    pub(super) fn priority(&mut self, id: NodeId) -> u64 {
        self.urgency().priorities.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn expected_memory(&mut self, id: NodeId) -> u64 {
        let memory = self.urgency().memory.get(&id).copied();
        memory.unwrap_or(GUESSED_MEMORY)
    }

    /// How long it took, where that is remembered.
    pub(super) fn expected_time(&mut self, id: NodeId) -> Option<Duration> {
        self.urgency().times.get(&id).copied()
    }

    /// Computed when something has to run at all, and again when more is needed than was.
    fn urgency(&mut self) -> &Urgency {
        let (plan, graph, builder) = (&self.plan, self.graph, self.builder);
        self.urgency.get_or_insert_with(|| {
            let nodes = plan.nodes();
            let runs = nodes.iter().filter_map(|id| Some((*id, run_of(graph.node(*id))?)));
            let runs: Vec<(NodeId, &Run)> = runs.collect();
            let known = efforts(&*builder.memory, runs.iter().map(|(id, run)| (graph.origin(*id), *run)));
            let efforts = runs.iter().zip(known);
            let efforts: FxHashMap<NodeId, Effort> =
                efforts.filter_map(|((id, _), effort)| Some((*id, effort?))).collect();
            let guessed = u64::try_from(GUESSED.as_millis()).unwrap_or(u64::MAX);
            let weight = |id: NodeId| match graph.node(id) {
                Node::Run(_) => efforts.get(&id).map_or(guessed, |effort| effort.milliseconds.max(1)),
                node if source_of(node).is_some() => SOURCE_MILLISECONDS,
                _ => 0,
            };
            let memory = runs.iter().map(|(id, run)| {
                let most = if run.limits.memory == 0 { u64::MAX } else { run.limits.memory };
                // Not every executor tells how much it was.
                let effort = efforts.get(id).map(|effort| effort.peak_memory).filter(|peak| *peak > 0);
                (*id, effort.unwrap_or(GUESSED_MEMORY).min(most))
            });
            let times = efforts.iter().map(|(id, effort)| (*id, Duration::from_millis(effort.milliseconds)));
            Urgency { priorities: plan.priorities(weight), memory: memory.collect(), times: times.collect() }
        })
    }

    /// Tells how much there is to do.
    pub(super) fn announce(&self) {
        let is_work = |id: &NodeId| {
            let node = self.graph.node(*id);
            run_of(node).is_some() || source_of(node).is_some()
        };
        let total = self.plan.nodes().iter().filter(|id| is_work(id)).count();
        self.builder.events.event(Event::Planned { total });
    }
}

fn run_of(node: &Node) -> Option<&Run> {
    match node {
        Node::Run(run) => Some(run),
        _ => None,
    }
}
