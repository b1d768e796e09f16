//! What becomes of what is known or offered: it is taken, or turns out not to be had, or not to be enough.

use std::sync::Arc;
use std::time::Duration;

use xb_graph::{Node, NodeId};

use super::Scheduler;
use super::messages::cause_of;
use super::search::Offered;
use super::states::State;
use crate::failure::Why;
use crate::shared::{Brought, by_names};
use crate::work;

impl Scheduler<'_> {
    /// Takes what is known of a run; whether anything is.
    pub(super) fn take_known(&mut self, id: NodeId) -> bool {
        let Node::Run(run) = self.graph.node(id) else {
            return false;
        };
        match self.known.offered.get(&id).cloned() {
            None => false,
            Some(Offered::Here(action, result)) => {
                self.finished(id, action, by_names(run, &result), true, Duration::ZERO);
                true
            }
            Some(Offered::There(offer)) => {
                let task = work::bring(self.builder.clone(), Arc::clone(self.graph), id, offer, self.halted.clone());
                self.spawn(id, task);
                true
            }
        }
    }

    /// An offer was taken up.
    pub(super) fn brought(&mut self, id: NodeId, brought: Result<Brought, Why>) {
        let offered = self.known.offered.get(&id).cloned();
        let (Node::Run(run), Some(Offered::There(offer))) = (self.graph.node(id), offered) else {
            return;
        };
        match brought {
            Err(why) => {
                self.tell_finished(id, Some(cause_of(&why)), false, Duration::ZERO);
                self.fail_with(id, why);
            }
            Ok(Brought::Left) => self.fail_with(id, Why::Offered { from: offer.from }),
            Ok(Brought::Here) => {
                self.finished(id, offer.action, by_names(run, &offer.result), true, Duration::ZERO);
            }
            Ok(Brought::Gone) => {
                self.known.offered.remove(&id);
                self.known.gone.insert(id);
                self.known.lost.push(id);
            }
        }
    }

    /// Turns a choice to its first option, where it had taken a later one only because that was offered.
    pub(super) fn turn_back(&mut self, choice: NodeId, offered: NodeId) -> bool {
        let graph = self.graph;
        let (Node::Choice(node), Some(tried)) = (graph.node(choice), self.choices.get_mut(&choice)) else {
            return false;
        };
        let is_there = node.options.get(tried.option).is_some_and(|(_, run)| *run == offered);
        let is_turned = is_there && tried.option > 0 && tried.attempts.is_empty();
        let Some((_, first)) = node.options.first().filter(|_| is_turned) else {
            return false;
        };
        tried.option = 0;
        self.demand_option(choice, *first);
        true
    }

    /// Demands what a run is made of, whose result is not to be had.
    pub(super) fn make_after_all(&mut self, id: NodeId) {
        self.states.set(id, State::Waiting(0));
        for input in self.inputs_now(id) {
            self.plan.need(id, input);
            self.demand(input);
        }
        self.settle(id);
    }

    /// After a node lacked an output of another, which was brought without it: whether that is made after all, and the
    /// node waits for it.
    pub(super) fn waits_for_more(&mut self, user: NodeId, why: &Why) -> bool {
        let Why::NoSuchOutput { node: unit, output } = why else {
            return false;
        };
        let Some(run) = self.option_now(*unit).map(|(_, run)| run).or_else(|| self.is_run(*unit).then_some(*unit))
        else {
            return false;
        };
        let Node::Run(declared) = self.graph.node(run) else {
            return false;
        };
        let is_new = declared.outputs.contains_key(output.as_str()) && self.known.only_here.insert(run);
        if is_new {
            self.known.offered.remove(&run);
            self.known.partial.extend(self.states.done(run).cloned().map(|done| (run, done)));
            self.known.lost.push(run);
            self.states.set(user, State::Waiting(0));
            self.states.set(*unit, State::Waiting(1));
            self.states.set(run, State::Working);
            // Who counted on it waits for it again.
            for unit in [run, *unit] {
                for user in self.plan.users(unit) {
                    if matches!(self.states.get(user), Some(State::Waiting(_))) {
                        self.settle(user);
                    }
                }
            }
        }
        is_new
    }

    /// What was brought of a run, where all of it could not be made: who needs no more than that has it.
    pub(super) fn is_content_with_part(&mut self, run: NodeId) -> bool {
        let Some(done) = self.known.partial.remove(&run) else {
            return false;
        };
        self.done(run, done);
        true
    }

    fn is_run(&self, node: NodeId) -> bool {
        matches!(self.graph.node(node), Node::Run(_))
    }
}
