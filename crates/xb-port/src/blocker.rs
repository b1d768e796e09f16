//! What failed by itself, and who waits for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use xb_build::{Failure, Why};
use xb_graph::{Cause, Graph, Method, Node, NodeId, TargetId};

use crate::meaning::meaning;
use crate::package::Tried;
use crate::{Broken, LogEnd, Outcome, Package};

/// Something that failed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocker {
    /// `curl (arm64, build)`, what could not be had and why, or a file.
    pub title: String,
    /// The package that failed, where it is one.
    pub package: Option<TargetId>,
    /// The packages that wait for it.
    pub waiting: Vec<TargetId>,
    /// Why it failed, in short, where the title does not say it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Why it failed, as data, where it ran.
    pub cause: Option<Cause>,
    /// What this means.
    pub meaning: String,
    /// What may mend it, the likeliest first.
    pub mends: Vec<String>,
    /// By which method it ran.
    pub method: Option<Method>,
    /// The methods that were tried before.
    pub tried: Vec<Tried>,
    /// The end of its log.
    pub log: Option<LogEnd>,
}

/// Everything that failed by itself: what more packages wait for comes first.
pub(crate) fn blockers(outcome: &Outcome<'_>, packages: &[Package]) -> Vec<Blocker> {
    let users = Users::of(outcome.graph);
    let failed = outcome.realised.failures.iter().map(|failure| blocker(outcome, packages, &users, failure));
    let broken = outcome.broken.iter().map(of_broken);
    let mut blockers = merged(failed.chain(broken));
    blockers.sort_by(|a, b| (Reverse(a.waiting.len()), &a.title).cmp(&(Reverse(b.waiting.len()), &b.title)));
    blockers
}

/// What several roots lack for one reason is one thing that blocks whoever waits for any of them.
fn merged(all: impl Iterator<Item = Blocker>) -> Vec<Blocker> {
    let mut blockers: Vec<Blocker> = Vec::new();
    for blocker in all {
        let is_same = |other: &&mut Blocker| other.package.is_none() && other.title == blocker.title;
        match blockers.iter_mut().find(is_same).filter(|_| blocker.package.is_none()) {
            None => blockers.push(blocker),
            Some(known) => {
                known.waiting.extend(blocker.waiting);
                known.waiting.sort();
                known.waiting.dedup();
            }
        }
    }
    blockers
}

fn blocker(outcome: &Outcome<'_>, packages: &[Package], users: &Users, failure: &Failure) -> Blocker {
    let graph = outcome.graph;
    let package = target_of(graph, failure.node);
    let log = outcome.logs.get(&failure.node).cloned();
    let twin = package.as_ref().and_then(|target| {
        let is_twin = |other: &&Package| {
            other.target.arch == outcome.host
                && target.arch != outcome.host
                && (&other.target.file, &other.target.package) == (&target.file, &target.package)
        };
        packages.iter().find(is_twin)
    });
    let step = match graph.node(failure.node) {
        Node::Run(run) => &*run.step,
        _ => "",
    };
    let lines = log.as_ref().map_or(&[][..], |log| &log.lines);
    let meaning = meaning(&failure.why, step, lines, twin);
    let tried = failure.attempts.iter().map(|one| Tried { method: one.method, why: one.why.clone() });
    let why = failure.why.to_string();
    Blocker {
        // What could not be had is named by the reason, which names it better than its node does.
        title: if package.is_some() { failure.title.clone() } else { why.clone() },
        waiting: users.waiting(outcome, failure.node, package.as_ref()),
        why: if package.is_some() { why } else { String::new() },
        package,
        cause: match &failure.why {
            Why::Run { result, .. } => Some(result.cause.clone()),
            _ => None,
        },
        method: match &failure.why {
            Why::Run { method, .. } => Some(*method),
            _ => None,
        },
        meaning: meaning.what,
        mends: meaning.mends,
        tried: tried.collect(),
        log,
    }
}

/// The target whose own build or check a node is.
fn target_of(graph: &Graph, node: NodeId) -> Option<TargetId> {
    let is_own = |step| graph.is_of(step, node);
    let target = graph.targets.iter().find(|target| is_own(target.build) || target.check.is_some_and(is_own));
    target.map(|target| target.id.clone())
}

fn of_broken(broken: &Broken) -> Blocker {
    Blocker {
        title: broken.file.clone(),
        package: None,
        waiting: Vec::new(),
        why: broken.message.clone(),
        cause: None,
        method: None,
        meaning: "The description is wrong, so that nothing is known of its packages.".to_owned(),
        mends: vec![format!("`xb check {}` shows the place", broken.file)],
        tried: Vec::new(),
        log: None,
    }
}

/// Who uses which node.
struct Users(BTreeMap<NodeId, Vec<NodeId>>);

impl Users {
    fn of(graph: &Graph) -> Self {
        let mut users: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (user, node) in graph.nodes() {
            for input in node.inputs() {
                users.entry(input).or_default().push(user);
            }
        }
        Self(users)
    }

    /// The targets above a node that are not done, but for its own.
    fn waiting(&self, outcome: &Outcome<'_>, node: NodeId, own: Option<&TargetId>) -> Vec<TargetId> {
        let mut above = BTreeSet::from([node]);
        let mut ahead = vec![node];
        while let Some(node) = ahead.pop() {
            let users = self.0.get(&node).map_or(&[][..], Vec::as_slice);
            ahead.extend(users.iter().copied().filter(|user| above.insert(*user)));
        }
        let is_open = |step: NodeId| above.contains(&step) && outcome.realised.node(step).is_none();
        let targets = outcome.graph.targets.iter();
        let waiting = targets
            .filter(|target| Some(&target.id) != own && (is_open(target.build) || target.check.is_some_and(is_open)));
        waiting.map(|target| target.id.clone()).collect()
    }
}
