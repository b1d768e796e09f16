//! Choices: which option's turn it is, and when the next one's comes.

use std::sync::Arc;

use xb_core::ActionId;
use xb_graph::{Choice, Method, Node, NodeId};

use super::Scheduler;
use super::states::{Blame, State};
use crate::failure::{Attempt, Why};
use crate::memory::{mended, remember_mended};
use crate::{Event, ladder};

/// How far a choice is.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// The option whose turn it is.
    pub option: usize,
    /// Those before that were tried.
    pub attempts: Vec<Attempt>,
}

impl Scheduler<'_> {
    /// The option of a choice whose turn it is.
    pub(super) fn option_now(&self, choice: NodeId) -> Option<(Method, NodeId)> {
        let Node::Choice(node) = self.graph.node(choice) else {
            return None;
        };
        let option = self.choices.get(&choice).map_or(0, |tried| tried.option);
        node.options.get(option).copied()
    }

    /// After `failed` did: whether `user` is a choice that goes on with another option.
    pub(super) fn falls_back(&mut self, user: NodeId, failed: NodeId) -> bool {
        let graph = self.graph;
        let Node::Choice(choice) = graph.node(user) else {
            return false;
        };
        let Some(why) = self.states.why(failed).cloned() else {
            return false;
        };
        let Some((option, reason)) = self.next_option(user, choice, failed, &why) else {
            return false;
        };
        self.go_on(user, choice, option, reason, &why);
        true
    }

    /// The first option after the present one that can mend what is wrong with it, and why.
    fn next_option(&self, id: NodeId, choice: &Choice, failed: NodeId, why: &Why) -> Option<(usize, String)> {
        let Node::Run(run) = self.graph.node(failed) else {
            return None;
        };
        let (from, _) = self.option_now(id)?;
        let now = self.choices.get(&id).map_or(0, |tried| tried.option);
        let later = choice.options.iter().enumerate().skip(now + 1);
        later.filter_map(|(option, (to, _))| Some((option, ladder::mends(from, *to, &run.step, why)?))).next()
    }

    fn go_on(&mut self, id: NodeId, choice: &Choice, option: usize, reason: String, why: &Why) {
        let Some((from, run)) = self.option_now(id) else {
            return;
        };
        let (to, next) = choice.options[option];
        let told = if matches!(why, Why::Remembered { .. }) {
            format!("{reason} (so it was in an earlier build; it was not tried again)")
        } else {
            reason.clone()
        };
        self.builder.events.event(Event::FellBack { package: choice.package.clone(), from, to, why: told });
        let ran = match why {
            Why::Run { action, result, .. } => Some((*action, Arc::clone(result))),
            _ => None,
        };
        let tried = self.choices.entry(id).or_default();
        tried.option = option;
        tried.attempts.push(Attempt { method: from, node: run, why: reason, ran });
        self.demand_option(id, next);
    }

    /// A choice is done: what it tried before need not be tried again, where that failed for good.
    pub(super) fn remember_what_was_mended(&self, choice: NodeId) {
        let tried = self.choices.get(&choice).map_or(&[][..], |tried| &tried.attempts);
        for Attempt { method, node, why, ran } in tried {
            if let (Some((action, result)), Node::Run(run)) = (ran, self.graph.node(*node))
                && ladder::is_lasting(*method, &result.cause)
            {
                remember_mended(&*self.builder.memory, *action, &run.limits, why);
            }
        }
    }

    /// Turns a choice to an option, which somebody else may have demanded before.
    pub(super) fn demand_option(&mut self, choice: NodeId, option: NodeId) {
        let failed = self.states.blame(option).is_some();
        let done = self.states.done(option).is_some();
        self.plan.need(choice, option);
        self.states.set(choice, State::Waiting(1));
        if failed {
            if !self.falls_back(choice, option) {
                self.fail(choice, Blame::Below);
            }
        } else if done {
            self.states.set(choice, State::Waiting(0));
            self.ready.push(choice);
        } else {
            self.demand(option);
            self.announce();
        }
    }

    /// Whether everybody who needs this run has another way, so that it need not be tried where it is known to fail.
    pub(super) fn can_do_without(&self, run: NodeId) -> bool {
        let users = self.plan.users(run);
        let has_another = |user: &NodeId| match self.graph.node(*user) {
            Node::Choice(choice) => {
                let now = self.choices.get(user).map_or(0, |tried| tried.option);
                let from = choice.options.get(now).map(|(method, _)| *method);
                let mut later = choice.options.iter().skip(now + 1);
                later.any(|(method, _)| Some(*method) != from)
            }
            _ => false,
        };
        !self.goals.contains(&run) && !users.is_empty() && users.iter().all(has_another)
    }

    /// Why a run need not be tried: in an earlier build its action failed, and the next option mended it.
    pub(super) fn known_to_fail(&self, id: NodeId, action: ActionId) -> Option<String> {
        let Node::Run(run) = self.graph.node(id) else {
            return None;
        };
        if self.rebuild.contains(&id) || !self.can_do_without(id) {
            return None;
        }
        mended(&*self.builder.memory, action, &run.limits)
    }

    /// Passes by an action that is known to fail in a way that the next option mends.
    pub(super) fn pass_by(&mut self, run: NodeId, action: ActionId, why: String) {
        self.fail_with(run, Why::Remembered { action, why });
    }
}
