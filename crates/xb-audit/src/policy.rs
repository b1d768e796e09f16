//! What a package's description says about findings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Finding, FindingKind, Level};

/// How grave findings of a kind are, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// How grave.
    pub level: Level,
    /// Why, for who reads the description.
    pub reason: String,
}

/// How grave findings are; those of a kind without a rule are as grave as their kind says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Policy {
    /// The rules.
    pub rules: BTreeMap<FindingKind, Rule>,
}

/// A finding, and how grave it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedFinding {
    /// How grave.
    pub level: Level,
    /// What the policy gives as the reason, if it says anything.
    pub reason: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// All findings, and what of the policy they had no use for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The findings, in their order; also those that are off.
    pub findings: Vec<JudgedFinding>,
    /// Rules for kinds of which there is no finding: what they were written for is gone.
    pub unused: Vec<FindingKind>,
}

impl Policy {
    /// This policy with one more rule.
    #[must_use]
    pub fn with(mut self, kind: FindingKind, level: Level, reason: impl Into<String>) -> Self {
        self.rules.insert(kind, Rule { level, reason: reason.into() });
        self
    }

    /// Says how grave each finding is.
    pub fn apply(&self, findings: Vec<Finding>) -> Judged {
        let found: BTreeSet<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
        let judge = |finding: Finding| match self.rules.get(&finding.kind) {
            Some(rule) => JudgedFinding { level: rule.level, reason: Some(rule.reason.clone()), finding },
            None => JudgedFinding { level: finding.kind.level(), reason: None, finding },
        };
        Judged {
            findings: findings.into_iter().map(judge).collect(),
            unused: self.rules.keys().filter(|kind| !found.contains(kind)).copied().collect(),
        }
    }
}

impl Judged {
    /// The findings of a level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &JudgedFinding> {
        self.findings.iter().filter(move |judged| judged.level == level)
    }

    /// Whether the result is refused.
    pub fn is_refused(&self) -> bool {
        self.of(Level::Error).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use xb_core::RelPath;

    use super::*;
    use crate::Detail;

    #[test]
    fn a_policy_decides_and_says_what_it_had_no_use_for() {
        let found = |path: &str, detail| Finding::new(RelPath::new(path).unwrap(), detail);
        let findings = vec![
            found("usr/bin/su", Detail::Mode { mode: 0o4755, folder: false }),
            found("usr/lib/x", Detail::Fault { reason: "it ends within its header".into() }),
        ];
        assert!(!Policy::default().apply(findings.clone()).is_refused());
        let policy = Policy::default()
            .with(FindingKind::SetId, Level::Off, "this is what it is for")
            .with(FindingKind::BrokenFile, Level::Error, "there are no tests in it")
            .with(FindingKind::CpuBaseline, Level::Warn, "it chooses as it runs");
        let judged = policy.apply(findings);
        assert!(judged.is_refused());
        assert_eq!(judged.of(Level::Off).next().unwrap().reason.as_deref(), Some("this is what it is for"));
        assert_eq!(judged.of(Level::Error).next().unwrap().finding.path.as_str(), "usr/lib/x");
        assert_eq!(judged.unused, [FindingKind::CpuBaseline]);
        let json = serde_json::to_string(&judged).unwrap();
        assert!(
            json.contains(r#""level":"off","reason":"this is what it is for","path":"usr/bin/su","kind":"set-id""#)
        );
        assert_eq!(serde_json::from_str::<Judged>(&json).unwrap(), judged);
    }
}
