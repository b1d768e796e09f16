//! The packages as the solver sees them.
//!
//! To the solver, a name is a package of one architecture, and its candidates are its versions. What a relation asks
//! for is worked out here, to explicit lists of candidates, so that virtual packages and multiarch are nothing that
//! the solver has to know of. All is made when it is asked for: of 140,000 packages some thousands are ever seen.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use resolvo::utils::{Pool, VersionSet};
use resolvo::{
    Candidates, Condition, ConditionId, ConditionalRequirement, Dependencies, DependencyProvider, Interner,
    KnownDependencies, NameId, SolvableId, SolverCache, StringId, VersionSetId, VersionSetUnionId,
};
use xb_core::Arch;

use super::universe::{Id, Universe};
use crate::index::{Kind, MultiArch};
use crate::relation::{Alternative, Malformed, Relation, relations};

/// Those candidates of a name that a relation asks for or allows, and its words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Selection {
    candidates: Rc<[SolvableId]>,
    words: Rc<str>,
}

impl VersionSet for Selection {
    type V = Id;
}

/// A package of one architecture, in any version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    name: Rc<str>,
    arch: Arch,
}

pub(super) struct Provider<'a> {
    universe: Universe<'a>,
    pool: Pool<Selection, Name>,
    solvables: RefCell<HashMap<Id, SolvableId>>,
}

impl<'a> Provider<'a> {
    pub(super) fn new(universe: Universe<'a>) -> Self {
        Self { universe, pool: Pool::new(), solvables: RefCell::default() }
    }

    /// The package behind a candidate.
    pub(super) fn id(&self, solvable: SolvableId) -> Id {
        self.pool.resolve_solvable(solvable).record
    }

    pub(super) fn universe(&self) -> Universe<'a> {
        self.universe
    }

    /// The words of the relation that a selection comes from: `depends on libc6 (>= 2.38)`.
    pub(super) fn words(&self, selection: VersionSetId) -> &str {
        &self.pool.resolve_version_set(selection).words
    }

    /// That one of these packages is there: the first that can be.
    pub(super) fn require(&self, choices: &[Id], absent: (&str, Arch), words: &str) -> ConditionalRequirement {
        let mut selections = choices
            .chunk_by(|a, b| self.name(*a) == self.name(*b))
            .map(|same| self.select(self.name(same[0]), same, words));
        let Some(first) = selections.next() else {
            let name = self.intern(absent.0, absent.1);
            return self.select(name, &[], words).into();
        };
        let others: Vec<VersionSetId> = selections.collect();
        if others.is_empty() {
            return first.into();
        }
        self.pool.intern_version_set_union(first, others.into_iter()).into()
    }

    fn intern(&self, name: &str, arch: Arch) -> NameId {
        let name = Rc::from(name);
        self.pool.intern_package_name(Name { name, arch })
    }

    fn name(&self, id: Id) -> NameId {
        self.intern(self.universe.package(id).name(), id.arch)
    }

    fn solvable(&self, id: Id) -> SolvableId {
        let known = self.solvables.borrow().get(&id).copied();
        known.unwrap_or_else(|| {
            let solvable = self.pool.intern_solvable(self.name(id), id);
            self.solvables.borrow_mut().insert(id, solvable);
            solvable
        })
    }

    fn select(&self, name: NameId, ids: &[Id], words: &str) -> VersionSetId {
        let selection =
            Selection { candidates: ids.iter().map(|id| self.solvable(*id)).collect(), words: Rc::from(words) };
        self.pool.intern_version_set(name, selection)
    }

    fn all_of(&self, name: NameId) -> Vec<Id> {
        let Name { name, arch } = self.pool.resolve_package_name(name);
        self.universe.named(name, *arch).collect()
    }

    fn dependencies(&self, id: Id) -> Result<KnownDependencies, Malformed<'a>> {
        let package = self.universe.package(id);
        let mut known = KnownDependencies::default();
        for kind in Kind::ALL {
            for relation in relations(package.relations(kind)) {
                let relation = relation?;
                let words = format!("{} {}", kind.verb(), relation.text);
                match kind {
                    Kind::PreDepends | Kind::Depends => {
                        known.requirements.push(self.dependency(&relation, id.arch, &words));
                    }
                    Kind::Conflicts | Kind::Breaks => {
                        known.constrains.extend(self.conflict(&relation, id, &words));
                    }
                }
            }
        }
        known.constrains.extend(self.siblings(id));
        Ok(known)
    }

    pub(super) fn dependency(&self, relation: &Relation<'_>, arch: Arch, words: &str) -> ConditionalRequirement {
        let meeting = |wanted: &Alternative<'_>| self.universe.meeting(wanted, arch);
        let choices: Vec<Id> = relation.alternatives.iter().flat_map(meeting).collect();
        self.require(&choices, (relation.alternatives[0].name, arch), words)
    }

    fn conflict(&self, relation: &Relation<'_>, id: Id, words: &str) -> Vec<VersionSetId> {
        let excluded = relation.alternatives.iter();
        let excluded = excluded.flat_map(|unwanted| self.universe.excluded(unwanted, id));
        let mut by_name: BTreeMap<NameId, Vec<Id>> = BTreeMap::new();
        for id in excluded {
            by_name.entry(self.name(id)).or_default().push(id);
        }
        let allowed = |(name, excluded): (NameId, Vec<Id>)| {
            let mut ids = self.all_of(name);
            ids.retain(|id| !excluded.contains(id));
            self.select(name, &ids, words)
        };
        by_name.into_iter().map(allowed).collect()
    }

    /// What the instances of the same package for other architectures must be: the same version of something that
    /// can stand beside itself, else nothing.
    fn siblings(&self, id: Id) -> Vec<VersionSetId> {
        let package = self.universe.package(id);
        let fits = |other: &Id| {
            let other = self.universe.package(*other);
            [package, other].map(crate::index::Package::multi_arch) == [MultiArch::Same; 2]
                && package.version() == other.version()
        };
        let mut selections = Vec::new();
        for arch in self.universe.indexes.keys().filter(|arch| **arch != id.arch) {
            let mut ids: Vec<Id> = self.universe.named(package.name(), *arch).collect();
            if !ids.is_empty() {
                let name = self.name(ids[0]);
                ids.retain(fits);
                let words = "cannot stand (for want of `Multi-Arch: same`, or of equal versions) beside";
                selections.push(self.select(name, &ids, words));
            }
        }
        selections
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.arch, self.number)
    }
}

impl Interner for Provider<'_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl fmt::Display + '_ {
        self.universe.display(self.id(solvable))
    }

    fn display_name(&self, name: NameId) -> impl fmt::Display + '_ {
        let Name { name, arch } = self.pool.resolve_package_name(name);
        format!("{name}:{arch}")
    }

    fn display_version_set(&self, selection: VersionSetId) -> impl fmt::Display + '_ {
        self.words(selection)
    }

    fn display_string(&self, string: StringId) -> impl fmt::Display + '_ {
        self.pool.resolve_string(string)
    }

    fn version_set_name(&self, selection: VersionSetId) -> NameId {
        self.pool.resolve_version_set_package_name(selection)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        self.pool.resolve_solvable(solvable).name
    }

    fn version_sets_in_union(&self, union: VersionSetUnionId) -> impl Iterator<Item = VersionSetId> {
        self.pool.resolve_version_set_union(union)
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        self.pool.resolve_condition(condition).clone()
    }
}

impl DependencyProvider for Provider<'_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        selection: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let selection = self.pool.resolve_version_set(selection);
        let is_chosen = |candidate: &SolvableId| selection.candidates.contains(candidate) != inverse;
        candidates.iter().copied().filter(is_chosen).collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates> {
        let candidates = self.all_of(name).into_iter().map(|id| self.solvable(id));
        Some(Candidates { candidates: candidates.collect(), ..Candidates::default() })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, candidates: &mut [SolvableId]) {
        candidates.sort_by_key(|candidate| self.id(*candidate));
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        match self.dependencies(self.id(solvable)) {
            Ok(known) => Dependencies::Known(known),
            Err(malformed) => Dependencies::Unknown(self.pool.intern_string(malformed.to_string())),
        }
    }
}
