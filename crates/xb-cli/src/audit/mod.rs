//! What is found in results: calculated once for each result and root, judged by what the package says.

mod judge;
mod look;
mod memo;
mod probes;
mod show;
mod spread;

use serde::Serialize;
use xb_audit::{FindingKind, JudgedFinding};
use xb_build::Realised;
use xb_core::TreeId;
use xb_graph::{Graph, Method, TargetId};

pub use judge::judge;
pub use look::{Looked, look};
pub use show::{show, summary, tell};

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
    /// How it was built; none when nothing ran for it.
    pub method: Option<Method>,
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
    judge(&session.store, look(session, graph, realised)?)
}
