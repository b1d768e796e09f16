//! What would have happened, read off a build in which nothing ran.

use std::sync::Arc;
use std::time::Duration;

use xb_graph::{Node, NodeId, Run};

use super::Scheduler;
use super::states::{Blame, State};
use crate::failure::Why;
use crate::memory::efforts;
use crate::{Event, Forecast, Foreseen};

/// A run without a result, and the executor that refused it; none where it waits for another run.
type Unrun<'a> = (NodeId, &'a Run, Option<&'a String>);

impl Scheduler<'_> {
    pub(super) fn foreseen(&self) -> Forecast {
        let mut forecast = Forecast::default();
        let mut runs: Vec<Unrun> = Vec::new();
        for id in self.plan.nodes() {
            match (self.graph.node(id), self.states.get(id)) {
                (Node::Run(_), Some(State::Done(_))) => forecast.known += 1,
                (Node::Run(run), Some(State::Failed(blame))) => match blame {
                    Blame::Below => runs.push((id, &**run, None)),
                    Blame::Own(why) if would_run(why) => runs.push((id, &**run, executor_in(why))),
                    Blame::Own(why) if would_be_brought(why) => forecast.offered.push(self.title(id)),
                    Blame::Own(_) => {}
                },
                (Node::Fetch(_) | Node::Debian(_), Some(State::Failed(Blame::Own(_)))) => {
                    forecast.fetches.push(self.title(id));
                }
                _ => {}
            }
        }
        forecast.runs = self.with_efforts(&runs);
        let failures = self.failures().into_iter();
        forecast.failures = failures.filter(|failure| !self.is_foreseen(failure.node, &failure.why)).collect();
        forecast
    }

    /// Tells what may have to run, once.
    pub(super) fn tell_what_is_ahead(&mut self) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let mut ahead = Forecast::default();
        let mut runs: Vec<Unrun> = Vec::new();
        for id in self.plan.nodes() {
            match (self.graph.node(id), self.states.get(id)) {
                (Node::Run(_), Some(State::Done(_))) => ahead.known += 1,
                (Node::Run(_), Some(State::Failed(_))) => {}
                (Node::Run(_), _) if self.known.has(id) => ahead.known += 1,
                (Node::Run(run), _) => runs.push((id, &**run, None)),
                _ => {}
            }
        }
        ahead.runs = self.with_efforts(&runs);
        self.builder.events.event(Event::Ahead(Arc::new(ahead)));
    }

    fn with_efforts(&self, runs: &[Unrun<'_>]) -> Vec<Foreseen> {
        let known = efforts(&*self.builder.memory, runs.iter().map(|(id, run, _)| (self.graph.origin(*id), *run)));
        let foreseen = |((id, run, executor), effort): (&Unrun<'_>, Option<crate::memory::Effort>)| Foreseen {
            node: *id,
            title: run.title(),
            method: run.method,
            executor: executor.cloned().or_else(|| self.executor_of(run.method, run.platform)),
            expected: effort.map(|effort| Duration::from_millis(effort.milliseconds)),
            certain: executor.is_some(),
        };
        runs.iter().zip(known).map(foreseen).collect()
    }

    /// Whether a failure is only that nothing was done.
    fn is_foreseen(&self, node: NodeId, why: &Why) -> bool {
        would_run(why) || would_be_brought(why) || matches!(self.graph.node(node), Node::Fetch(_) | Node::Debian(_))
    }
}

fn would_be_brought(why: &Why) -> bool {
    matches!(why, Why::Offered { .. })
}

fn would_run(why: &Why) -> bool {
    executor_in(why).is_some()
}

/// The executor that refused to run something.
fn executor_in(why: &Why) -> Option<&String> {
    match why {
        Why::Executor { executor, .. } => Some(executor),
        _ => None,
    }
}
