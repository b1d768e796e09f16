//! What became of the checks of targets.

use serde::{Deserialize, Serialize};
use xb_graph::{Graph, Target};

use crate::Realised;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// It ran, now or before, and succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It was left out, or never came to its turn.
    Skipped,
    /// The package has none.
    None,
}

impl Realised {
    /// What became of the check of a target, where checks were asked for.
    pub fn check(&self, graph: &Graph, target: &Target, asked_for: bool) -> Check {
        let Some(check) = target.check else {
            return Check::None;
        };
        if self.node(check).is_some() {
            Check::Passed
        } else if asked_for && self.failures.iter().any(|failure| graph.is_of(check, failure.node)) {
            Check::Failed
        } else {
            Check::Skipped
        }
    }
}
