//! What is started next.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use xb_graph::{Node, NodeId, Run};

use super::Scheduler;
use crate::memory::{Effort, efforts};
use crate::work::{Message, Running, resolve_run, source_of};
use crate::{Event, Sharing};

/// A run of which nothing is remembered is taken to last so long...
const GUESSED_MILLISECONDS: u64 = 10_000;
/// ...and to use so much memory.
const GUESSED_MEMORY: u64 = 512 << 20;
/// What brings a source is taken to last so long.
const SOURCE_MILLISECONDS: u64 = 3_000;

/// How urgent each node is, and how much memory each run is expected to use.
#[derive(Debug)]
pub(super) struct Urgency {
    priorities: FxHashMap<NodeId, u64>,
    memory: FxHashMap<NodeId, u64>,
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
        while !self.is_worth_waiting()
            && let Some(id) = self.queue.pop()
        {
            self.tell_what_is_ahead();
            self.start_running(id);
        }
    }

    /// Whether the free jobs should be kept for more urgent runs: they are about to be resolved, which takes
    /// milliseconds, while what would start now may take minutes.
    fn is_worth_waiting(&self) -> bool {
        let Some(top) = self.queue.top() else {
            return false;
        };
        let above = |runs: &BTreeSet<(Reverse<u64>, NodeId)>| {
            runs.iter().take(self.queue.free()).take_while(|(Reverse(priority), _)| *priority > top).count()
        };
        let more_urgent = above(&self.resolving) + above(&self.to_resolve);
        more_urgent > 0 && more_urgent >= self.queue.free()
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
            _ => Message::Contended(id),
        });
        self.task_nodes.insert(handle.id(), id);
    }

    pub(super) fn no_longer_resolving(&mut self, id: NodeId) {
        self.resolving.retain(|(_, other)| *other != id);
    }

    fn start_running(&mut self, id: NodeId) {
        let again = self.rebuild.contains(&id);
        let may_ask = self.builder.shared.is_some() && self.options.sharing != Sharing::Give;
        let needed = (may_ask && !self.known.is_only_here(id)).then(|| self.needed(id));
        if self.has_lost_its_executor(id) {
            self.queue.done(id);
            return self.moves_on(id);
        }
        let Some(pending) = self.runs.get_mut(&id) else {
            return self.queue.done(id);
        };
        let executor = pending.executor.and_then(|place| self.builder.executors.get(place));
        let (Some(action), Some(executor)) = (&pending.action, executor) else {
            return self.queue.done(id);
        };
        let share = self.queue.share(id);
        let cpus = action.limits.cpus;
        let running = Running {
            builder: self.builder.clone(),
            graph: self.graph.clone(),
            node: id,
            action: Arc::clone(action),
            executor: Arc::clone(executor),
            guard: pending.guard.take(),
            jobs: if cpus == 0 { share } else { share.min(cpus) },
            keep_failed: self.options.keep_failed,
            again,
            needed,
            cancel: self.options.cancel.clone(),
        };
        self.spawn(id, running.ran());
    }

    pub(super) fn spawn(&mut self, id: NodeId, task: impl Future<Output = Message> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.task_nodes.insert(handle.id(), id);
    }

    pub(super) fn enqueue(&mut self, id: NodeId) {
        let (priority, memory) = (self.priority(id), self.expected_memory(id));
        let lane = self.runs.get(&id).and_then(|pending| pending.executor).unwrap_or(0);
        self.queue.push(id, lane, priority, memory);
    }

    fn priority(&mut self, id: NodeId) -> u64 {
        self.urgency().priorities.get(&id).copied().unwrap_or(0)
    }

    fn expected_memory(&mut self, id: NodeId) -> u64 {
        let memory = self.urgency().memory.get(&id).copied();
        memory.unwrap_or(GUESSED_MEMORY)
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
            let weight = |id: NodeId| match graph.node(id) {
                Node::Run(_) => efforts.get(&id).map_or(GUESSED_MILLISECONDS, |effort| effort.milliseconds.max(1)),
                node if source_of(node).is_some() => SOURCE_MILLISECONDS,
                _ => 0,
            };
            let memory = runs.iter().map(|(id, run)| {
                let most = if run.limits.memory == 0 { u64::MAX } else { run.limits.memory };
                // Not every executor tells how much it was.
                let effort = efforts.get(id).map(|effort| effort.peak_memory).filter(|peak| *peak > 0);
                (*id, effort.unwrap_or(GUESSED_MEMORY).min(most))
            });
            Urgency { priorities: plan.priorities(weight), memory: memory.collect() }
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
