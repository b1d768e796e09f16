//! What was asked for.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xb_core::{Arch, Baseline};

use crate::NodeId;

/// Which package: two files may have packages of one name, even of one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetId {
    /// The file that describes it, from the project's folder.
    pub file: Arc<str>,
    /// Its name.
    pub package: String,
    /// What it is for.
    pub arch: Arch,
}

impl Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.package, self.arch)
    }
}

/// A package for an architecture, as somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Which it is.
    pub id: TargetId,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// Its [`Choice`](crate::Choice).
    pub build: NodeId,
    /// Its tests: a [`Choice`](crate::Choice) or a [`Run`](crate::Run), if it has any.
    pub check: Option<NodeId>,
    /// The tests of the packages of which it is made, where it is something else than a package's result.
    pub tests: Vec<NodeId>,
    /// The tree in which its result will run, where an audit was asked for.
    pub root: Option<NodeId>,
    /// What a processor must have at least to run its result.
    pub baseline: Baseline,
    /// What its description says about findings of an audit, by their kinds.
    pub policy: BTreeMap<String, PolicyRule>,
}

impl Target {
    /// Everything that is tested: itself, and what it is made of.
    pub fn checks(&self) -> impl Iterator<Item = NodeId> {
        self.check.into_iter().chain(self.tests.iter().copied())
    }

    /// All nodes that it names.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        [self.build].into_iter().chain(self.checks()).chain(self.root)
    }
}

/// How grave findings of a kind are for a package, and why. It is no part of a key, but for what it says of code for
/// other architectures: see [`CodeFor`](crate::CodeFor).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// How grave, by name: `off`.
    pub level: String,
    /// Why.
    pub reason: String,
}
