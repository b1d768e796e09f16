//! One build, from its goals to its end.
//!
//! A single task owns all state; work runs in tasks of its own, each of which ends with a message. What can be
//! answered without work (composed trees, choices, runs whose results are known) never becomes a task, and results
//! are looked up many at a time, so that a build with nothing to do costs microseconds for each node.
//!
//! A node's life: not needed, *waiting* for its inputs, *working*, and then *done* or *failed*. Only [`demand`] makes
//! a node needed, and it demands of a choice only the option that is its turn.
//!
//! Where results are shared, what is known is looked for from the goals downwards before anything is demanded; what is
//! made of nothing else then is only brought.
//!
//! A run's way: look up by its inputs' keys, *resolve* (compose the root), look up by the resolved action, *queue*,
//! lock, run.
//!
//! [`demand`]: Scheduler::demand

mod answer;
mod demand;
mod fall_back;
mod finish;
mod foresee;
mod messages;
mod offers;
mod run;
mod search;
mod sharing;
mod start;
mod states;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::task::JoinSet;
use xb_core::ActionId;
use xb_graph::{ActionResult, Graph, Node, NodeId, ResolvedAction};

use self::fall_back::Tried;
use self::sharing::Known;
use self::start::Urgency;
use self::states::States;
use crate::lanes::Lanes;
use crate::locks::LockGuard;
use crate::parts::RunParts;
use crate::plan::Plan;
use crate::queue::Queue;
use crate::work::Message;
use crate::{Builder, Cancel, Options};

/// One build.
pub(crate) struct Scheduler<'a> {
    builder: &'a Builder,
    graph: &'a Arc<Graph>,
    goals: &'a [NodeId],
    options: &'a Options,
    rebuild: FxHashSet<NodeId>,

    plan: Plan,
    states: States,
    /// How far each choice is down its ladder.
    choices: FxHashMap<NodeId, Tried>,
    /// Nodes whose inputs are all done.
    ready: Vec<NodeId>,
    runs: FxHashMap<NodeId, PendingRun>,
    /// Who waits for which action; the first of them runs it.
    actions: FxHashMap<ActionId, Vec<NodeId>>,
    /// What is known before anything is done.
    known: Known,
    urgency: Option<Urgency>,
    /// Runs to be resolved, and runs that are; the most urgent comes first.
    to_resolve: BTreeSet<(Reverse<u64>, NodeId)>,
    /// How many are resolved at a time.
    resolvers: usize,
    resolving: BTreeSet<(Reverse<u64>, NodeId)>,
    queue: Lanes,
    /// Whether it was told what is ahead.
    is_told: bool,
    /// Executors whose machines are not to be had, by their places.
    gone: BTreeSet<usize>,

    tasks: JoinSet<Message>,
    task_nodes: FxHashMap<tokio::task::Id, NodeId>,
    /// Nothing more starts, and waiting work stops.
    halted: Cancel,
}

/// A run that is on its way.
struct PendingRun {
    parts: RunParts,
    /// Its key over its inputs' keys.
    shallow: ActionId,
    action: Option<Arc<ResolvedAction>>,
    /// Who runs it, by its place among the executors.
    executor: Option<usize>,
    /// Who could not do it when it tried, by their places.
    passed: BTreeSet<usize>,
    guard: Option<LockGuard>,
    /// What is known of it, when it runs all the same.
    before: Option<ActionResult>,
}

impl<'a> Scheduler<'a> {
    pub fn new(builder: &'a Builder, graph: &'a Arc<Graph>, goals: &'a [NodeId], options: &'a Options) -> Self {
        Self {
            builder,
            graph,
            goals,
            options,
            rebuild: rebuilt(graph, options),
            plan: Plan::default(),
            states: States::new(graph.len()),
            choices: FxHashMap::default(),
            ready: Vec::new(),
            runs: FxHashMap::default(),
            actions: FxHashMap::default(),
            known: Known::default(),
            urgency: None,
            to_resolve: BTreeSet::new(),
            resolvers: std::thread::available_parallelism().map_or(2, usize::from),
            resolving: BTreeSet::new(),
            queue: lanes(builder, options),
            is_told: false,
            gone: BTreeSet::new(),
            tasks: JoinSet::new(),
            task_nodes: FxHashMap::default(),
            halted: Cancel::default(),
        }
    }
}

/// A lane for each executor.
fn lanes(builder: &Builder, options: &Options) -> Lanes {
    let lane = |slots| match slots {
        0 => Queue::new(options.jobs, options.memory),
        slots => Queue::new(slots, 0),
    };
    Lanes::new(builder.executors.iter().map(|executor| lane(executor.slots())).collect())
}

/// The runs that are to run again: choices stand for all of their options.
fn rebuilt(graph: &Graph, options: &Options) -> FxHashSet<NodeId> {
    let mut runs = FxHashSet::default();
    for node in &options.rebuild {
        match graph.node(*node) {
            Node::Choice(choice) => runs.extend(choice.options.iter().map(|(_, run)| *run)),
            _ => drop(runs.insert(*node)),
        }
    }
    runs
}
