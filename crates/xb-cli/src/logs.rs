//! The logs of what was built, by package: what `xb log` and the failed sandbox are found by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xb_build::{Attempt, Event, Events, Realised, RealisedNode, RealisedRun, Why};
use xb_core::{ActionId, Arch, ContentId};
use xb_graph::reapi::{Directory, FileNode};
use xb_graph::{ActionResult, Choice, DirectoriesMut, Graph, Method, Node, NodeId, Target};
use xb_store::{Store, StoreError};

use crate::project::Project;

const KIND: &str = "last-log-v2";

/// What is remembered of the last time that a step of a package ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastRun {
    /// What ran.
    pub action: ActionId,
    /// How.
    pub method: Method,
    /// Whether it did what it should.
    pub succeeded: bool,
    /// Its log.
    pub log: Option<ContentId>,
}

/// One run of a step of a package.
struct Ran<'a> {
    node: NodeId,
    action: ActionId,
    method: Method,
    result: &'a ActionResult,
    /// Whether it stands for the step, as what a choice tried before does not.
    counts: bool,
}

/// Remembers the logs of everything that ran, and of the targets. Failing to costs nobody a result.
pub fn remember(store: &Store, project: &Project, graph: &Graph, realised: &Realised) {
    note(store, project, graph, runs(graph, realised));
}

/// Remembers the log of what fails when it fails, so that nobody has to wait for the end of a long build to read it.
pub struct Watched {
    /// Who is told of everything.
    pub events: Arc<dyn Events>,
    /// Where logs are.
    pub store: Store,
    /// Whose packages they are.
    pub project: Project,
    /// What is built.
    pub graph: Arc<Graph>,
}

impl Events for Watched {
    fn event(&self, event: Event) {
        if let Event::Failed { node, action, result } = &event
            && let Node::Run(run) = self.graph.node(*node)
        {
            let ran = Ran { node: *node, action: *action, method: run.method, result, counts: true };
            note(&self.store, &self.project, &self.graph, vec![ran]);
        }
        self.events.event(event);
    }
}

fn note(store: &Store, project: &Project, graph: &Graph, runs: Vec<Ran<'_>>) {
    let files = files(graph, &runs);
    let notes = runs.into_iter().filter_map(|ran| {
        let Node::Run(run) = graph.node(ran.node) else {
            return None;
        };
        let Ran { action, method, result, .. } = ran;
        let last = LastRun { action, method, succeeded: result.succeeded(), log: result.log };
        let value = serde_json::to_vec(&last).ok()?;
        let notes = files.get(&ran.node)?.iter().flat_map(|file| {
            let of_method = |method| key(project, file, &run.package, run.arch, &run.step, method);
            if let Some(log) = last.log.filter(|_| !last.succeeded) {
                let _ = hold(store, &of_method(Some(method)), log);
            }
            let of_step = ran.counts.then(|| (of_method(None), value.clone()));
            of_step.into_iter().chain([(of_method(Some(method)), value.clone())]).collect::<Vec<_>>()
        });
        Some(notes.collect::<Vec<_>>())
    });
    let notes: BTreeMap<_, _> = notes.flatten().collect();
    let _ = store.remember_all(KIND, &notes.into_iter().collect::<Vec<_>>());
}

/// The files that describe the packages of runs: packages with one text share their runs.
fn files<'g>(graph: &'g Graph, runs: &[Ran<'_>]) -> BTreeMap<NodeId, BTreeSet<&'g Arc<str>>> {
    let mut files: BTreeMap<NodeId, BTreeSet<_>> = BTreeMap::new();
    for ran in runs {
        files.entry(ran.node).or_default().insert(&graph.origin(ran.node).file);
    }
    for target in &graph.targets {
        for step in [target.build].into_iter().chain(target.checks()) {
            for run in graph.options(step).chain([step]) {
                files.entry(run).or_default().insert(&target.id.file);
            }
        }
    }
    files
}

/// Keeps the log of a failure from garbage collection, as results keep theirs.
fn hold(store: &Store, key: &[u8], log: ContentId) -> Result<(), StoreError> {
    let file = FileNode { name: "log".to_owned(), digest: Some(log.0.into()), ..FileNode::default() };
    let tree = store.add_directory(Directory { files: vec![file], ..Directory::default() });
    let tree = tree.map_err(|missing| StoreError::Database(missing.to_string()))?;
    store.remember(KIND, key, tree)
}

fn runs<'a>(graph: &Graph, realised: &'a Realised) -> Vec<Ran<'a>> {
    let tried = |attempts: &'a [Attempt]| {
        attempts.iter().filter_map(|Attempt { node, method, ran, .. }| {
            let (action, result) = ran.as_ref()?;
            Some(Ran { node: *node, action: *action, method: *method, result, counts: false })
        })
    };
    let before = realised.nodes.values().map(|node| &node.attempts);
    let before = before.chain(realised.failures.iter().map(|failure| &failure.attempts));
    let before = before.flat_map(|attempts| tried(attempts));
    // What was tried before it has left a log of its own, also where it was known itself.
    let is_news = |node: &&RealisedNode| !node.cached || !node.attempts.is_empty();
    let ran = realised.nodes.values().filter(is_news).filter_map(|node| node.run.as_ref());
    let goals = graph.targets.iter().flat_map(|target| [target.build].into_iter().chain(target.checks()));
    let of_goals = goals.filter_map(|goal| realised.node(goal)?.run.as_ref());
    let good = ran.chain(of_goals).map(|run| {
        let RealisedRun { node, action, method, result, .. } = &**run;
        Ran { node: *node, action: *action, method: *method, result, counts: true }
    });
    let bad = realised.failures.iter().filter_map(|failure| match &failure.why {
        Why::Run { action, method, result } => {
            Some(Ran { node: failure.node, action: *action, method: *method, result, counts: true })
        }
        _ => None,
    });
    before.chain(good).chain(bad).collect()
}

/// The last run of a step of a package; by `method`, where one is given.
///
/// # Errors
/// When the store cannot be read.
pub fn last_run(
    store: &Store,
    project: &Project,
    graph: &Graph,
    target: &Target,
    step: &str,
    method: Option<Method>,
) -> Result<Option<LastRun>, StoreError> {
    // A run has the name by which its package is defined; the package may be called otherwise.
    let Node::Choice(Choice { package, arch, .. }) = graph.node(target.build) else {
        return Ok(None);
    };
    let key = key(project, &target.id.file, package, *arch, step, method);
    let bytes = store.recall_bytes(KIND, &key)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn key(project: &Project, file: &str, package: &str, arch: Arch, step: &str, method: Option<Method>) -> Vec<u8> {
    let method = method.map_or("", Method::name);
    format!("{}\0{file}\0{package}\0{arch}\0{step}\0{method}", project.folder.display()).into_bytes()
}
