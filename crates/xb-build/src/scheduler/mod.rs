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
mod place;
mod run;
mod search;
mod sharing;
mod start;
mod states;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::task::{AbortHandle, JoinSet};
use xb_core::ActionId;
use xb_graph::{ActionResult, Graph, Node, NodeId, ResolvedAction};

use self::fall_back::Tried;
use self::sharing::Known;
use self::start::Urgency;
use self::states::States;
use crate::fleet::Fleet;
use crate::load::Load;
use crate::parts::RunParts;
use crate::plan::Plan;
use crate::work::{Common, Message, Ran};
use crate::{Builder, Cancel, Machine, Options};

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
    fleet: Fleet,
    /// Whether it was told what is ahead.
    is_told: bool,
    /// Machines all of which others have, as was told, by their places.
    leased_out: BTreeSet<usize>,

    tasks: JoinSet<Message>,
    /// What each task is about, and the machine that it runs on.
    task_nodes: FxHashMap<tokio::task::Id, (NodeId, Option<usize>)>,
    /// Nothing more starts, and waiting work stops.
    halted: Cancel,
}

/// A run that is on its way.
struct PendingRun {
    parts: RunParts,
    /// Its key over its inputs' keys.
    shallow: ActionId,
    action: Option<Arc<ResolvedAction>>,
    /// Where it is under way, by the places of the machines; twice where the first of them seems to be stuck.
    under_way: Vec<(usize, AbortHandle)>,
    /// Who could not do it when it tried, by their places.
    passed: BTreeSet<usize>,
    common: Arc<Common>,
    /// How it ended on one machine while another still runs it, where that may do better.
    aside: Option<(Ran, Duration)>,
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
            fleet: Fleet::new(loads(builder, options)),
            is_told: false,
            leased_out: BTreeSet::new(),
            tasks: JoinSet::new(),
            task_nodes: FxHashMap::default(),
            halted: Cancel::default(),
        }
    }
}

/// What each machine has to do: nothing yet.
fn loads(builder: &Builder, options: &Options) -> Vec<Load> {
    let load = |machine: &Machine| match machine.slots {
        Some(slots) => Load::new(slots, machine.memory, machine.cost, machine.rank),
        None => Load::new(options.jobs, options.memory, machine.cost, machine.rank),
    };
    builder.machines.iter().map(load).collect()
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
