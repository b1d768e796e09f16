//! The report itself.

use serde::Serialize;
use xb_core::Arch;

use crate::blocker::blockers;
use crate::package::packages;
use crate::{Blocker, Native, Outcome, Package, Totals};

/// What a port has come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was ported, for a person.
    pub title: String,
    /// The architecture of the machine that it was done on.
    pub host: Arch,
    /// Each architecture, counted.
    pub totals: Vec<Totals>,
    /// Every package, by file, name and architecture.
    pub packages: Vec<Package>,
    /// What failed by itself: what more packages wait for comes first.
    pub blockers: Vec<Blocker>,
    /// What one machine of the other architecture would save.
    pub native: Native,
}

impl Report {
    /// Makes a report of an outcome.
    pub fn new(outcome: &Outcome<'_>) -> Self {
        let packages = packages(outcome);
        let blockers = blockers(outcome, &packages);
        Self {
            title: outcome.title.clone(),
            host: outcome.host,
            totals: outcome.arches.iter().map(|arch| Totals::of(*arch, &packages)).collect(),
            native: Native::of(outcome.host, &packages, &blockers),
            blockers,
            packages,
        }
    }

    /// Whether every package is ready.
    pub fn is_done(&self) -> bool {
        self.totals.iter().all(|totals| totals.ready == totals.packages)
    }
}
