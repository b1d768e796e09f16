//! How far each package is.

use serde::Serialize;
use xb_build::{Attempt, Check, Failure, Realised, RealisedNode};
use xb_core::{Arch, show_time};
use xb_graph::{Graph, Method, NodeId, Target, TargetId};

use crate::{Bits, Findings, Outcome};

/// A package for an architecture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Package {
    /// Which it is.
    #[serde(flatten)]
    pub target: TargetId,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// How far it is.
    pub state: State,
    /// Its build, where it was built.
    pub build: Option<Step>,
    /// What became of its check.
    pub check: Check,
    /// The run of its check, where that passed.
    pub checked: Option<Step>,
    /// The methods that were tried before, each with the reason why it did not do.
    pub tried: Vec<Tried>,
    /// Whether the methods lead to the same bits, where that was looked at.
    pub bits: Option<Bits>,
    /// What the audit found, where there was one.
    pub findings: Option<Findings>,
}

/// How far a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is built, and its check passed if it has one.
    Ready,
    /// It is built, and its check did not pass.
    CheckFailed,
    /// Its build failed.
    Failed,
    /// Something that it needs is not there.
    Waits,
    /// Its description is wrong.
    Broken,
}

/// A run that succeeded, now or before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// How.
    pub method: Method,
    /// Where.
    pub executor: String,
    /// How long it ran, when it ran.
    pub seconds: f64,
}

/// A method that did not lead to a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The method.
    pub method: Method,
    /// Why it did not do, as half a sentence.
    pub why: String,
}

impl State {
    /// In a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::CheckFailed => "check failed",
            Self::Failed => "failed",
            Self::Waits => "waits",
            Self::Broken => "broken",
        }
    }
}

impl Step {
    fn of(node: &RealisedNode) -> Option<Self> {
        let run = node.run.as_ref()?;
        let seconds = run.result.milliseconds as f64 / 1000.0;
        Some(Self { method: run.method, executor: run.result.executor.clone(), seconds })
    }

    /// Whether programs of the result's architecture were emulated.
    pub fn is_emulated(&self) -> bool {
        matches!(self.method, Method::Emulate | Method::PureEmulate)
    }

    /// `3 min 20 s`.
    pub fn time(&self) -> String {
        show_time(std::time::Duration::from_secs_f64(self.seconds.max(0.0)))
    }
}

/// Every package of an outcome, by file, name and architecture.
pub(crate) fn packages(outcome: &Outcome<'_>) -> Vec<Package> {
    let built = outcome.graph.targets.iter().map(|target| package(outcome, target));
    let broken =
        outcome.broken.iter().flat_map(|broken| outcome.arches.iter().map(|arch| of_broken(&broken.file, *arch)));
    let mut packages: Vec<_> = built.chain(broken).collect();
    packages.sort_by(|a, b| a.target.cmp(&b.target));
    packages
}

fn package(outcome: &Outcome<'_>, target: &Target) -> Package {
    let Outcome { graph, realised, .. } = outcome;
    let node = |node: NodeId| realised.node(node).and_then(Step::of);
    let check = realised.check(graph, target, true);
    Package {
        target: target.id.clone(),
        version: target.version.clone(),
        state: state(graph, realised, target, check),
        build: node(target.build),
        check,
        checked: target.check.and_then(node),
        tried: tried(graph, realised, target.build),
        bits: outcome.bits.get(&target.id).cloned(),
        findings: outcome.findings.get(&target.id).cloned(),
    }
}

fn state(graph: &Graph, realised: &Realised, target: &Target, check: Check) -> State {
    let is_built = realised.node(target.build).is_some();
    match check {
        Check::Passed | Check::None if is_built => State::Ready,
        Check::Failed if is_built => State::CheckFailed,
        // Its check needs something that is not there.
        _ if is_built => State::Waits,
        _ if own_failure(graph, realised, target.build).is_some() => State::Failed,
        _ => State::Waits,
    }
}

fn own_failure<'a>(graph: &Graph, realised: &'a Realised, build: NodeId) -> Option<&'a Failure> {
    realised.failures.iter().find(|failure| graph.is_of(build, failure.node))
}

/// What was tried before a build succeeded, or before the last attempt failed.
fn tried(graph: &Graph, realised: &Realised, build: NodeId) -> Vec<Tried> {
    let tried = |attempt: &Attempt| Tried { method: attempt.method, why: attempt.why.clone() };
    if let Some(node) = realised.node(build) {
        return node.attempts.iter().map(tried).collect();
    }
    own_failure(graph, realised, build).map_or_else(Vec::new, |failure| failure.attempts.iter().map(tried).collect())
}

/// The packages of a file that cannot be evaluated are not known; the file stands for them.
fn of_broken(file: &str, arch: Arch) -> Package {
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".xb");
    Package {
        target: TargetId { file: file.into(), package: stem.to_owned(), arch },
        version: None,
        state: State::Broken,
        build: None,
        check: Check::Skipped,
        checked: None,
        tried: Vec::new(),
        bits: None,
        findings: None,
    }
}
