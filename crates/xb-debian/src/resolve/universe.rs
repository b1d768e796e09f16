//! Which packages there are, and which of them is what a relation asks for: Debian's rules of multiarch.
//!
//! A package for all architectures counts as one of the native architecture, and is taken from its index.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use xb_core::Arch;

use crate::index::{Index, MultiArch, Number, Package};
use crate::relation::Alternative;

/// A package of one of the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    /// The architecture that it is for: the native one for those that are for all.
    pub(crate) arch: Arch,
    pub(crate) number: Number,
}

/// The indexes of all architectures, seen from the native one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Universe<'a> {
    pub(crate) indexes: &'a BTreeMap<Arch, &'a Index>,
    pub(crate) native: Arch,
}

impl<'a> Universe<'a> {
    pub(crate) fn package(self, id: Id) -> Package<'a> {
        self.indexes[&id.arch].package(id.number)
    }

    /// How a person calls a package: `zlib1g:arm64`, without the architecture where it is the native one.
    pub(crate) fn display(self, id: Id) -> String {
        let package = self.package(id);
        if id.arch == self.native {
            format!("{} {}", package.name(), package.version())
        } else {
            format!("{}:{} {}", package.name(), id.arch, package.version())
        }
    }

    /// The packages of one name and architecture, the newest first.
    pub(crate) fn named(self, name: &str, arch: Arch) -> impl Iterator<Item = Id> {
        let index = self.indexes.get(&arch);
        let numbers = index.map_or(0..0, |index| index.named(name));
        numbers.map(move |number| Id { arch, number }).filter(move |id| self.counts(*id))
    }

    /// The packages that are what a package of `arch` asks for, in the order in which they are to be tried: those of
    /// that name before those that provide it, essential ones first, the native architecture first, by priority.
    pub(crate) fn meeting(self, wanted: &Alternative<'_>, arch: Arch) -> Vec<Id> {
        let mut found: Vec<Id> = self.matching(wanted).filter(|id| self.serves(*id, wanted.qualifier, arch)).collect();
        found.sort_by_key(|id| self.preference(*id, wanted.name));
        found.dedup();
        found
    }

    /// The packages that a conflict with `unwanted` excludes. A package excludes no instance of itself.
    pub(crate) fn excluded(self, unwanted: &Alternative<'_>, by: Id) -> Vec<Id> {
        let name = self.package(by).name();
        self.matching(unwanted)
            .filter(|id| self.package(*id).name() != name)
            .filter(|id| match unwanted.qualifier {
                None | Some("any") => true,
                Some(qualifier) => self.is_called(qualifier, id.arch),
            })
            .collect()
    }

    /// The packages of any architecture that have this name, or provide it, in a version that is asked for.
    fn matching(self, wanted: &Alternative<'_>) -> impl Iterator<Item = Id> {
        self.indexes
            .iter()
            .flat_map(move |(arch, index)| {
                let named = index.named(wanted.name);
                let named = named.filter(move |number| wanted.admits(index.package(*number).version()));
                let providing = index
                    .providing(wanted.name)
                    .filter(move |(_, version)| wanted.admits_provided(*version))
                    .map(|(number, _)| number);
                named.chain(providing).map(move |number| Id { arch: *arch, number })
            })
            .filter(move |id| self.counts(*id))
    }

    /// Whether a package may serve one of `arch` that asks for it with this qualifier.
    fn serves(self, id: Id, qualifier: Option<&str>, arch: Arch) -> bool {
        let multi_arch = self.package(id).multi_arch();
        match qualifier {
            None => id.arch == arch || multi_arch == MultiArch::Foreign,
            Some("any") => id.arch == arch || multi_arch == MultiArch::Allowed,
            Some(qualifier) => self.is_called(qualifier, id.arch),
        }
    }

    fn is_called(self, qualifier: &str, arch: Arch) -> bool {
        qualifier == arch.debian() || (qualifier == "native" && arch == self.native)
    }

    /// What is for all architectures is the same in every index; the native one's counts.
    fn counts(self, id: Id) -> bool {
        id.arch == self.native || !self.package(id).is_all()
    }

    fn preference(self, id: Id, name: &str) -> impl Ord + use<'a> {
        let package = self.package(id);
        let other_name = package.name() != name;
        let version = Reverse(if other_name { 0 } else { u32::MAX - id.number });
        (other_name, !package.is_essential(), id.arch != self.native, package.priority(), package.name(), version, id)
    }
}
