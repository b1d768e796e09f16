//! What is known beside the build: broken descriptions, the ends of logs, what the audits found.

use std::collections::BTreeMap;

use xb_audit::Level;
use xb_build::Realised;
use xb_graph::{Graph, NodeId, TargetId};
use xb_port::{Broken, Findings, LogEnd};

use crate::audit::Audited;
use crate::blame;
use crate::failure::Failure;
use crate::output::printable;
use crate::project::Target;
use crate::session::Session;

/// Descriptions that are wrong, for the report.
pub fn broken(broken: &[(Target, Failure)]) -> Vec<Broken> {
    let one = |(target, failure): &(Target, Failure)| Broken {
        file: target.file.to_string(),
        message: failure.message().to_owned(),
    };
    broken.iter().map(one).collect()
}

/// The ends of the logs of what failed.
pub fn logs(session: &Session, graph: &Graph, realised: &Realised) -> BTreeMap<NodeId, LogEnd> {
    let end = |failure: &xb_build::Failure| {
        let command = blame::log_of(session, graph, failure)?;
        let lines = blame::log_end(session, failure);
        let lines = lines.iter().map(|line| printable(line).to_string()).collect();
        Some((failure.node, LogEnd { lines, command }))
    };
    realised.failures.iter().filter_map(end).collect()
}

/// What the audits found that is at least a warning.
pub fn findings(audited: &[Audited]) -> BTreeMap<TargetId, Findings> {
    let of = |one: &Audited| {
        let at = |level: Level| {
            let found = one.findings.iter().filter(move |told| told.judged.level == level);
            found.map(|told| told.sentence.clone()).collect()
        };
        (one.target.clone(), Findings { errors: at(Level::Error), warnings: at(Level::Warn) })
    };
    audited.iter().map(of).collect()
}
