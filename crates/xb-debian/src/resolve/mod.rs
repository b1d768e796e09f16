//! From names of packages to their closure, by Debian's rules.
//!
//! `Depends` and `Pre-Depends` are followed, `Recommends` are not. Of alternatives, the first that can be is taken,
//! unless another is there anyway. The same question has the same answer, always.

mod explain;
mod order;
mod provider;
mod universe;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

use resolvo::{ConditionalRequirement, Problem, Solver, UnsolvableOrCancelled};
use serde::{Deserialize, Serialize};
use xb_core::{Arch, Sha256};

use crate::index::Index;
use crate::relation::{Relation, relations};
use provider::Provider;
use universe::{Id, Universe};

pub use unknown::UnknownNames;

/// A package of Debian, pinned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pinned {
    /// `zlib1g-dev`.
    pub name: String,
    /// `1:1.3.dfsg+really1.3.1-1+b1`.
    pub version: String,
    /// `amd64`, `arm64` or `all`.
    pub arch: String,
    /// Where it is on every mirror: `pool/main/z/zlib/...`.
    pub path: String,
    /// Its sum.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// Why packages cannot be had together.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Something was asked for an architecture without an index.
    #[error("packages are asked for {0}, and there is no index of that architecture")]
    NoIndex(Arch),
    /// What was asked for is not the name of a package.
    #[error("`{0}` is not the name of a package; write it as in `apt-get install`, without a version")]
    Malformed(String),
    /// There are no packages of these names, nor any that provide them.
    #[error(transparent)]
    Unknown(UnknownNames),
    /// Several packages provide what was asked for, and none has its name.
    #[error("`{name}` is a virtual package for {arch}; ask for one that provides it: {}", .providers.join(", "))]
    Virtual {
        /// What was asked for.
        name: String,
        /// For which architecture.
        arch: Arch,
        /// The packages that provide it.
        providers: Vec<String>,
    },
    /// Dependencies that cannot be met, or conflicts.
    #[error("these packages cannot be installed together:\n{}", .0.iter().map(|reason| format!("  - {reason}")).collect::<Vec<_>>().join("\n"))]
    Conflict(Vec<String>),
}

/// The closure of the `wanted` packages, in an order in which dependencies come first where that is possible.
///
/// What is for all architectures is taken as of the `native` one. A name that is wanted for another architecture and
/// is for all of them, or of the kind that serves all of them, is taken as of the native one too. Indexes of other
/// architectures than these do not count.
///
/// # Errors
/// See [`ResolveError`].
pub fn resolve(
    indexes: &BTreeMap<Arch, Index>,
    native: Arch,
    wanted: &BTreeMap<Arch, BTreeSet<String>>,
) -> Result<Vec<Pinned>, ResolveError> {
    let is_asked_for = |arch: &Arch| *arch == native || wanted.contains_key(arch);
    let indexes = indexes.iter().filter(|(arch, _)| is_asked_for(arch)).map(|(arch, index)| (*arch, index)).collect();
    let universe = Universe { indexes: &indexes, native };
    let provider = Provider::new(universe);
    let requirements = requirements(&provider, wanted)?;
    let mut solver = Solver::new(provider);
    let problem = Problem::new().requirements(requirements);
    let chosen = match solver.solve(problem) {
        Ok(chosen) => chosen,
        Err(UnsolvableOrCancelled::Unsolvable(conflict)) => {
            return Err(ResolveError::Conflict(explain::explain(&conflict.graph(&solver), solver.provider())));
        }
        Err(UnsolvableOrCancelled::Cancelled(_)) => {
            return Err(ResolveError::Conflict(vec!["the solver gave up".to_owned()]));
        }
    };
    let chosen: BTreeSet<Id> = chosen.into_iter().map(|it| solver.provider().id(it)).collect();
    let ordered = order::dependencies_first(universe, &chosen);
    Ok(ordered.into_iter().map(|id| pin(universe, id)).collect())
}

fn requirements(
    provider: &Provider<'_>,
    wanted: &BTreeMap<Arch, BTreeSet<String>>,
) -> Result<Vec<ConditionalRequirement>, ResolveError> {
    let (mut requirements, mut unknown) = (Vec::new(), UnknownNames::default());
    for (arch, name) in wanted.iter().flat_map(|(arch, names)| names.iter().map(|name| (*arch, name))) {
        match requirement(provider, arch, name)? {
            Some(requirement) => requirements.push(requirement),
            None => unknown.add(provider.universe(), name, arch),
        }
    }
    match unknown.is_empty() {
        true => Ok(requirements),
        false => Err(ResolveError::Unknown(unknown)),
    }
}

/// None where there is no such package.
fn requirement(
    provider: &Provider<'_>,
    arch: Arch,
    name: &str,
) -> Result<Option<ConditionalRequirement>, ResolveError> {
    let universe = provider.universe();
    if !universe.indexes.contains_key(&arch) {
        return Err(ResolveError::NoIndex(arch));
    }
    let malformed = || ResolveError::Malformed(name.to_owned());
    let mut parsed = relations(name);
    let relation = parsed.next().and_then(Result::ok).ok_or_else(malformed)?;
    if parsed.next().is_some() {
        return Err(malformed());
    }
    let choices = choices(universe, &relation, arch);
    if choices.is_empty() {
        return Ok(None);
    }
    refuse_virtual(universe, &relation, arch, &choices)?;
    Ok(Some(provider.require(&choices, (name, arch), "is wanted")))
}

/// What may stand for a wanted name: its own architecture first, whatever is the native one.
fn choices(universe: Universe<'_>, relation: &Relation<'_>, arch: Arch) -> Vec<Id> {
    let mut choices = Vec::new();
    for wanted in &relation.alternatives {
        let mut meeting = universe.meeting(wanted, arch);
        let for_all = universe.named(wanted.name, universe.native);
        let for_all = for_all.filter(|id| universe.package(*id).is_all());
        meeting.extend(for_all.filter(|id| wanted.admits(universe.package(*id).version())));
        meeting.sort_by_key(|id| (universe.package(*id).name() != wanted.name, id.arch != arch));
        meeting.dedup();
        choices.extend(meeting);
    }
    choices
}

/// A name that several packages provide and none has is a question, not an answer.
fn refuse_virtual(
    universe: Universe<'_>,
    relation: &Relation<'_>,
    arch: Arch,
    choices: &[Id],
) -> Result<(), ResolveError> {
    let names: BTreeSet<&str> = choices.iter().map(|id| universe.package(*id).name()).collect();
    let has_name = |name: &&str| relation.alternatives.iter().any(|wanted| wanted.name == *name);
    if names.len() <= 1 || names.iter().any(has_name) {
        return Ok(());
    }
    Err(ResolveError::Virtual {
        name: relation.text.to_owned(),
        arch,
        providers: names.into_iter().map(str::to_owned).collect(),
    })
}

fn pin(universe: Universe<'_>, id: Id) -> Pinned {
    let package = universe.package(id);
    Pinned {
        name: package.name().to_owned(),
        version: package.version().to_owned(),
        arch: package.architecture().to_owned(),
        path: package.path().to_owned(),
        sha256: package.sha256(),
        size: package.size(),
    }
}
