//! What is found in results: calculated once for each result and root, judged by what the package says.

mod memo;
mod show;
mod spread;

use std::sync::Arc;

use serde::Serialize;
use xb_audit::{Finding, FindingKind, JudgedFinding, Level, Policy, Rule, Subject};
use xb_build::Realised;
use xb_core::TreeId;
use xb_graph::{Graph, Target, TargetId};
use xb_store::Store;

pub use show::{show, summary, tell};
pub use spread::tell_apart;

use crate::failure::Failure;
use crate::session::Session;

/// What was found in the result of a target.
#[derive(Clone, Debug, Serialize)]
pub struct Audited {
    /// Whose result.
    #[serde(flatten)]
    pub target: TargetId,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// The result.
    pub tree: TreeId,
    /// The tree in which it will run.
    pub root: TreeId,
    /// Whether there is a finding that is an error.
    pub refused: bool,
    /// What was found, also what the package has turned off.
    pub findings: Vec<Told>,
    /// Kinds that the package gives a reason for, and of which there is no finding.
    pub unused: Vec<FindingKind>,
}

/// A finding, in words as well.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// What was found, and how grave it is.
    #[serde(flatten)]
    pub judged: JudgedFinding,
    /// All of it in a sentence.
    pub sentence: String,
    /// Whether the same package was audited for another architecture, and this is not found there.
    pub on_one_architecture: bool,
}

/// Looks at the results of all targets that were built and have a root to be audited in.
///
/// # Errors
/// When a part of a tree cannot be read, or somebody pressed Ctrl-C.
pub fn audit(session: &Session, graph: &Graph, realised: &Realised) -> Result<Vec<Audited>, Failure> {
    let mut all = Vec::new();
    for target in &graph.targets {
        let tree = |node| realised.node(node)?.outputs.get("out").copied();
        let (Some(result), Some(root)) = (tree(target.build), target.root.and_then(tree)) else {
            continue;
        };
        let subject = Subject::new(target.id.arch, result, root);
        all.push(judged(target, &subject, findings(session, subject)?)?);
    }
    tell_apart(&mut all);
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
    found.map_err(|error: xb_audit::AuditError| {
        Failure::environment(format!("the result cannot be audited: {error}"))
            .help("`xb store verify` finds what is damaged")
    })
}

fn judged(target: &Target, subject: &Subject, findings: Vec<Finding>) -> Result<Audited, Failure> {
    let judged = policy(target)?.apply(findings);
    let refused = judged.is_refused();
    let told =
        |judged: JudgedFinding| Told { sentence: judged.finding.to_string(), judged, on_one_architecture: false };
    Ok(Audited {
        target: target.id.clone(),
        version: target.version.clone(),
        tree: subject.result,
        root: subject.root,
        refused,
        findings: judged.findings.into_iter().map(told).collect(),
        unused: judged.unused,
    })
}

/// The evaluator has checked the names, so that one that is not known is no mistake of the description.
fn policy(target: &Target) -> Result<Policy, Failure> {
    let mut policy = Policy::default();
    for (kind, rule) in &target.policy {
        let kind: FindingKind = kind.parse().map_err(|error: xb_audit::UnknownKind| Failure::bug(error.to_string()))?;
        let level: Level =
            rule.level.parse().map_err(|error: xb_audit::UnknownLevel| Failure::bug(error.to_string()))?;
        policy.rules.insert(kind, Rule { level, reason: rule.reason.clone() });
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_can_name_every_kind_and_every_level() {
        let kinds: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(kinds, xb_eval::AUDIT_KINDS);
        assert_eq!(Level::ALL.map(Level::name), xb_eval::AUDIT_LEVELS);
    }
}
