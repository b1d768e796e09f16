//! What the rest of xb asks of storage; [`Store`](crate::Store) is the implementation on this machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use xb_core::{ActionId, ContentId, TreeId};
use xb_graph::{ActionResult, DirectoriesMut};

use crate::StoreError;

/// File contents and trees.
pub trait Contents: DirectoriesMut + Send + Sync {
    /// Adds a file's contents from a reader, without holding them in memory.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn add_content(&self, from: &mut dyn Read) -> Result<ContentId, StoreError>;

    /// A file's contents, opened for reading.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn open_content(&self, id: ContentId) -> Result<std::fs::File, StoreError>;

    /// Whether a content is here.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn has_content(&self, id: ContentId) -> Result<bool, StoreError> {
        match self.open_content(id) {
            Ok(_) => Ok(true),
            Err(StoreError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a folder of the disk in as a tree: executable bits, symlinks and set-id bits count, owners and times
    /// do not. Sockets, devices and pipes are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn ingest(&self, folder: &Path) -> Result<TreeId, StoreError>;

    /// The tree as a folder that nobody may write to: made once, as hard links to contents.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn materialise(&self, tree: TreeId) -> Result<PathBuf, StoreError>;

    /// Whether a tree is a folder already.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn is_materialised(&self, tree: TreeId) -> Result<bool, StoreError> {
        let _ = tree;
        Ok(false)
    }

    /// Whether the whole tree is here.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn has_tree(&self, tree: TreeId) -> Result<bool, StoreError>;
}

/// What actions left, by their keys.
pub trait ActionCache: Send + Sync {
    /// What an action left, if it is known and all of it is still here.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn result(&self, action: ActionId) -> Result<Option<ActionResult>, StoreError>;

    /// What several actions left, in their order: a planner asks for many at once.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn results(&self, actions: &[ActionId]) -> Result<Vec<Option<ActionResult>>, StoreError> {
        actions.iter().map(|action| self.result(*action)).collect()
    }

    /// Remembers what an action left.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn put_result(&self, action: ActionId, result: &ActionResult) -> Result<(), StoreError>;

    /// Forgets what an action left, so that it runs again.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn forget(&self, action: ActionId) -> Result<(), StoreError>;
}
