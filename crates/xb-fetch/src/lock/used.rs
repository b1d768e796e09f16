//! What of a lock a project uses, and dropping the rest.

use std::collections::{BTreeMap, BTreeSet};

use xb_core::Arch;
use xb_graph::{FetchKind, Node};

use super::{Lock, LockedSuite, PackageName, SetKey};

/// What of a lock is used.
#[derive(Clone, Debug, Default)]
pub struct Used {
    fetched: BTreeSet<String>,
    git: BTreeSet<(String, String)>,
    debian: BTreeMap<String, BTreeSet<SetKey>>,
}

impl Used {
    /// Counts what a node uses when `host` is the machine that builds.
    pub fn add(&mut self, node: &Node, host: Arch) {
        match node {
            Node::Fetch(fetch) => match (&fetch.how, fetch.sha256) {
                (FetchKind::Git { revision }, _) => {
                    self.git.insert((fetch.url.clone(), revision.clone()));
                }
                (_, None) => {
                    self.fetched.insert(fetch.url.clone());
                }
                (_, Some(_)) => {}
            },
            Node::Debian(root) => {
                self.debian.entry(root.suite.clone()).or_default().insert(SetKey::of(root, host));
            }
            _ => {}
        }
    }
}

impl Lock {
    /// Drops what is not used: files, git trees, sets of Debian packages, and packages that no set has any more. Says
    /// how many files, trees and sets that were.
    pub fn prune(&mut self, used: &Used) -> usize {
        let before = self.entries();
        self.fetched.retain(|url, _| used.fetched.contains(url));
        self.git.retain(|key, _| used.git.contains(key));
        self.debian.retain(|name, suite| {
            let sets = used.debian.get(name);
            suite.sets.retain(|key, _| sets.is_some_and(|sets| sets.contains(key)));
            suite.drop_packages();
            !suite.sets.is_empty()
        });
        before - self.entries()
    }

    fn entries(&self) -> usize {
        self.fetched.len() + self.git.len() + self.debian.values().map(|suite| suite.sets.len()).sum::<usize>()
    }
}

impl LockedSuite {
    /// Drops packages that no set has.
    fn drop_packages(&mut self) {
        let held: BTreeSet<&PackageName> = self.sets.values().flat_map(|set| &set.packages).collect();
        self.packages.retain(|name, _| held.contains(name));
    }
}
