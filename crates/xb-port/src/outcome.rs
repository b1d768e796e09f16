//! What a report is made of.

use std::collections::BTreeMap;

use serde::Serialize;
use xb_build::Realised;
use xb_core::Arch;
use xb_graph::{Graph, Method, NodeId, TargetId};

/// What a port led to.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// What was ported, for a person: the name of a folder.
    pub title: String,
    /// The architecture of this machine.
    pub host: Arch,
    /// The architectures that were asked for.
    pub arches: Vec<Arch>,
    /// Everything that was to be built.
    pub graph: &'a Graph,
    /// What the build led to.
    pub realised: &'a Realised,
    /// Whether the methods lead to the same bits, where that was looked at.
    pub bits: BTreeMap<TargetId, Bits>,
    /// What the audits found, where there were any.
    pub findings: BTreeMap<TargetId, Findings>,
    /// The ends of the logs of what failed.
    pub logs: BTreeMap<NodeId, LogEnd>,
    /// Descriptions that are wrong, so that nothing could be built of them.
    pub broken: Vec<Broken>,
}

/// Whether several methods lead to the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Bits {
    /// They do.
    Equal {
        /// The methods.
        methods: Vec<Method>,
    },
    /// They do not.
    Differ {
        /// The methods.
        methods: Vec<Method>,
        /// What differs, a sentence each.
        differences: Vec<String>,
    },
    /// One of them leads to no result.
    Unknown {
        /// Which one.
        method: Method,
        /// Why.
        why: String,
    },
}

/// What an audit found, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// What must not be.
    pub errors: Vec<String>,
    /// What should be looked at.
    pub warnings: Vec<String>,
}

/// The end of a log, and how to see all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogEnd {
    /// Its last lines.
    pub lines: Vec<String>,
    /// The command that prints the whole of it.
    pub command: String,
}

/// A description that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The file, beneath the project's folder.
    pub file: String,
    /// What is wrong with it.
    pub message: String,
}
