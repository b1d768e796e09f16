//! Looking at each result by itself.

use std::sync::Arc;

use xb_audit::{Built, Finding, Subject, Way};
use xb_build::Realised;
use xb_graph::{Graph, Target};
use xb_store::Store;

use super::memo;
use crate::failure::Failure;
use crate::session::Session;

/// A result that was looked at.
pub struct Looked {
    /// Whose it is.
    pub target: Target,
    /// The result, and its root.
    pub subject: Subject,
    /// The tree in which it was built; none when nothing ran for it.
    pub built: Option<Built>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Looks at the results of all targets that were built and have a root to be audited in.
///
/// # Errors
/// When a part of a tree cannot be read, or somebody pressed Ctrl-C.
pub fn look(session: &Session, graph: &Graph, realised: &Realised) -> Result<Vec<Looked>, Failure> {
    let mut all = Vec::new();
    for target in &graph.targets {
        let tree = |node, output: &str| realised.node(node)?.outputs.get(output).copied();
        let root = target.root.and_then(|root| tree(root, "out"));
        let (Some(result), Some(root)) = (tree(target.build, "out"), root) else {
            continue;
        };
        let arch = target.id.arch;
        let subject = Subject { arch, result, root, baseline: target.baseline.clone() };
        let run = realised.node(target.build).and_then(|node| node.run.as_ref());
        let way = run.map(|run| Way { arch, method: run.method });
        let built = way.zip(tree(target.build, "build")).map(|(way, tree)| Built { way, tree });
        let findings = findings(session, subject.clone())?;
        all.push(Looked { target: target.clone(), subject, built, findings });
    }
    Ok(all)
}

fn findings(session: &Session, subject: Subject) -> Result<Vec<Finding>, Failure> {
    let store: Arc<Store> = Arc::new(session.store.clone());
    let work = tokio::task::spawn_blocking;
    let found = async move {
        work(move || {
            if let Some(known) = memo::recall(&store, &subject) {
                return Ok(known);
            }
            let found = xb_audit::audit(&subject, &*store)?;
            memo::remember(&store, &subject, &found);
            Ok(found)
        })
        .await
    };
    let found = session.block_on_unless_interrupted(found)?.map_err(|error| Failure::bug(error.to_string()))?;
    found.map_err(not_read)
}

/// Why a tree could not be read.
pub fn not_read(error: xb_audit::AuditError) -> Failure {
    Failure::environment(format!("the result cannot be audited: {error}"))
        .help("`xb store verify` finds what is damaged")
}
