//! How grave what was found is, by what each package says.

use std::collections::BTreeMap;

use xb_audit::{FindingKind, JudgedFinding, Level, Policy, Rule};
use xb_graph::Target;
use xb_store::Store;

use super::look::Looked;
use super::spread::tell_apart;
use super::{Audited, Told, probes};
use crate::failure::Failure;

/// Compares the builds of each package, and judges everything that was found.
///
/// # Errors
/// When a part of a tree cannot be read.
pub fn judge(store: &Store, mut all: Vec<Looked>) -> Result<Vec<Audited>, Failure> {
    probes::compare(store, &mut all)?;
    let compared = have_others(&all);
    let mut judged =
        all.into_iter().zip(compared).map(|(one, compared)| judged(one, compared)).collect::<Result<Vec<_>, _>>()?;
    tell_apart(&mut judged);
    Ok(judged)
}

/// Which of them are of a package that was built more than once.
fn have_others(all: &[Looked]) -> Vec<bool> {
    fn package(one: &Looked) -> (&str, &str) {
        (&one.target.id.file, &one.target.id.package)
    }
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(package(one)).or_insert(0) += 1;
    }
    all.iter().map(|one| counts.get(&package(one)).is_some_and(|count| *count > 1)).collect()
}

fn judged(looked: Looked, compared: bool) -> Result<Audited, Failure> {
    let Looked { target, subject, built, findings } = looked;
    let judged = policy(&target)?.apply(findings);
    let refused = judged.is_refused();
    let told =
        |judged: JudgedFinding| Told { sentence: judged.finding.to_string(), judged, on_one_architecture: false };
    Ok(Audited {
        target: target.id,
        version: target.version,
        method: built.map(|built| built.way.method),
        tree: subject.result,
        root: subject.root,
        refused,
        findings: judged.findings.into_iter().map(told).collect(),
        // Of what was not looked for, nothing can be found.
        unused: judged.unused.into_iter().filter(|kind| compared || !kind.compares_builds()).collect(),
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
