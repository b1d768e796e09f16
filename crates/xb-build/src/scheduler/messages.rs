//! What becomes of a task's message.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError};
use xb_core::{ActionId, TreeId};
use xb_graph::{ActionResult, Cause, Node, NodeId, ResolvedAction};

use super::Scheduler;
use super::states::Done;
use crate::failure::Why;
use crate::ladder::is_repeatable;
use crate::memory::{failed, remember_action, remember_effort, remember_failed};
use crate::parts::{Part, Value};
use crate::shared::by_names;
use crate::work::{self, Common, Freed, Message, Ran, Resolved};
use crate::{Event, ExecutorError, RealisedRun};

impl Scheduler<'_> {
    pub(super) fn take(&mut self, ended: Result<(Id, Message), JoinError>) {
        let task = match &ended {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let about = self.task_nodes.remove(&task);
        match (ended, about) {
            (Ok((_, message)), _) => self.take_message(message),
            // A twin that was too late.
            (Err(error), Some((id, Some(place)))) if error.is_cancelled() => self.fleet.done(id, place),
            (Err(error), Some((id, place))) => self.take_panic(id, place, &error),
            (Err(_), None) => {}
        }
    }

    fn take_message(&mut self, message: Message) {
        match message {
            Message::Provided(id, tree, took) => self.provided(id, tree, took),
            Message::Resolved(id, resolved) => {
                self.no_longer_resolving(id);
                match resolved {
                    Ok(resolved) => self.resolved(id, resolved),
                    Err(why) => self.fail_with(id, why),
                }
            }
            Message::Ran(id, place, ran, took) => {
                self.fleet.done(id, place);
                if self.ends_at(id, place) {
                    self.ran_at(id, place, ran, took);
                }
            }
            Message::Brought(id, brought) => self.brought(id, brought),
            Message::Published => {}
            Message::Contended(id, place) => {
                self.fleet.done(id, place);
                if self.ends_at(id, place) {
                    self.wait_for_others(id);
                }
            }
            Message::Free(id, Ok(freed)) => self.freed(id, freed),
            Message::Free(id, Err(why)) => self.ran(id, Err(why), Duration::ZERO),
        }
    }

    /// A task that panicked is a failure of its node, and of nothing else.
    fn take_panic(&mut self, id: NodeId, place: Option<usize>, error: &JoinError) {
        self.no_longer_resolving(id);
        let why = Why::Bug(error.to_string());
        let Some(place) = place else {
            return self.ran(id, Err(why), Duration::ZERO);
        };
        self.fleet.done(id, place);
        if self.ends_at(id, place) {
            self.ran_at(id, place, Err(why), Duration::ZERO);
        }
    }

    /// A run is under way on a machine no more; false where nobody waits for what came of it there.
    fn ends_at(&mut self, id: NodeId, place: usize) -> bool {
        let Some(pending) = self.runs.get_mut(&id) else { return false };
        let before = pending.under_way.len();
        pending.under_way.retain(|(other, _)| *other != place);
        pending.under_way.len() < before
    }

    /// A run ended on a machine: what that could not do another one may, and a twin that is under way may do better.
    fn ran_at(&mut self, id: NodeId, place: usize, ran: Result<Ran, Why>, took: Duration) {
        if let Err(Why::Executor { error, .. }) = &ran
            && matches!(error, ExecutorError::Gone(_) | ExecutorError::Unable(_))
            && self.goes_elsewhere(id, place, error)
        {
            return;
        }
        match ran {
            Err(Why::Cancelled) if self.is_under_way(id) => {}
            Err(why) if self.is_under_way(id) => {
                let message = format!("{}: {why}; it still runs elsewhere", self.title(id));
                self.builder.events.event(Event::Warned { message });
            }
            Ok(ran) if self.is_under_way(id) && !is_final(&ran) => self.set_aside(id, ran, took),
            Ok(ran) => {
                self.note_what_is_there(id, place, &ran);
                self.ran(id, Ok(ran), took);
            }
            Err(why) => match self.runs.get_mut(&id).and_then(|pending| pending.aside.take()) {
                Some((ran, took)) => self.ran(id, Ok(ran), took),
                None => self.ran(id, Err(why), took),
            },
        }
    }

    fn set_aside(&mut self, id: NodeId, ran: Ran, took: Duration) {
        if let Some(pending) = self.runs.get_mut(&id) {
            pending.aside = Some((ran, took));
        }
    }

    /// The machine on which something ran has what it was made from, and what it left.
    fn note_what_is_there(&mut self, id: NodeId, place: usize, ran: &Ran) {
        if let Some(action) = self.action_of(id).filter(|_| !ran.cached && self.builder.machines.len() > 1) {
            self.fleet.has(place, action.layers.iter().chain(ran.result.outputs.values()).copied());
        }
    }

    fn provided(&mut self, id: NodeId, tree: Result<TreeId, Why>, took: Duration) {
        self.tell_finished(id, tree.as_ref().err().map(cause_of), false, took);
        match tree {
            Err(why) => self.fail_with(id, why),
            Ok(tree) => self.done(id, Done { cached: false, took, ..Done::free(Value::Out(Part::Tree(tree))) }),
        }
    }

    fn resolved(&mut self, id: NodeId, resolved: Resolved) {
        let Some(pending) = self.runs.get_mut(&id) else {
            return;
        };
        let action = resolved.action;
        remember_action(&*self.builder.memory, pending.shallow, action.id);
        pending.action = Some(Arc::clone(&action));
        if self.rebuild.contains(&id) {
            pending.before = resolved.found;
        } else if let Some(result) = resolved.found {
            self.give_found(id, action.id, &result);
            return self.finished(id, action.id, result, true, Duration::ZERO);
        }
        if let Some(waiting) = self.actions.get_mut(&action.id) {
            return waiting.push(id);
        }
        if let Some(why) = self.known_to_fail(id, action.id) {
            return self.pass_by(id, action.id, why);
        }
        if let Some(result) = self.failed_before(id, &action) {
            return self.failed(id, action.id, result, Duration::ZERO);
        }
        self.queue_up(id, &action);
    }

    fn queue_up(&mut self, id: NodeId, action: &ResolvedAction) {
        let able = match self.able(id, action) {
            Ok(able) => able,
            Err(why) => return self.fail_with(id, why),
        };
        self.actions.insert(action.id, vec![id]);
        if !self.halted.is_cancelled() {
            self.enqueue_for(id, action, able);
        }
    }

    fn wait_for_others(&mut self, id: NodeId) {
        let Some(action) = self.action_of(id) else {
            return;
        };
        let task = work::freed(
            self.builder.clone(),
            self.graph.clone(),
            id,
            action,
            self.rebuild.contains(&id),
            self.halted.clone(),
        );
        self.spawn(id, task);
    }

    fn freed(&mut self, id: NodeId, freed: Freed) {
        match freed {
            Freed::Found(result) => {
                let ran = Ran { result: *result, cached: true };
                self.ran(id, Ok(ran), Duration::ZERO);
            }
            Freed::Locked(_) if self.halted.is_cancelled() => {}
            Freed::Locked(guard) => {
                if let Some(pending) = self.runs.get_mut(&id) {
                    pending.common = Arc::new(Common::locked(guard));
                }
                self.enqueue(id);
            }
        }
    }

    pub(super) fn action_of(&self, id: NodeId) -> Option<Arc<ResolvedAction>> {
        self.runs.get(&id)?.action.clone()
    }

    /// A run ended, for itself and for everybody who waited for the same action.
    pub(super) fn ran(&mut self, id: NodeId, ran: Result<Ran, Why>, took: Duration) {
        let action = self.action_of(id);
        if let Some(pending) = self.runs.get_mut(&id) {
            pending.common = Arc::default();
            for (place, slower) in pending.under_way.drain(..) {
                slower.abort();
                self.fleet.give_up(id, place);
            }
        }
        let waiting = action.as_ref().and_then(|action| self.actions.remove(&action.id));
        let waiting = waiting.unwrap_or_else(|| vec![id]);
        match (ran, action) {
            (Ok(ran), Some(action)) => {
                for other in waiting {
                    self.share(other, other != id, &action, &ran, took);
                }
            }
            (Err(why), _) => {
                for other in waiting {
                    self.tell_finished(other, Some(cause_of(&why)), false, took);
                    self.fail_with(other, why.clone());
                }
            }
            (Ok(_), None) => self.fail_with(id, Why::Bug("it ran before it was resolved".into())),
        }
    }

    /// Gives a result to one of those who waited for it, by its own names.
    fn share(&mut self, id: NodeId, other: bool, action: &ResolvedAction, ran: &Ran, took: Duration) {
        let Node::Run(run) = self.graph.node(id) else {
            return;
        };
        if !ran.result.succeeded() {
            if !other && is_repeatable(&ran.result.cause) {
                remember_failed(&*self.builder.memory, action, &ran.result);
            }
            return self.failed(id, action.id, ran.result.clone(), took);
        }
        if !ran.cached && !other {
            remember_effort(&*self.builder.memory, self.graph.origin(id), run, &ran.result);
            if !self.rebuild.contains(&id) {
                self.publish(id, action.id, action.to_cache(&ran.result));
            }
        } else if !other {
            self.give_found(id, action.id, &ran.result);
        }
        let result = by_names(run, &action.to_cache(&ran.result));
        let has_all = self.needed(id).iter().all(|output| result.outputs.contains_key(&**output));
        if has_all && self.builder.believes(run, &result) {
            self.finished(id, action.id, result, ran.cached || other, took);
        } else {
            self.run_here(id, action);
        }
    }

    /// What others have of a run was not enough for one of those who waited for it.
    fn run_here(&mut self, id: NodeId, action: &ResolvedAction) {
        self.known.keep_here(id);
        if let Some(waiting) = self.actions.get_mut(&action.id) {
            return waiting.push(id);
        }
        self.queue_up(id, action);
    }

    /// A run has a result, by its own names.
    pub(super) fn finished(
        &mut self,
        id: NodeId,
        action: ActionId,
        result: ActionResult,
        cached: bool,
        took: Duration,
    ) {
        let Node::Run(run) = self.graph.node(id) else {
            return;
        };
        self.tell_finished(id, Some(result.cause.clone()), cached, took);
        self.remember_recipe(id, action);
        let before = self.runs.remove(&id).and_then(|pending| pending.before);
        let trees = Arc::new(result.outputs.clone());
        let run = RealisedRun { node: id, action, method: run.method, result, before };
        self.done(id, Done { value: Value::Trees(trees), run: Some(Arc::new(run)), cached, took });
    }

    /// A run ended without success.
    fn failed(&mut self, id: NodeId, action: ActionId, result: ActionResult, took: Duration) {
        let Node::Run(run) = self.graph.node(id) else {
            return;
        };
        let result = Arc::new(result);
        self.builder.events.event(Event::Failed { node: id, action, result: Arc::clone(&result) });
        self.tell_finished(id, Some(result.cause.clone()), false, took);
        self.fail_with(id, Why::Run { action, method: run.method, result });
    }

    /// What an action left in an earlier build, where that is believed.
    fn failed_before(&self, id: NodeId, action: &ResolvedAction) -> Option<ActionResult> {
        let believed = self.options.believe_failures && !self.rebuild.contains(&id);
        believed.then(|| failed(&*self.builder.memory, action)).flatten()
    }

    pub(super) fn tell_finished(&self, node: NodeId, cause: Option<Cause>, cached: bool, took: Duration) {
        self.builder.events.event(Event::Finished { node, cached, cause, took });
    }
}

/// Whether it would come out so on any machine.
fn is_final(ran: &Ran) -> bool {
    ran.result.succeeded() || is_repeatable(&ran.result.cause)
}

/// The cause that comes nearest to what kept something from even running.
pub(super) fn cause_of(why: &Why) -> Cause {
    match why {
        Why::Run { result, .. } => result.cause.clone(),
        Why::Cancelled => Cause::Cancelled,
        _ => Cause::Failed,
    }
}
