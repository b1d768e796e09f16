//! What can be answered at once.

use std::collections::BTreeSet;

use xb_core::ActionId;
use xb_graph::{ActionResult, Input, Layer, Node, NodeId, Run, action_key};

use super::states::{Done, State};
use super::{PendingRun, Scheduler};
use crate::Sharing;
use crate::failure::Why;
use crate::memory::known_actions;
use crate::parts::{Made, Part, RunParts, Value};
use crate::work;

impl Scheduler<'_> {
    /// Answers everything that is ready, and hands what needs work on.
    pub(super) fn answer(&mut self) {
        loop {
            let mut runs = Vec::new();
            while let Some(node) = self.ready.pop() {
                self.answer_node(node, &mut runs);
            }
            if runs.is_empty() {
                return;
            }
            self.look_up(runs);
        }
    }

    fn answer_node(&mut self, id: NodeId, runs: &mut Vec<NodeId>) {
        // What it was ready for may have to be made after all.
        if !matches!(self.states.get(id), Some(State::Waiting(0))) {
            return;
        }
        self.states.set(id, State::Working);
        let graph = self.graph;
        match graph.node(id) {
            Node::Files(files) => {
                let part = Part::Made(Made::files(id, files));
                self.done(id, Done::free(Value::Out(part)));
            }
            Node::Compose { layers } => match self.parts(layers) {
                Ok(parts) => {
                    let part = Part::Made(Made::layers(id, layers, parts));
                    self.done(id, Done::free(Value::Out(part)));
                }
                Err(why) => self.wait_or_fail(id, why),
            },
            Node::Choice(_) => self.answer_choice(id),
            Node::Run(_) if self.take_known(id) => {}
            Node::Run(_) if self.options.sharing == Sharing::Bring => self.fail_with(id, Why::NotShared),
            Node::Run(_) => runs.push(id),
            Node::Fetch(_) | Node::Folder(_) | Node::Debian(_) => self.provide(id),
        }
    }

    fn wait_or_fail(&mut self, id: NodeId, why: Why) {
        if !self.waits_for_more(id, &why) {
            self.fail_with(id, why);
        }
    }

    fn answer_choice(&mut self, id: NodeId) {
        let option = self.option_now(id);
        let done = option.and_then(|(_, run)| self.states.done(run)).cloned();
        match done {
            Some(done) => {
                self.remember_what_was_mended(id);
                self.done(id, done);
            }
            None => self.fail_with(id, Why::Bug("a choice without an option".to_owned())),
        }
    }

    fn provide(&mut self, id: NodeId) {
        let task = work::provide(self.builder.clone(), self.graph.clone(), id, self.halted.clone());
        self.spawn(id, task);
    }

    fn parts(&self, layers: &[Layer]) -> Result<Vec<Part>, Why> {
        layers.iter().map(|layer| self.part(&layer.input)).collect()
    }

    fn part(&self, input: &Input) -> Result<Part, Why> {
        let done = self.states.done(input.node);
        let done = done.ok_or_else(|| Why::Bug("an input is not done".to_owned()))?;
        let part = done.value.output(&input.output);
        part.ok_or_else(|| Why::NoSuchOutput { node: input.node, output: input.output.to_string() })
    }

    fn pending(&self, id: NodeId, run: &Run) -> Result<PendingRun, Why> {
        let layers = self.parts(&run.root)?;
        let emulator = run.emulator.as_ref().map(|input| self.part(input));
        let parts = RunParts::new(id, run, layers, emulator.transpose()?);
        Ok(PendingRun {
            shallow: action_key(run, parts.root.stand_in()).id,
            parts,
            action: None,
            under_way: Vec::new(),
            passed: BTreeSet::new(),
            common: Default::default(),
            aside: None,
            before: None,
        })
    }

    /// Looks the results of many runs up at once, by what is remembered of runs over such inputs.
    fn look_up(&mut self, ids: Vec<NodeId>) {
        let graph = self.graph;
        let mut looked_up = Vec::new();
        for id in ids {
            let Node::Run(run) = graph.node(id) else {
                continue;
            };
            // One of those before it may have found that more of an input is needed.
            if self.inputs_now(id).iter().any(|input| self.states.done(*input).is_none()) {
                self.settle(id);
                continue;
            }
            match self.pending(id, run) {
                Err(why) => self.wait_or_fail(id, why),
                Ok(pending) => {
                    let shallow = pending.shallow;
                    self.runs.insert(id, pending);
                    if self.rebuild.contains(&id) {
                        self.resolve_later(id);
                    } else {
                        looked_up.push((id, &**run, shallow));
                    }
                }
            }
        }
        let shallow: Vec<_> = looked_up.iter().map(|(_, _, shallow)| *shallow).collect();
        let known = known_actions(&*self.builder.memory, &shallow);
        self.answer_known(&looked_up, &known);
    }

    fn answer_known(&mut self, runs: &[(NodeId, &Run, ActionId)], known: &[Option<ActionId>]) {
        let actions: Vec<_> = known.iter().flatten().copied().collect();
        let results = match self.builder.cache.results(&actions) {
            Ok(results) => results,
            Err(error) => {
                for (id, _, _) in runs {
                    self.fail_with(*id, Why::Store(error.to_string()));
                }
                return;
            }
        };
        let mut results = results.into_iter();
        let mut missing = Vec::new();
        for ((id, run, _), action) in runs.iter().zip(known) {
            let result = action.and_then(|_| results.next().flatten());
            let result = result.filter(|cached| self.builder.believes(run, cached));
            let result = result.and_then(|cached| run.from_cache(&cached));
            match (action, result) {
                (Some(action), Some(result)) => self.answer_run(*id, *action, result),
                _ => missing.push((*id, *action)),
            }
        }
        self.answer_missing(missing);
    }

    fn answer_run(&mut self, id: NodeId, action: ActionId, result: ActionResult) {
        self.give_found(id, action, &result);
        self.finished(id, action, result, true, std::time::Duration::ZERO);
    }

    /// Of runs without results: those that are known to fail are passed by, and the others have to be resolved.
    fn answer_missing(&mut self, runs: Vec<(NodeId, Option<ActionId>)>) {
        for (id, action) in runs {
            let why = action.and_then(|action| Some((action, self.known_to_fail(id, action)?)));
            match why {
                Some((action, why)) => self.pass_by(id, action, why),
                None => self.resolve_later(id),
            }
        }
    }
}
