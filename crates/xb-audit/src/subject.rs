//! What is looked at, and by what measure.

use xb_core::{Arch, Baseline, TreeId};

/// A result, and where it will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The architecture that the result is for.
    pub arch: Arch,
    /// The package's own tree, laid out for `/`.
    pub result: TreeId,
    /// The whole tree in which it will run: the distribution's libraries of its architecture, its needs and itself.
    pub root: TreeId,
    /// What a processor must have at least.
    pub baseline: Baseline,
}

impl Subject {
    /// A result that runs on every processor of its architecture.
    pub fn new(arch: Arch, result: TreeId, root: TreeId) -> Self {
        Self { arch, result, root, baseline: Baseline::lowest(arch) }
    }
}
