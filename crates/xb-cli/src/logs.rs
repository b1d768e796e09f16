//! The logs of what was built, by package: what `xb log` and the failed sandbox are found by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_build::{Realised, Why};
use xb_core::{ActionId, Arch, ContentId};
use xb_graph::{Graph, Method, Node};
use xb_store::{Store, StoreError};

use crate::project::Project;

const KIND: &str = "last-log-v1";

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

/// Remembers the logs of everything that ran, and of the targets. Failing to costs nobody a result.
pub fn remember(store: &Store, project: &Project, graph: &Graph, realised: &Realised) {
    let ran = realised.nodes.values().filter(|node| !node.cached).filter_map(|node| node.run.as_ref());
    let goals = graph.targets.iter().flat_map(|target| [Some(target.build), target.check]);
    let of_goals = goals.flatten().filter_map(|goal| realised.node(goal)?.run.as_ref());
    let good = ran.chain(of_goals).map(|run| (run.node, run.action, run.method, &run.result));
    let bad = realised.failures.iter().filter_map(|failure| match &failure.why {
        Why::Run { action, method, result } => Some((failure.node, *action, *method, &**result)),
        _ => None,
    });
    let notes = good.chain(bad).filter_map(|(node, action, method, result)| {
        let Node::Run(run) = graph.node(node) else {
            return None;
        };
        let last = LastRun { action, method, succeeded: result.succeeded(), log: result.log };
        Some((key(project, &run.package, run.arch, &run.step), serde_json::to_vec(&last).ok()?))
    });
    let notes: BTreeMap<_, _> = notes.collect();
    let _ = store.remember_all(KIND, &notes.into_iter().collect::<Vec<_>>());
}

/// The last run of a step of a package of a project.
///
/// # Errors
/// When the store cannot be read.
pub fn last_run(
    store: &Store,
    project: &Project,
    package: &str,
    arch: Arch,
    step: &str,
) -> Result<Option<LastRun>, StoreError> {
    let bytes = store.recall_bytes(KIND, &key(project, package, arch, step))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn key(project: &Project, package: &str, arch: Arch, step: &str) -> Vec<u8> {
    format!("{}\0{package}\0{arch}\0{step}", project.folder.display()).into_bytes()
}
