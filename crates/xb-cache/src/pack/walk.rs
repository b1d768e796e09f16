//! What is beneath trees, each once, in an order that depends on nothing else.

use std::collections::HashSet;
use std::sync::Arc;

use xb_core::{ContentId, Digest, TreeId};
use xb_graph::reapi::{Directory, FileNode};
use xb_graph::{Item, MissingDirectory, subtree};

/// What is beneath trees, each once.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The directories, but for the empty one, in the order of their paths: outer ones first.
    pub directories: Vec<TreeId>,
    /// The same, each behind all that are beneath it.
    pub inner_first: Vec<TreeId>,
    /// The contents of files in the order of their paths, and then those that were named beside the trees.
    pub contents: Vec<ContentId>,
}

/// What a walk comes to next.
enum Ahead {
    Directory(TreeId),
    Content(ContentId),
    /// All that is beneath a directory lies behind.
    Left(TreeId),
}

/// Walks trees, and contents beside them. The empty directory is not looked up.
pub(super) fn walk<E: From<MissingDirectory>>(
    trees: &[TreeId],
    beside: &[ContentId],
    look_up: impl Fn(TreeId) -> Result<Arc<Directory>, E>,
) -> Result<Walked, E> {
    let mut walked = Walked::default();
    let (mut entered, mut met) = (HashSet::new(), HashSet::new());
    let mut ahead: Vec<_> = beside.iter().rev().copied().map(Ahead::Content).collect();
    ahead.extend(trees.iter().rev().copied().map(Ahead::Directory));
    while let Some(next) = ahead.pop() {
        match next {
            Ahead::Content(id) if met.insert(id) => walked.contents.push(id),
            Ahead::Directory(id) if id.0.size() > 0 && entered.insert(id) => {
                walked.directories.push(id);
                ahead.push(Ahead::Left(id));
                for item in look_up(id)?.items().into_iter().rev() {
                    match item {
                        Item::File(node) => ahead.push(Ahead::Content(content(id, node)?)),
                        Item::Directory(node) => ahead.push(Ahead::Directory(subtree(node)?)),
                        Item::Symlink(_) => {}
                    }
                }
            }
            Ahead::Left(id) => walked.inner_first.push(id),
            Ahead::Content(_) | Ahead::Directory(_) => {}
        }
    }
    Ok(walked)
}

/// The content that a file has.
fn content(directory: TreeId, node: &FileNode) -> Result<ContentId, MissingDirectory> {
    match node.digest.as_ref().map(Digest::try_from) {
        Some(Ok(digest)) => Ok(ContentId(digest)),
        _ => Err(MissingDirectory { id: directory, reason: format!("`{}` in it has no digest", node.name) }),
    }
}
