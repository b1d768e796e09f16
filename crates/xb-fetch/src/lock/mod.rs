//! `xb.lock`: the digest of everything that comes from outside.
//!
//! A [`Lock`] is data; [`LockFile`] is the file, with cargo's manners: what is missing is added, unless the manners
//! forbid it. The lock never says from which host something came: urls are as the descriptions write them, and a
//! Debian package is its path in the pool. Within a suite there is one version of each package and architecture,
//! whichever set it is in, so that what is built against one root runs in another.
//!
//! What an index of Debian lists is kept with the date of that index: an archive of snapshots has it as of that date,
//! and may not have it any more as of a later one.

mod file;
pub(crate) mod lacking;
mod read;
mod used;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use xb_core::{Arch, Sha256, TreeId};
use xb_debian::Pinned;
use xb_graph::DebianRoot;

use crate::mirror::Moment;

pub use file::{LockError, LockFile, Manners};
pub use read::InvalidLock;
pub use used::Used;

/// The digests of everything that comes from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Files and archives, by the url that the description gives.
    pub fetched: BTreeMap<String, LockedFetch>,
    /// Git trees, by url and revision.
    pub git: BTreeMap<(String, String), LockedGit>,
    /// Debian's suites: `trixie`.
    pub debian: BTreeMap<String, LockedSuite>,
}

/// A file from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedFetch {
    /// What its bytes hash to.
    pub sha256: Sha256,
    /// How many bytes there are.
    pub size: u64,
    /// The date of the index that lists it, as the index writes it; none for what no index lists.
    pub date: Option<String>,
}

/// A revision of a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedGit {
    /// The commit that the revision named when it was locked: how it is found.
    pub commit: String,
    /// The digest of its tree: what is believed.
    pub tree: TreeId,
}

/// A suite of Debian, as of the signed indexes that its sets are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedSuite {
    /// The date of the newest index, as the index writes it: no older one is believed.
    pub date: String,
    /// The digest of the newest index.
    pub in_release: Option<Sha256>,
    /// Every package of every set, once.
    pub packages: BTreeMap<PackageName, Pinned>,
    /// What was asked for together, and what it takes.
    pub sets: BTreeMap<SetKey, LockedSet>,
}

/// What a set takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedSet {
    /// The date of the index that it is from.
    pub date: String,
    /// Its packages.
    pub packages: BTreeSet<PackageName>,
}

/// A package and its architecture: `gcc:amd64`, `tzdata:all`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageName {
    /// `gcc`.
    pub name: String,
    /// `amd64`, `arm64` or `all`.
    pub arch: String,
}

/// What was asked for together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetKey {
    /// The architecture that packages for all architectures belong to.
    pub native: Arch,
    /// The packages by name.
    pub wanted: BTreeSet<PackageName>,
}

impl SetKey {
    /// The key of a root. Its native architecture is the only one it has, or else `host`.
    pub fn of(root: &DebianRoot, host: Arch) -> Self {
        let mut arches = root.packages.keys();
        let native = match (arches.next(), arches.next()) {
            (Some(only), None) => *only,
            _ => host,
        };
        let wanted = root.packages.iter().flat_map(|(arch, names)| {
            names.iter().map(|name| PackageName { name: name.clone(), arch: arch.debian().to_owned() })
        });
        Self { native, wanted: wanted.collect() }
    }

    /// The names by architecture, as the resolver wants them.
    pub fn by_arch(&self) -> BTreeMap<Arch, BTreeSet<String>> {
        let mut all: BTreeMap<Arch, BTreeSet<String>> = BTreeMap::new();
        for package in &self.wanted {
            if let Ok(arch) = package.arch.parse() {
                all.entry(arch).or_default().insert(package.name.clone());
            }
        }
        all
    }
}

/// For a person: of many names, the first.
impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&first_of(self.wanted.iter()))
    }
}

/// Of many names, the first, and how many more there are.
fn first_of<'n>(names: impl ExactSizeIterator<Item = &'n PackageName>) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(ToString::to_string).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl PackageName {
    /// The name of a pinned package.
    pub fn of(package: &Pinned) -> Self {
        Self { name: package.name.clone(), arch: package.arch.clone() }
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.arch)
    }
}

impl FromStr for PackageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((name, arch)) if !name.is_empty() && !arch.is_empty() => {
                Ok(Self { name: name.to_owned(), arch: arch.to_owned() })
            }
            _ => Err(format!("`{text}` is not a package with its architecture, like `gcc:amd64`")),
        }
    }
}

impl Lock {
    /// The date as of which the archive of snapshots has what a url names: that of the index which lists it. What is
    /// not of an index of this lock is looked for as of the newest one.
    pub fn date_of(&self, url: &str) -> Option<Moment> {
        let own = self.fetched.get(url).and_then(|locked| locked.date.as_deref());
        let newest = || self.debian.values().filter_map(|suite| Moment::parse(&suite.date)).max();
        own.and_then(Moment::parse).or_else(newest)
    }
}

impl LockedSuite {
    /// The packages of a set, if the set is known.
    pub fn set(&self, key: &SetKey) -> Option<Vec<&Pinned>> {
        let set = self.sets.get(key)?;
        set.packages.iter().map(|name| self.packages.get(name)).collect()
    }

    /// Packages of `closure` of which another version is already pinned: pairs of what is pinned and what came.
    pub fn disagreements<'a>(&'a self, closure: &'a [Pinned]) -> Vec<(&'a Pinned, &'a Pinned)> {
        let pinned = |package| self.packages.get(&PackageName::of(package));
        closure
            .iter()
            .filter_map(|package| pinned(package).map(|pinned| (pinned, package)))
            .filter(|(pinned, package)| pinned.sha256 != package.sha256)
            .collect()
    }

    /// Adds a set and its packages, from the index of a date.
    pub fn add(&mut self, key: SetKey, date: &str, closure: Vec<Pinned>) {
        let packages = closure.iter().map(PackageName::of).collect();
        self.sets.insert(key, LockedSet { date: date.to_owned(), packages });
        for package in closure {
            self.packages.insert(PackageName::of(&package), package);
        }
    }
}
