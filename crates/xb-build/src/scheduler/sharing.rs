//! What is known already, here or at others, looked for from the goals downwards: what is made of something is asked for
//! before that is, and what is known needs nothing below it.
//!
//! Everything that is asked for at one time is asked together, so that the number of turns is that of the steps from a
//! goal down to what is known, however many nodes there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::task::JoinSet;
use xb_core::{ActionId, TreeId};
use xb_graph::{ActionResult, Node, NodeId};

use super::Scheduler;
use super::search::{Offered, Search, below, runs_of};
use super::states::Done;
use crate::memory::{known_by_recipe, remember_recipe};
use crate::recipe::Recipes;
use crate::shared::{Made, SharedCache, SharedKey, Wanted, by_paths};
use crate::work::{Message, Needed, source_of};
use crate::{Sharing, Source};

/// What is known of runs before anything is done.
#[derive(Default)]
pub(super) struct Known {
    recipes: Recipes,
    pub offered: FxHashMap<NodeId, Offered>,
    /// Runs whose results turned out not to be had, or not to be enough.
    pub lost: Vec<NodeId>,
    /// Runs that were offered, and are not again.
    pub gone: FxHashSet<NodeId>,
    /// What was brought of runs that are made after all.
    pub partial: FxHashMap<NodeId, Done>,
    /// What others have of these is not enough.
    pub only_here: FxHashSet<NodeId>,
}

impl Known {
    /// Whether a run needs nothing below it.
    pub fn has(&self, run: NodeId) -> bool {
        self.offered.contains_key(&run)
    }

    /// Whether something turned out to be needed that was not looked for.
    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether a run has to run here, if at all: what others have of it is not enough.
    pub fn is_only_here(&self, run: NodeId) -> bool {
        self.only_here.contains(&run)
    }

    /// What others have of a run is not enough.
    pub fn keep_here(&mut self, run: NodeId) {
        self.only_here.insert(run);
    }
}

impl Scheduler<'_> {
    /// Looks for what is known of the goals and of what they need.
    pub(super) async fn look_around(&mut self) {
        let Some(shared) = self.builder.shared.clone() else {
            return;
        };
        let nodes = below(self.graph, self.goals);
        let cancel = self.options.cancel.clone();
        let folders = tokio::select! {
            folders = self.folders(&nodes) => folders,
            () = cancel.cancelled() => return,
        };
        let provider = &self.builder.provider;
        self.known.recipes = Recipes::of(self.graph, &nodes, |id, source| match source {
            Source::Folder(_) => folders.get(&id).map(|tree| tree.0),
            source => provider.pin(source),
        });
        let mut search = Search::default();
        for goal in self.goals {
            for output in self.outputs_of_goal(*goal) {
                search.want(self.graph, *goal, &output);
            }
        }
        if self.search(&*shared, &mut search).await {
            self.give(&search);
            self.settle_on(search);
        }
    }

    /// Looks below runs whose results were offered and are not to be had, or not enough: what they are made of may be.
    pub(super) async fn look_below(&mut self) {
        let lost = std::mem::take(&mut self.known.lost);
        let is_over = lost.is_empty() || self.halted.is_cancelled();
        let Some(shared) = self.builder.shared.clone().filter(|_| !is_over) else {
            return;
        };
        let graph = Arc::clone(self.graph);
        let mut search = Search::default();
        for id in &lost {
            let firsts = self.plan.users(*id).into_iter().filter_map(|user| runs_of(&graph, user).first().copied());
            for run in firsts.filter(|run| self.states.get(*run).is_none()).chain([*id]) {
                for input in graph.node(run).named_outputs() {
                    search.want(&graph, input.node, &input.output);
                }
            }
        }
        if !self.search(&*shared, &mut search).await {
            return;
        }
        self.settle_on(search);
        for id in lost {
            self.states.forget(id);
            let users: Vec<_> = self.plan.users(id).into_iter().filter(|user| self.waits_for(*user, id)).collect();
            let turned = users.iter().filter(|user| self.turn_back(**user, id)).count();
            let is_needed = turned < users.len() || users.is_empty() || self.goals.contains(&id);
            // The first option may have led here again by now.
            if is_needed && self.states.get(id).is_none() {
                self.make_after_all(id);
            }
        }
        self.announce();
    }

    /// Searches until all is known that there is to be known; whether it came to that before somebody asked for a stop.
    async fn search(&mut self, shared: &dyn SharedCache, search: &mut Search) -> bool {
        let cancel = self.options.cancel.clone();
        while !search.fresh.is_empty() {
            tokio::select! {
                () = self.turn(shared, search) => {}
                () = cancel.cancelled() => return false,
            }
        }
        true
    }

    /// The folders of the project: they are part of what is asked for, whatever is known of what is made of them.
    async fn folders(&mut self, nodes: &[NodeId]) -> BTreeMap<NodeId, TreeId> {
        let mut tasks = JoinSet::new();
        for id in nodes.iter().filter(|id| matches!(self.graph.node(**id), Node::Folder(_))) {
            let (id, graph, provider) = (*id, Arc::clone(self.graph), Arc::clone(&self.builder.provider));
            tasks.spawn(async move {
                let source = source_of(graph.node(id))?;
                Some((id, provider.provide(source).await.ok()?))
            });
        }
        let mut folders = BTreeMap::new();
        while let Some(folder) = tasks.join_next().await {
            folders.extend(folder.ok().flatten());
        }
        for id in folders.keys() {
            self.demand(*id);
        }
        folders
    }

    /// Asks for what was met last, and goes down where nothing is known.
    async fn turn(&mut self, shared: &dyn SharedCache, search: &mut Search) {
        let graph = Arc::clone(self.graph);
        let mut fresh = std::mem::take(&mut search.fresh);
        // What is done or under way is known.
        fresh.retain(|unit| self.states.get(*unit).is_none());
        let runs = fresh.iter().flat_map(|unit| runs_of(&graph, *unit));
        let runs: BTreeSet<_> = runs.filter(|run| !search.answers.contains_key(run)).collect();
        let may_be_known = |run: &NodeId| !self.rebuild.contains(run) && !self.known.gone.contains(run);
        let runs: Vec<NodeId> = runs.into_iter().filter(may_be_known).collect();
        self.ask_here(shared, &runs, search);
        let wanted = runs.iter().filter(|run| search.offered(&graph, **run).is_none()).filter_map(|id| {
            let Node::Run(run) = graph.node(*id) else { return None };
            Some((*id, Wanted { key: SharedKey::Recipe(self.known.recipes.get(*id)?), run }))
        });
        let (ids, wanted): (Vec<_>, Vec<_>) = wanted.unzip();
        let is_asked = !wanted.is_empty() && self.options.sharing != Sharing::Give;
        let offers = if is_asked { shared.offers(&wanted).await } else { Vec::new() };
        for (id, offer) in ids.into_iter().zip(offers) {
            search.answers.insert(id, offer.map(Offered::There));
        }
        for unit in fresh {
            search.open(&graph, unit, self.options.sharing == Sharing::Give);
        }
    }

    /// Looks for results that are here.
    fn ask_here(&self, shared: &dyn SharedCache, runs: &[NodeId], search: &mut Search) {
        let recipes: Vec<_> = runs.iter().filter_map(|run| Some((*run, self.known.recipes.get(*run)?))).collect();
        let wanted = recipes.iter().map(|(_, recipe)| *recipe);
        let known = known_by_recipe(&*self.builder.memory, shared.scope(), wanted);
        let known: Vec<_> = recipes.iter().zip(known).filter_map(|((run, _), action)| Some((*run, action?))).collect();
        let actions: Vec<_> = known.iter().map(|(_, action)| *action).collect();
        // A store that cannot be read is told about when something is to be written to it.
        let results = self.builder.cache.results(&actions).unwrap_or_default();
        for ((run, action), result) in known.into_iter().zip(results) {
            let believed = |result: &ActionResult| match self.graph.node(run) {
                Node::Run(run) => self.builder.believes(run, result),
                _ => false,
            };
            search.answers.insert(run, result.filter(believed).map(|result| Offered::Here(action, result)));
        }
    }

    fn settle_on(&mut self, search: Search) {
        let graph = Arc::clone(self.graph);
        for unit in &search.met {
            let runs = runs_of(&graph, *unit);
            let mut offered =
                runs.iter().enumerate().filter_map(|(at, run)| Some((at, *run, search.offered(&graph, *run)?)));
            let Some((option, run, offered)) = offered.next().filter(|(_, run, _)| self.is_untouched(*unit, *run))
            else {
                continue;
            };
            if let Node::Choice(_) = graph.node(*unit) {
                self.choices.entry(*unit).or_default().option = option;
            }
            self.known.offered.insert(run, offered.clone());
        }
    }

    /// Whether nothing was done about a unit, nor about one of its runs.
    fn is_untouched(&self, unit: NodeId, run: NodeId) -> bool {
        self.states.get(unit).is_none() && self.states.get(run).is_none()
    }

    /// Shares what is known here already, where that was asked for.
    fn give(&mut self, search: &Search) {
        if self.options.sharing != Sharing::Give {
            return;
        }
        for run in search.met.iter().flat_map(|unit| runs_of(self.graph, *unit)).collect::<BTreeSet<_>>() {
            if let Some(Some(Offered::Here(action, result))) = search.answers.get(&run) {
                self.publish(run, *action, result.clone());
            }
        }
    }

    /// Shares a result that was known here by its action alone, as what was built before anybody shared is, where that was
    /// asked for. Its outputs are by the run's own names.
    pub(super) fn give_found(&mut self, id: NodeId, action: ActionId, result: &ActionResult) {
        if let (Sharing::Give, Node::Run(run)) = (self.options.sharing, self.graph.node(id)) {
            let result = by_paths(run, result);
            self.publish(id, action, result);
        }
    }

    fn outputs_of_goal(&self, goal: NodeId) -> Vec<Arc<str>> {
        let mut outputs = vec![Arc::from("out")];
        if let (true, Some(Node::Run(run))) =
            (self.options.whole, runs_of(self.graph, goal).first().map(|run| self.graph.node(*run)))
        {
            outputs.extend(run.outputs.keys().map(|output| Arc::from(output.as_str())));
        }
        outputs
    }

    /// The outputs of a run that are needed, as things are.
    pub(super) fn needed(&self, run: NodeId) -> Needed {
        let mut needed = Needed::new();
        for unit in self.plan.users(run).into_iter().filter(|user| self.is_choice(*user)).chain([run]) {
            if self.goals.contains(&unit) {
                needed.extend(self.outputs_of_goal(unit));
            }
            for user in self.plan.users(unit) {
                let inputs = self.graph.node(user).named_outputs();
                needed.extend(inputs.filter(|input| input.node == unit).map(|input| Arc::clone(&input.output)));
            }
        }
        match self.graph.node(run) {
            Node::Run(run) => needed.into_iter().filter(|output| run.outputs.contains_key(&**output)).collect(),
            _ => needed,
        }
    }

    fn is_choice(&self, node: NodeId) -> bool {
        matches!(self.graph.node(node), Node::Choice(_))
    }

    /// Takes note of what a run was made of, so that it is known the next time before any of that is.
    pub(super) fn remember_recipe(&self, id: NodeId, action: ActionId) {
        if matches!(self.known.offered.get(&id), Some(Offered::Here(..))) {
            return;
        }
        if let (Some(recipe), Some(shared)) = (self.known.recipes.get(id), &self.builder.shared) {
            remember_recipe(&*self.builder.memory, shared.scope(), recipe, action);
        }
    }

    /// Shares what a run left, while the build goes on.
    pub(super) fn publish(&mut self, id: NodeId, action: ActionId, result: ActionResult) {
        // What others vouch for is theirs to share.
        let Some(shared) = self.builder.shared.clone().filter(|_| result.vouched.is_empty()) else {
            return;
        };
        let recipe = self.known.recipes.get(id);
        let made = Made { graph: Arc::clone(self.graph), node: id, recipe, action, result };
        let cancel = self.options.cancel.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = shared.publish(&made) => {}
                () = cancel.cancelled() => {}
            }
            Message::Published
        });
    }
}
