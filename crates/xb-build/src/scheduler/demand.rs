//! What is needed, and what becomes of those who need it.

use xb_graph::{Node, NodeId};

use super::Scheduler;
use super::states::{Blame, Done, State};
use crate::Sharing;
use crate::failure::Why;

impl Scheduler<'_> {
    /// Makes a node needed, with everything that it needs now.
    pub(super) fn demand(&mut self, node: NodeId) {
        let mut stack = vec![node];
        let mut fresh = Vec::new();
        while let Some(node) = stack.pop() {
            if self.states.get(node).is_some() {
                continue;
            }
            self.plan.add(node);
            self.states.set(node, State::Waiting(0));
            fresh.push(node);
            for input in self.inputs_now(node) {
                self.plan.need(node, input);
                stack.push(input);
            }
        }
        self.urgency = None;
        for node in fresh {
            self.settle(node);
        }
    }

    /// Counts what a newly needed node waits for.
    pub(super) fn settle(&mut self, node: NodeId) {
        let inputs = self.inputs_now(node);
        let failed = inputs.iter().copied().find(|input| self.states.blame(*input).is_some());
        if let Some(input) = failed {
            if !self.falls_back(node, input) {
                self.fail(node, Blame::Below);
            }
            return;
        }
        let open = inputs.iter().filter(|input| self.states.done(**input).is_none());
        let open = open.count();
        self.states.set(node, State::Waiting(open));
        if open == 0 {
            self.ready.push(node);
        }
    }

    /// What a node needs as things are: of a choice, the option whose turn it is.
    pub(super) fn inputs_now(&self, node: NodeId) -> Vec<NodeId> {
        if let Node::Choice(_) = self.graph.node(node) {
            return self.option_now(node).into_iter().map(|(_, run)| run).collect();
        }
        let is_run = matches!(self.graph.node(node), Node::Run(_));
        if self.known.has(node) || (is_run && self.options.sharing == Sharing::Bring) {
            return Vec::new();
        }
        let mut inputs: Vec<_> = self.graph.node(node).inputs().collect();
        inputs.sort_unstable();
        inputs.dedup();
        inputs
    }

    /// Whether `user` waits for `input`: a choice does not for options that it has left.
    pub(super) fn waits_for(&self, user: NodeId, input: NodeId) -> bool {
        match self.graph.node(user) {
            Node::Choice(_) => self.option_now(user).is_some_and(|(_, run)| run == input),
            _ => true,
        }
    }

    /// A node is done, and who waited only for it is ready.
    pub(super) fn done(&mut self, node: NodeId, done: Done) {
        self.states.set(node, State::Done(done));
        for user in self.plan.users(node) {
            if self.waits_for(user, node) && self.states.one_fewer(user) {
                self.ready.push(user);
            }
        }
    }

    /// A node failed by itself.
    pub(super) fn fail_with(&mut self, node: NodeId, why: Why) {
        self.fail(node, Blame::Own(why.into()));
    }

    /// A node failed, and with it everything that needs it and has no other way.
    pub(super) fn fail(&mut self, node: NodeId, blame: Blame) {
        let mut failing = vec![(node, blame)];
        while let Some((node, blame)) = failing.pop() {
            if matches!(self.states.get(node), Some(State::Done(_) | State::Failed(_))) {
                continue;
            }
            if self.is_content_with_part(node) {
                continue;
            }
            self.states.set(node, State::Failed(blame));
            if self.goals.contains(&node) && !self.options.keep_going && !self.is_check(node) {
                self.halt();
            }
            for user in self.plan.users(node) {
                // What is under way has all that it needs.
                let is_under_way = matches!(self.states.get(user), Some(State::Working));
                if !is_under_way && self.waits_for(user, node) && !self.falls_back(user, node) {
                    failing.push((user, Blame::Below));
                }
            }
        }
    }

    /// A failed check is nobody else's failure.
    fn is_check(&self, node: NodeId) -> bool {
        let run = match self.graph.node(node) {
            Node::Choice(choice) => choice.options.first().map(|(_, run)| *run),
            _ => Some(node),
        };
        run.is_some_and(|run| matches!(self.graph.node(run), Node::Run(run) if run.step == "check"))
    }

    /// Nothing more starts, and what waits is left to other processes; what runs goes on to its end.
    pub(super) fn halt(&mut self) {
        self.halted.cancel();
        self.ready.clear();
        self.to_resolve.clear();
        self.fleet.clear();
        self.runs.values_mut().for_each(|pending| pending.common = Default::default());
    }
}
