//! Trees by path: what lies there, and where links lead within them.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use xb_core::{ContentId, Digest, RelPath, TreeId};
use xb_graph::reapi::{Directory, DirectoryNode, FileNode, NodeProperties};
use xb_graph::{Directories, Item, MissingDirectory, Step, follow, subtree};

type Folder = Option<Arc<Directory>>;

/// A tree, of which each folder is looked up once.
pub(crate) struct Tree<'s, D: ?Sized> {
    root: TreeId,
    store: &'s D,
    folders: Mutex<FxHashMap<RelPath, Folder>>,
}

impl<'s, D: Directories + ?Sized> Tree<'s, D> {
    pub(crate) fn new(root: TreeId, store: &'s D) -> Self {
        Self { root, store, folders: Mutex::default() }
    }

    /// Where a path leads, over links and never out of the tree. None when nothing is there.
    pub(crate) fn follow(&self, from: &RelPath, path: &str) -> Result<Option<RelPath>, MissingDirectory> {
        follow(from, path, |path| self.step(path))
    }

    /// The content of the file at a path without links.
    pub(crate) fn file(&self, path: &RelPath) -> Result<Option<ContentId>, MissingDirectory> {
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
            return Ok(None);
        };
        match self.folder(&parent)?.as_ref().and_then(|folder| folder.item(name)) {
            Some(Item::File(node)) => content(node).map(Some),
            _ => Ok(None),
        }
    }

    /// The folder at a path without links.
    pub(crate) fn folder(&self, path: &RelPath) -> Result<Folder, MissingDirectory> {
        if let Some(known) = self.known(path) {
            return Ok(known);
        }
        let id = match (path.parent(), path.name()) {
            (Some(parent), Some(name)) => match self.folder(&parent)?.as_ref().and_then(|folder| folder.item(name)) {
                Some(Item::Directory(node)) => Some(subtree(node)?),
                _ => None,
            },
            _ => Some(self.root),
        };
        let found = id.map(|id| self.store.directory(id)).transpose()?;
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), found.clone());
        Ok(found)
    }

    fn known(&self, path: &RelPath) -> Option<Folder> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn step(&self, path: &RelPath) -> Result<Step, MissingDirectory> {
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
            return Ok(Step::Into);
        };
        Ok(match self.folder(&parent)?.as_ref().and_then(|folder| folder.item(name)) {
            Some(Item::Symlink(link)) => Step::Link(link.target.clone()),
            Some(_) => Step::Into,
            None => Step::Nowhere,
        })
    }
}

/// The content that a file of a tree has.
pub(crate) fn content(node: &FileNode) -> Result<ContentId, MissingDirectory> {
    // A file and a directory name what they hold alike, and so does the error of one that names nothing.
    subtree(&DirectoryNode { name: node.name.clone(), digest: node.digest.clone() }).map(|id| ContentId(id.0))
}

/// The mode that a file or directory of a tree says it has.
pub(crate) fn mode(properties: Option<&NodeProperties>) -> Option<u32> {
    Some(properties?.unix_mode.as_ref()?.value)
}

/// The path of what a directory has under a name.
pub(crate) fn join(at: &RelPath, name: &str) -> Result<RelPath, MissingDirectory> {
    at.join(name).map_err(|error| MissingDirectory {
        id: TreeId(Digest::of(b"")),
        reason: format!("a directory has the name {error}"),
    })
}
