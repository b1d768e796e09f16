//! What came out the same for several architectures.

use std::collections::BTreeMap;

use serde::Serialize;
use xb_core::{Arch, TreeId};

use crate::report::Built;

/// Which results are the same for which architectures: of one package, by their trees.
#[derive(Debug)]
pub struct Same<'a>(BTreeMap<(&'a str, &'a str, TreeId), Vec<Arch>>);

/// A result, and for which other architectures it is the same.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    built: &'a Built,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_as: Vec<Arch>,
}

impl<'a> Same<'a> {
    /// Compares results.
    pub fn of(built: &'a [Built]) -> Self {
        let mut same: BTreeMap<_, Vec<Arch>> = BTreeMap::new();
        for one in built {
            same.entry(key(one)).or_default().push(one.target.arch);
        }
        Self(same)
    }

    /// The results, as data.
    pub fn shown(&self, built: &'a [Built]) -> Vec<Shown<'a>> {
        let others = |one: &'a Built| self.arches(one).filter(|arch| *arch != one.target.arch).collect();
        built.iter().map(|one| Shown { built: one, same_as: others(one) }).collect()
    }

    /// `, the same as for amd64`: behind the line of the last of several; nothing for others.
    pub fn text(&self, one: &'a Built) -> String {
        let arches: Vec<_> = self.arches(one).map(|arch| arch.to_string()).collect();
        match arches.split_last() {
            Some((last, before)) if !before.is_empty() && *last == one.target.arch.to_string() => {
                format!(", the same as for {}", before.join(" and "))
            }
            _ => String::new(),
        }
    }

    fn arches(&self, one: &'a Built) -> impl Iterator<Item = Arch> {
        self.0.get(&key(one)).into_iter().flatten().copied()
    }
}

fn key(one: &Built) -> (&str, &str, TreeId) {
    (&one.target.file, &one.target.package, one.tree)
}
