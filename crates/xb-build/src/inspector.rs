//! Who looks at a result before it is believed.

use xb_core::{Arch, TreeId};
use xb_graph::{ActionResult, Cause, Run};

/// Looks at results: what it refuses is a failure, and never gets into the cache.
pub trait Inspector: Send + Sync {
    /// What is wrong with a result that is for each of these architectures; none where nothing is.
    ///
    /// # Errors
    /// When it cannot be read.
    fn inspect(&self, arches: &[Arch], result: TreeId) -> Result<Option<Cause>, String>;
}

/// Refuses nothing.
impl Inspector for () {
    fn inspect(&self, _: &[Arch], _: TreeId) -> Result<Option<Cause>, String> {
        Ok(None)
    }
}

/// The tree that has to be looked at, what a build led to, and for which architectures all code in it has to be; none
/// where the package says that anything is right.
pub(crate) fn inspected(run: &Run, result: &ActionResult) -> Option<(Vec<Arch>, TreeId)> {
    let arches = run.code_for.held_to(run.arch);
    let is_meant = run.step == "build" && !arches.is_empty() && result.succeeded();
    let tree = is_meant.then(|| result.outputs.get("out").copied()).flatten();
    tree.map(|tree| (arches, tree))
}
