//! What would have happened, read off a build in which nothing ran.

use std::time::Duration;

use xb_graph::{Node, NodeId, Run};

use super::Scheduler;
use super::states::{Blame, State};
use crate::failure::Why;
use crate::memory::efforts;
use crate::{Forecast, Foreseen};

impl Scheduler<'_> {
    pub(super) fn foreseen(&self) -> Forecast {
        let mut forecast = Forecast::default();
        let mut runs = Vec::new();
        for id in self.plan.nodes() {
            match (self.graph.node(id), self.states.get(id)) {
                (Node::Run(_), Some(State::Done(_))) => forecast.known += 1,
                (Node::Run(run), Some(State::Failed(blame))) => match blame {
                    Blame::Below => runs.push((id, &**run, false)),
                    Blame::Own(why) if would_run(why) => runs.push((id, &**run, true)),
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

    fn with_efforts(&self, runs: &[(NodeId, &Run, bool)]) -> Vec<Foreseen> {
        let known = efforts(&*self.builder.memory, runs.iter().map(|(id, run, _)| (self.graph.origin(*id), *run)));
        let foreseen =
            |((id, run, certain), effort): (&(NodeId, &Run, bool), Option<crate::memory::Effort>)| Foreseen {
                node: *id,
                title: run.title(),
                method: run.method,
                executor: self.executor_of(run.method, run.platform),
                expected: effort.map(|effort| Duration::from_millis(effort.milliseconds)),
                certain: *certain,
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
    matches!(why, Why::Executor { .. })
}
