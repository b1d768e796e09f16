//! Whose word counts, for what, and how many must say the same.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};
use xb_core::{ActionId, Arch, Digest, TreeId};
use xb_graph::{Method, Run};
use xb_sign::StatementPublicKey;

use super::statement::Statement;
use crate::Blob;

/// Whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// How many of the keys must say the same of a result.
    pub agree: usize,
    /// The keys.
    pub keys: Vec<TrustedKey>,
}

/// A key whose word counts, for some results or for all.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// What it is called: `ci`.
    pub name: String,
    /// The key.
    pub key: StatementPublicKey,
    /// For which packages; for all where there is nothing in it.
    packages: GlobSet,
    patterns: Vec<String>,
    /// For which architectures; for all where there is none.
    arches: Vec<Arch>,
    /// By which methods; by all where there is none.
    methods: Vec<Method>,
}

impl TrustedKey {
    /// A key whose word counts for everything.
    pub fn of(name: impl Into<String>, key: StatementPublicKey) -> Self {
        Self {
            name: name.into(),
            key,
            packages: GlobSet::empty(),
            patterns: Vec::new(),
            arches: Vec::new(),
            methods: Vec::new(),
        }
    }

    /// The same key, only for packages whose names match one of these patterns, or for all where there is none.
    ///
    /// # Errors
    /// When a pattern means nothing.
    pub fn only_for(self, patterns: &[String]) -> Result<Self, globset::Error> {
        let mut packages = GlobSetBuilder::new();
        for pattern in patterns {
            packages.add(Glob::new(pattern)?);
        }
        Ok(Self { packages: packages.build()?, patterns: patterns.to_vec(), ..self })
    }

    /// The same key, only for these architectures, and for what was built by these methods.
    #[must_use]
    pub fn only(self, arches: &[Arch], methods: &[Method]) -> Self {
        Self { arches: arches.to_vec(), methods: methods.to_vec(), ..self }
    }

    /// Whether its word counts for a run.
    pub(super) fn counts_for(&self, run: &Run) -> bool {
        (self.packages.is_empty() || self.packages.is_match(&run.package))
            && (self.arches.is_empty() || self.arches.contains(&run.arch))
            && self.counts_by(run.method)
    }

    /// Whether its word counts for what was built by a method.
    pub(super) fn counts_by(&self, method: Method) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }
}

impl Trust {
    /// Whether enough of those who vouch for a result are believed.
    pub(super) fn believes(&self, run: &Run, vouched: &[String]) -> bool {
        let counting = self.keys.iter().filter(|key| key.counts_for(run) && vouched.contains(&key.key.to_string()));
        counting.count() >= self.agree.max(1)
    }

    /// What tells it from another.
    pub fn scope(&self) -> Digest {
        let key = |key: &TrustedKey| {
            let TrustedKey { name: _, key, packages: _, patterns, arches, methods } = key;
            format!("{key}{patterns:?}{arches:?}{methods:?}")
        };
        let mut keys: Vec<_> = self.keys.iter().map(key).collect();
        keys.sort();
        Digest::of(format!("{}{keys:?}", self.agree).as_bytes())
    }
}

/// Output trees by their paths: what signers agree on, or do not.
pub(super) type Outputs = BTreeMap<String, TreeId>;

/// What signers said of one result until now.
#[derive(Default)]
pub(super) struct Votes(BTreeMap<(ActionId, Outputs), Vote>);

/// Those who said the same.
pub(super) struct Vote {
    /// The keys, by their places in [`Trust::keys`].
    pub keys: BTreeSet<usize>,
    /// What the first of them said.
    pub statement: Statement,
    /// Where packs lie that are of these trees: places, and the indexes of the packs.
    pub packs: Vec<(usize, Blob)>,
}

impl Votes {
    /// Counts what a signer said. Each counts once, however many places have its word.
    pub fn add(&mut self, key: usize, place: usize, statement: Statement) {
        let (pack, log) = ((place, statement.pack()), statement.result().log);
        let said = (statement.action(), statement.result().outputs.clone());
        let vote = self.0.entry(said);
        let vote = vote.or_insert_with(|| Vote { keys: BTreeSet::new(), statement, packs: Vec::new() });
        vote.keys.insert(key);
        // The log is in the pack as well, and the first one's is what is asked for.
        if vote.statement.result().log == log {
            vote.packs.push(pack);
        }
    }

    /// What enough of them said.
    pub fn won(&self, agree: usize) -> Option<&Vote> {
        self.0.values().find(|vote| vote.keys.len() >= agree.max(1))
    }

    /// Those who said different things, where that is so: a key of each.
    pub fn disagreement(&self) -> Vec<usize> {
        let keys = self.0.values().filter_map(|vote| vote.keys.first().copied());
        if self.0.len() > 1 { keys.collect() } else { Vec::new() }
    }
}
