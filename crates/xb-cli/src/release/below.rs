//! What something was made from: what the graph has below it, down to the results of other packages.

use std::collections::BTreeSet;

use xb_build::{Realised, RealisedRun};
use xb_core::TreeId;
use xb_debian::Pinned;
use xb_fetch::lock::{LockedGit, SetKey};
use xb_graph::{DebianRoot, Fetch, FetchKind, Folder, Graph, Node, NodeId};

use super::write::Made;
use crate::failure::Failure;

/// What something was made from.
#[derive(Default)]
pub struct Below<'a> {
    /// The run that made it, if one did.
    pub run: Option<&'a RealisedRun>,
    /// What was fetched for it.
    pub fetched: Vec<Fetched<'a>>,
    /// What was taken from the project.
    pub folders: Vec<(&'a Folder, TreeId)>,
    /// The distribution's packages.
    pub debian: BTreeSet<&'a Pinned>,
    /// The results of other packages.
    pub results: Vec<(NodeId, TreeId)>,
}

/// Something that was fetched.
pub struct Fetched<'a> {
    /// Its address, as the description has it, without a password.
    pub url: String,
    /// What it is.
    pub is: Pin<'a>,
}

/// What fetched things are known by.
pub enum Pin<'a> {
    /// The sum of a file.
    File(xb_core::Sha256),
    /// The hash of a Go module, or of its `go.mod`.
    Module(xb_core::DirHash),
    /// A revision of a git repository, and what it is.
    Git(&'a str, &'a LockedGit),
}

impl<'a> Below<'a> {
    /// What a choice or a composition was made from.
    pub fn of(made: &'a Made<'a>, node: NodeId) -> Self {
        let run = made.realised.node(node).and_then(|node| node.run.as_deref());
        let mut below = Self { run, ..Self::default() };
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<_> = made.graph.node(run.map_or(node, |run| run.node)).inputs().collect();
        while let Some(node) = ahead.pop() {
            if seen.insert(node) {
                below.take(made, node, &mut ahead);
            }
        }
        below
    }

    fn take(&mut self, made: &'a Made<'a>, node: NodeId, ahead: &mut Vec<NodeId>) {
        match made.graph.node(node) {
            Node::Fetch(fetch) => self.fetched.extend(fetched(made, fetch)),
            Node::Folder(folder) => self.folders.extend(tree(made.realised, node).map(|tree| (&**folder, tree))),
            Node::Debian(root) => self.debian.extend(debian(made, root).into_iter().flatten()),
            Node::Choice(_) => self.results.extend(tree(made.realised, node).map(|tree| (node, tree))),
            Node::Files(_) => {}
            other => ahead.extend(other.inputs()),
        }
    }
}

/// Refuses to vouch where the lock does not say what something was that went in: what was made is then told in part.
///
/// # Errors
/// When that is so.
pub fn check(made: &Made<'_>) -> Result<(), Failure> {
    let done = made.graph.nodes().filter(|(id, _)| made.realised.node(*id).is_some());
    let unknown = done.map(|(_, node)| node).find_map(|node| match node {
        Node::Fetch(fetch) if fetched(made, fetch).is_none() => Some(xb_fetch::shown(&fetch.url)),
        Node::Debian(root) if debian(made, root).is_none() => Some(format!("packages of Debian's {}", root.suite)),
        _ => None,
    });
    unknown
        .map_or(Ok(()), |what| Err(Failure::bug(format!("the lock does not have {what}, which a release is made of"))))
}

fn debian<'a>(made: &'a Made<'a>, root: &DebianRoot) -> Option<Vec<&'a Pinned>> {
    made.lock.debian.get(&root.suite)?.set(&SetKey::of(root, made.host))
}

fn tree(realised: &Realised, node: NodeId) -> Option<TreeId> {
    realised.node(node)?.outputs.get("out").copied()
}

fn fetched<'a>(made: &'a Made<'a>, fetch: &'a Fetch) -> Option<Fetched<'a>> {
    let is = match &fetch.how {
        FetchKind::Git { revision } => Pin::Git(revision, made.lock.git.get(&(fetch.url.clone(), revision.clone()))?),
        FetchKind::GoModule { h1 } => Pin::Module(*h1),
        FetchKind::Archive { .. } | FetchKind::File { .. } | FetchKind::Rock => {
            Pin::File(fetch.sha256.or_else(|| Some(made.lock.fetched.get(&fetch.url)?.sha256))?)
        }
    };
    Some(Fetched { url: xb_fetch::shown(&fetch.url), is })
}

/// A folder of the project, from the project's folder.
pub fn path_of(folder: &Folder) -> &str {
    if folder.path.as_str().is_empty() { "." } else { folder.path.as_str() }
}

/// `hello@1.0`: a package as parameters and addresses name it.
pub fn label(graph: &Graph, choice: NodeId) -> String {
    let description = graph.descriptions.get(&choice);
    let version = description.and_then(|description| description.version.as_ref());
    let name = match (description, graph.node(choice)) {
        (Some(description), _) => &description.name,
        (None, Node::Choice(choice)) => &choice.package,
        _ => "result",
    };
    format!("{name}{}", version.map(|version| format!("@{version}")).unwrap_or_default())
}
