//! What the configurations of two builds of one package found out, and in what they differ.
//!
//! `configure`, CMake and Meson ask the compiler and the libraries, and leave out of the result what they do not find,
//! without a word. What they found stands in the build tree. Source and configuration of two builds are the same, so
//! that only files which differ are read, and a header that differs is a generated one, whatever its name.

mod answer;
mod autoconf;
mod cmake;
mod compare;
mod header;
mod meson;
mod names;
mod pairs;
mod record;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xb_core::{Arch, TreeId};
use xb_graph::Method;
use xb_store::Contents;

use crate::{AuditError, Detail, Finding};
use compare::Differing;
use record::Record;

/// For what, and how, something was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Way {
    /// The architecture of the result.
    pub arch: Arch,
    /// The method.
    pub method: Method,
}

impl Way {
    /// Whether both are for one architecture, so that only the method differs.
    pub const fn is_for_the_arch_of(self, other: Self) -> bool {
        matches!((self.arch, other.arch), (Arch::Amd64, Arch::Amd64) | (Arch::Arm64, Arch::Arm64))
    }

    /// What tells it from another one: its architecture, or the method when that is the same.
    pub(crate) const fn apart_from(self, other: Self) -> &'static str {
        if self.is_for_the_arch_of(other) { self.method.name() } else { self.arch.debian() }
    }
}

/// A build tree: the sources, and what building left beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// For what, and how, it was built.
    pub way: Way,
    /// The tree.
    pub tree: TreeId,
}

/// A probe that two builds answered with different values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OtherValue {
    /// What was asked for.
    pub name: String,
    /// The answer of the first build.
    pub first: String,
    /// The answer of the second build.
    pub second: String,
}

/// Compares what was found out in two builds of a package: for another architecture, or by another method. Each answer
/// is told once, by the first file that has it: headers before the records of `configure`, CMake and Meson.
///
/// # Errors
/// When something of the trees is not in the store, or cannot be read.
pub fn compare(first: Built, second: Built, store: &dyn Contents) -> Result<Vec<Finding>, AuditError> {
    let pairs = pairs::pairs(first.tree, second.tree, store)?;
    let mut records: Vec<Record> = pairs.into_iter().filter_map(Record::of).collect();
    records.sort_by(|a, b| (a.format, &a.path).cmp(&(b.format, &b.path)));
    let (mut findings, mut told) = (Vec::new(), BTreeSet::new());
    for record in records {
        let mut differing = Differing::between(&record.read(store)?, first.way.arch, second.way.arch);
        differing.leave_out(&mut told);
        findings
            .extend(details(differing, first.way, second.way).map(|detail| Finding::new(record.path.clone(), detail)));
    }
    Ok(findings)
}

fn details(differing: Differing, first: Way, second: Way) -> impl Iterator<Item = Detail> {
    let Differing { in_first, in_second, architectural, compiled_in, other } = differing;
    let lost = |on, off, names: Vec<String>| (!names.is_empty()).then_some(Detail::Lost { on, off, names });
    let values = |compiled_in, values: Vec<OtherValue>| {
        (!values.is_empty()).then_some(Detail::Values { first, second, compiled_in, values })
    };
    let all = [
        lost(first, second, in_first),
        lost(second, first, in_second),
        values(true, compiled_in),
        values(false, [architectural, other].concat()),
    ];
    all.into_iter().flatten()
}
