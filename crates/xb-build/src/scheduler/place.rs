//! Where a run can go, and where it goes when a machine fails it.

use std::time::Duration;

use xb_core::Arch;
use xb_graph::{Method, NodeId, ResolvedAction};

use super::Scheduler;
use crate::failure::Why;
use crate::load::Ready;
use crate::{Event, ExecutorError, Machine, Unmet};

impl Scheduler<'_> {
    /// The name of the executor that is asked first for programs of an architecture, by a method.
    pub(super) fn executor_of(&self, method: Method, platform: Arch) -> Option<String> {
        let machines = self.builder.machines.iter();
        let able = machines.filter(|machine| machine.unmet_by_any(method, platform).is_none());
        able.min_by_key(|machine| (machine.cost, machine.rank)).map(|machine| machine.name().to_owned())
    }

    /// The machines that can run an action, by their places.
    pub(super) fn able(&self, id: NodeId, action: &ResolvedAction) -> Result<Vec<usize>, Why> {
        let (mut able, mut unmet) = (Vec::new(), Vec::new());
        for (place, machine) in self.builder.machines.iter().enumerate() {
            let needs = self.unmet(id, place, machine, action);
            if needs.is_empty() {
                able.push(place);
            }
            unmet.extend(needs.into_iter().map(|need| (machine.name().to_owned(), need)));
        }
        if able.is_empty() {
            let ResolvedAction { title, platform, method, .. } = action;
            let need = format!("{title}: it needs {platform} programs, by the method `{method}`");
            return Err(Why::NoExecutor { need, unmet });
        }
        Ok(able)
    }

    /// All that a machine lacks for an action now.
    fn unmet(&self, id: NodeId, place: usize, machine: &Machine, action: &ResolvedAction) -> Vec<Unmet> {
        if self.fleet.is_gone(place) {
            return vec![Unmet::Gone];
        }
        if self.runs.get(&id).is_some_and(|pending| pending.passed.contains(&place)) {
            return vec![Unmet::Passed];
        }
        machine.unmet(action)
    }

    /// Has a run wait for a machine that can run it.
    pub(super) fn enqueue(&mut self, id: NodeId) {
        let Some(action) = self.action_of(id) else { return };
        match self.able(id, &action) {
            Ok(able) => self.enqueue_for(id, &action, able),
            Err(why) => self.ran(id, Err(why), Duration::ZERO),
        }
    }

    pub(super) fn enqueue_for(&mut self, id: NodeId, action: &ResolvedAction, able: Vec<usize>) {
        let run = Ready {
            node: id,
            priority: self.priority(id),
            memory: self.expected_memory(id),
            expected: self.expected_time(id),
            // Where there is one machine, nobody asks what is where.
            layers: if self.builder.machines.len() > 1 { action.layers.clone() } else { Vec::new() },
        };
        self.fleet.push(run, able);
    }

    /// Has what a machine could not run, or a machine that is gone should have run, run by another one; false where there
    /// is none. What waits for a machine that is gone goes elsewhere as well.
    pub(super) fn goes_elsewhere(&mut self, id: NodeId, place: usize, error: &ExecutorError) -> bool {
        let Some(action) = self.action_of(id) else { return false };
        let name = self.builder.machines[place].name();
        let is_gone = matches!(error, ExecutorError::Gone(_));
        let is_news = match is_gone {
            true => !self.fleet.is_gone(place),
            false => self.runs.get_mut(&id).is_some_and(|pending| pending.passed.insert(place)),
        };
        let stranded = if is_gone && is_news { self.fleet.lose(place) } else { Vec::new() };
        let goes = !self.halted.is_cancelled() && (self.is_under_way(id) || self.able(id, &action).is_ok());
        if goes && is_news {
            let what = if is_gone { format!("what `{name}` would run goes") } else { format!("{} goes", action.title) };
            let message = format!("{error}: {what} elsewhere in this build");
            self.builder.events.event(Event::Warned { message });
        }
        if goes && !self.is_under_way(id) {
            self.enqueue(id);
        }
        stranded.into_iter().for_each(|id| self.enqueue(id));
        goes
    }
}
