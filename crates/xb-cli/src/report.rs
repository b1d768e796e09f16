//! What a build led to, target by target: for a person, for `--json`, and for the memo.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xb_build::{Check, Realised, RealisedNode};
use xb_core::{ActionId, TreeId, show_time};
use xb_graph::{Graph, Method, Target, TargetId};
use xb_store::{Contents, Store, StoreError};

use crate::project::Project;
use crate::warnings::warnings;

/// More results than this are summed up and not listed.
pub const MOST_LISTED: usize = 40;

/// The result of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Built {
    /// Which package.
    #[serde(flatten)]
    pub target: TargetId,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// How it was built.
    pub method: Method,
    /// Where it was built.
    pub executor: String,
    /// What ran: the key of the result.
    pub action: ActionId,
    /// The result.
    pub tree: TreeId,
    /// The result as a folder that nobody may write to.
    pub path: PathBuf,
    /// Whether it was known already.
    pub cached: bool,
    /// What became of its check.
    pub check: Check,
    /// How long the build ran, when it ran.
    pub seconds: f64,
    /// What nobody may have meant.
    pub warnings: Vec<String>,
}

impl Built {
    /// `hello-arm64`: a folder's name.
    pub fn folder_name(&self) -> String {
        folder_name(&self.target)
    }

    /// `hello 1.0 (arm64): built by cross in 1.2 s, check passed`.
    pub fn text(&self) -> String {
        let version = self.version.iter().map(|version| format!(" {version}")).collect::<String>();
        let known = if self.cached { "known, was built" } else { "built" };
        let time = show_time(Duration::from_secs_f64(self.seconds));
        let check = match self.check {
            Check::Passed => ", check passed",
            Check::Failed => ", check failed",
            Check::Skipped => ", check left out",
            Check::None => "",
        };
        let Self { target: TargetId { package, arch, .. }, method, .. } = self;
        format!("{package}{version} ({arch}): {known} by {method} in {time}{check}")
    }
}

/// `hello-arm64`: the name of the folder of a result among others.
pub fn folder_name(target: &TargetId) -> String {
    format!("{}-{}", target.package, target.arch)
}

/// The results of the targets that have one.
///
/// # Errors
/// When the store cannot show a result as a folder.
pub fn results(graph: &Graph, realised: &Realised, checks: bool, store: &Store) -> Result<Vec<Built>, StoreError> {
    let mut results = Vec::new();
    for target in &graph.targets {
        if let Some(node) = realised.node(target.build) {
            let check = realised.check(graph, target, checks);
            results.extend(built(graph, target, node, check, store)?);
        }
    }
    Ok(results)
}

/// Keeps results from garbage collection: the newest of each package, architecture and method of a file of a project.
///
/// # Errors
/// See [`StoreError`].
pub fn keep(store: &Store, project: &Project, built: &[Built]) -> Result<(), StoreError> {
    let name = |one: &Built| {
        let TargetId { file, package, arch } = &one.target;
        format!("{}:{package}:{arch}:{}", project.folder.join(&**file).display(), one.method)
    };
    let roots: Vec<_> = built.iter().map(|one| (name(one), one.tree)).collect();
    store.add_roots(&roots)
}

/// The file whose package a root was kept for.
pub fn file_of_root(name: &str) -> Option<&Path> {
    name.rsplitn(4, ':').nth(3).map(Path::new)
}

fn built(
    graph: &Graph,
    target: &Target,
    node: &RealisedNode,
    check: Check,
    store: &Store,
) -> Result<Option<Built>, StoreError> {
    let (Some(run), Some(tree)) = (&node.run, node.outputs.get("out")) else {
        return Ok(None);
    };
    Ok(Some(Built {
        target: target.id.clone(),
        version: target.version.clone(),
        method: run.method,
        executor: run.result.executor.clone(),
        action: run.action,
        tree: *tree,
        path: store.materialise(*tree)?,
        cached: node.cached,
        check,
        seconds: Duration::from_millis(run.result.milliseconds).as_secs_f64(),
        warnings: warnings(graph, run, store, *tree),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_names_its_file() {
        assert_eq!(file_of_root("/a:b/c.xb:zlib:arm64:cross"), Some(Path::new("/a:b/c.xb")));
        assert_eq!(file_of_root("mine"), None);
    }
}
