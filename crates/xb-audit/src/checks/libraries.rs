//! Whether every needed library is there, and the same on every architecture.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{Arch, RelPath};
use xb_store::Contents;

use super::is_beneath;
use crate::elf::Elf;
use crate::facts::{AllFacts, Form};
use crate::loader::{Loader, Need};
use crate::walk::File;
use crate::{AuditError, Detail, Finding};

/// Files for debuggers, which no loader sees.
const DEBUG: &[&str] = &["lib/debug"];

/// A file of the result with which loading begins: a program, or a library that may be opened as a program runs.
struct Start<'r> {
    /// Where it lies in the result, and in the root when links are followed.
    path: &'r RelPath,
    real: RelPath,
    elf: Arc<Elf>,
}

/// What was calculated for a start.
struct Run<'r> {
    start: &'r Start<'r>,
    /// Each need on its way, and what is wrong with it.
    needs: Vec<(Need, Option<Detail>)>,
}

/// The libraries of all files of a result.
pub(crate) fn check<C: Contents + ?Sized>(
    files: &[File],
    facts: &AllFacts,
    loader: &Loader<'_, C>,
) -> Result<Vec<Finding>, AuditError> {
    let mut starts = Vec::new();
    for file in files.iter().filter(|file| !is_beneath(file.path.as_str(), DEBUG)) {
        let Some(Form::Elf(elf)) = facts.get(&file.content).map(|facts| &facts.form) else {
            continue;
        };
        if elf.machine.is(loader.arch()) && elf.dynamic.as_ref().is_some_and(|dynamic| !dynamic.needed.is_empty()) {
            let real = loader.real(file.path.as_str())?.unwrap_or_else(|| file.path.clone());
            starts.push(Start { path: &file.path, real, elf: Arc::new(Elf::clone(elf)) });
        }
    }
    let runs = starts.par_iter().map(|start| run(start, loader)).collect::<Result<Vec<_>, AuditError>>()?;
    Ok(findings(&runs))
}

fn run<'r, C: Contents + ?Sized>(start: &'r Start<'r>, loader: &Loader<'_, C>) -> Result<Run<'r>, AuditError> {
    let [amd64, arm64] = Arch::ALL.map(|as_on| loader.load(&start.real, start.elf.clone(), as_on));
    let (own, others) = match loader.arch() {
        Arch::Amd64 => (amd64?, arm64?),
        Arch::Arm64 => (arm64?, amd64?),
    };
    let others: FxHashMap<_, _> = others.into_iter().map(|need| ((need.by, need.name), need.found)).collect();
    let judge = |need: Need| {
        let other = others.get(&(need.by.clone(), need.name.clone()));
        let detail = detail(&need, other.unwrap_or(&need.found), loader.arch(), &start.real);
        (need, detail)
    };
    Ok(Run { start, needs: own.into_iter().map(judge).collect() })
}

/// What is wrong with a need, which is met by `other` in the order of the other architecture.
fn detail(need: &Need, other: &Option<RelPath>, arch: Arch, start: &RelPath) -> Option<Detail> {
    let (library, needed_by) = (need.name.clone(), (need.by != *start).then(|| need.by.clone()));
    if need.found != *other {
        let (amd64, arm64) = match arch {
            Arch::Amd64 => (need.found.clone(), other.clone()),
            Arch::Arm64 => (other.clone(), need.found.clone()),
        };
        return Some(Detail::Order { library, needed_by, amd64, arm64 });
    }
    let is_missing = need.found.is_none();
    let (searched, passed_over) = (need.searched.clone(), need.passed_over.clone());
    is_missing.then_some(Detail::Library { library, needed_by, searched, passed_over })
}

/// What to tell of all runs.
///
/// A file of the result is told about as a start of its own, and not again with each program that loads it. When it is
/// no program, what is wrong with it alone does not count if programs of the result load it and it is right in all of
/// them: they bring the libraries that it needs, or the `RPATH` to them. A library of the root is told about once.
fn findings(runs: &[Run<'_>]) -> Vec<Finding> {
    let ours: FxHashSet<&RelPath> = runs.iter().map(|run| &run.start.real).collect();
    let mut right_in_programs: FxHashMap<(&RelPath, &str), bool> = FxHashMap::default();
    for (need, detail) in runs.iter().filter(|run| run.start.elf.is_program).flat_map(|run| &run.needs) {
        *right_in_programs.entry((&need.by, &need.name)).or_insert(true) &= detail.is_none();
    }
    let (mut findings, mut told) = (Vec::new(), BTreeSet::new());
    for run in runs {
        for (need, detail) in &run.needs {
            let is_told = if need.by == run.start.real {
                run.start.elf.is_program || right_in_programs.get(&(&need.by, need.name.as_str())) != Some(&true)
            } else {
                !ours.contains(&need.by)
            };
            let Some(detail) = detail.as_ref().filter(|_| is_told) else {
                continue;
            };
            if need.by == run.start.real || told.insert(detail) {
                findings.push(Finding::new(run.start.path.clone(), detail.clone()));
            }
        }
    }
    findings
}
