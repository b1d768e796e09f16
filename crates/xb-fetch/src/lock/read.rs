//! Reading the lock: whatever is wrong with it is said with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;
use xb_core::{Arch, Sha256, TreeId};
use xb_debian::Pinned;

use super::{Lock, LockedFetch, LockedGit, LockedSet, LockedSuite, PackageName, SetKey};
use crate::mirror::Moment;

/// Why a text is not a lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct InvalidLock {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    version: Spanned<u64>,
    #[serde(default)]
    fetch: Vec<RawFetch>,
    #[serde(default)]
    git: Vec<RawGit>,
    #[serde(default)]
    debian: BTreeMap<String, RawSuite>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFetch {
    url: Spanned<String>,
    sha256: Sha256,
    size: u64,
    date: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGit {
    url: Spanned<String>,
    revision: String,
    commit: Spanned<String>,
    tree: TreeId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSuite {
    date: Spanned<String>,
    in_release: Sha256,
    #[serde(default)]
    set: Vec<RawSet>,
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSet {
    date: Spanned<String>,
    native: Spanned<Arch>,
    wanted: Vec<Spanned<String>>,
    packages: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    name: Spanned<String>,
    version: String,
    arch: String,
    path: Spanned<String>,
    sha256: Sha256,
    size: u64,
}

impl FromStr for Lock {
    type Err = InvalidLock;

    fn from_str(text: &str) -> Result<Self, InvalidLock> {
        let reader = Reader { text };
        let raw: RawLock = toml::from_str(text).map_err(|error| reader.at(error.span(), error.message()))?;
        if *raw.version.get_ref() != 1 {
            let reason = format!(
                "this lock is of version {}, and this xb reads version 1; a newer xb wrote it",
                raw.version.get_ref()
            );
            return Err(reader.wrong(&raw.version, reason));
        }
        reader.lock(raw)
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn at(&self, span: Option<std::ops::Range<usize>>, reason: &str) -> InvalidLock {
        let end = span.map_or(0, |span| span.start).min(self.text.len());
        let line = self.text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count();
        InvalidLock { line: line + 1, reason: reason.to_owned() }
    }

    fn wrong<T>(&self, place: &Spanned<T>, reason: impl AsRef<str>) -> InvalidLock {
        self.at(Some(place.span()), reason.as_ref())
    }

    fn lock(&self, raw: RawLock) -> Result<Lock, InvalidLock> {
        let mut lock = Lock::default();
        for entry in raw.fetch {
            self.fetch(&mut lock, entry)?;
        }
        for entry in raw.git {
            self.git(&mut lock, entry)?;
        }
        for (suite, raw) in raw.debian {
            lock.debian.insert(suite, self.suite(raw)?);
        }
        Ok(lock)
    }

    fn fetch(&self, lock: &mut Lock, raw: RawFetch) -> Result<(), InvalidLock> {
        let date = raw.date.map(|date| self.date(date)).transpose()?;
        let locked = LockedFetch { sha256: raw.sha256, size: raw.size, date };
        let url = raw.url.get_ref().clone();
        match lock.fetched.insert(url, locked) {
            Some(_) => Err(self.twice(&raw.url)),
            None => Ok(()),
        }
    }

    fn git(&self, lock: &mut Lock, raw: RawGit) -> Result<(), InvalidLock> {
        let commit = raw.commit.get_ref().clone();
        if !crate::git::is_commit(&commit) {
            return Err(self.wrong(&raw.commit, format!("`{commit}` is not a commit of git")));
        }
        let locked = LockedGit { commit, tree: raw.tree };
        let key = (raw.url.get_ref().clone(), raw.revision);
        match lock.git.insert(key, locked) {
            Some(_) => Err(self.twice(&raw.url)),
            None => Ok(()),
        }
    }

    fn suite(&self, raw: RawSuite) -> Result<LockedSuite, InvalidLock> {
        let date = self.date(raw.date)?;
        let mut suite = LockedSuite { date, in_release: Some(raw.in_release), ..LockedSuite::default() };
        for package in raw.package {
            self.package(&mut suite, package)?;
        }
        for set in raw.set {
            self.set(&mut suite, set)?;
        }
        Ok(suite)
    }

    fn package(&self, suite: &mut LockedSuite, raw: RawPackage) -> Result<(), InvalidLock> {
        if !crate::mirror::is_pool_path(raw.path.get_ref()) {
            return Err(self.wrong(&raw.path, "this is not a path in the pool of an archive"));
        }
        let package = Pinned {
            name: raw.name.get_ref().clone(),
            version: raw.version,
            arch: raw.arch,
            path: raw.path.into_inner(),
            sha256: raw.sha256,
            size: raw.size,
        };
        match suite.packages.insert(PackageName::of(&package), package) {
            Some(_) => Err(self.twice(&raw.name)),
            None => Ok(()),
        }
    }

    fn set(&self, suite: &mut LockedSuite, raw: RawSet) -> Result<(), InvalidLock> {
        let key = SetKey {
            native: *raw.native.get_ref(),
            wanted: raw.wanted.iter().map(|name| self.name(name)).collect::<Result<_, _>>()?,
        };
        let mut set = LockedSet { date: self.date(raw.date)?, packages: BTreeSet::new() };
        for name in &raw.packages {
            let package = self.name(name)?;
            if !suite.packages.contains_key(&package) {
                let reason = format!("`{package}` is not among the packages of this lock");
                return Err(self.wrong(name, reason));
            }
            set.packages.insert(package);
        }
        match suite.sets.insert(key, set) {
            Some(_) => Err(self.wrong(&raw.native, "this set is here twice")),
            None => Ok(()),
        }
    }

    fn date(&self, text: Spanned<String>) -> Result<String, InvalidLock> {
        match Moment::parse(text.get_ref()) {
            Some(_) => Ok(text.into_inner()),
            None => Err(self.wrong(&text, "this is not a date like an index has")),
        }
    }

    fn name(&self, text: &Spanned<String>) -> Result<PackageName, InvalidLock> {
        let name = text.get_ref().parse::<PackageName>();
        name.map_err(|reason| self.wrong(text, reason))
    }

    fn twice(&self, name: &Spanned<String>) -> InvalidLock {
        self.wrong(name, format!("`{}` is here twice", name.get_ref()))
    }
}
