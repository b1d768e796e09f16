//! The packages of an architecture, counted.

use std::collections::BTreeMap;

use serde::Serialize;
use xb_build::Check;
use xb_core::Arch;
use xb_graph::Method;

use crate::{Bits, Package, State};

/// The packages of an architecture, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The architecture.
    pub arch: Arch,
    /// All of them.
    pub packages: usize,
    /// Those that are ready.
    pub ready: usize,
    /// Those that are ready, by the method that built them.
    pub by_method: BTreeMap<Method, usize>,
    /// Those whose check passed.
    pub passed: usize,
    /// Those whose check failed.
    pub failed_checks: usize,
    /// Those that are ready and have no check.
    pub without_check: usize,
    /// Those that several methods build to the same bits.
    pub equal: usize,
    /// Those that were built by several methods.
    pub compared: usize,
}

impl Totals {
    /// Counts the packages of an architecture.
    pub(crate) fn of(arch: Arch, packages: &[Package]) -> Self {
        let packages: Vec<_> = packages.iter().filter(|package| package.target.arch == arch).collect();
        let count = |holds: &dyn Fn(&Package) -> bool| packages.iter().filter(|package| holds(package)).count();
        let ready = |package: &Package| package.state == State::Ready;
        let mut by_method = BTreeMap::new();
        for step in packages.iter().filter(|package| ready(package)).filter_map(|package| package.build.as_ref()) {
            *by_method.entry(step.method).or_default() += 1;
        }
        Self {
            arch,
            packages: packages.len(),
            ready: count(&ready),
            by_method,
            passed: count(&|package| package.check == Check::Passed),
            failed_checks: count(&|package| package.check == Check::Failed),
            without_check: count(&|package| ready(package) && package.check == Check::None),
            equal: count(&|package| matches!(package.bits, Some(Bits::Equal { .. }))),
            compared: count(&|package| matches!(package.bits, Some(Bits::Equal { .. } | Bits::Differ { .. }))),
        }
    }
}
