//! What fetching asks of storage beyond [`Contents`]: memories of what became of what, and filtered folders.

use std::path::Path;

use xb_core::{ContentId, TreeId};
use xb_graph::reapi::{Directory, FileNode};
use xb_graph::{Entry, MissingDirectory, Unbuilt, build_tree};
use xb_store::{Contents, FolderRules, Store, StoreError};

/// Contents, memories and filtered folders: [`xb_store::Store`] is the one on this machine.
pub trait Storage: Contents {
    /// The tree that was remembered, while all of it is still here.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn recall(&self, kind: &str, key: &[u8]) -> Result<Option<TreeId>, StoreError>;

    /// Remembers a tree under a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn remember(&self, kind: &str, key: &[u8], tree: TreeId) -> Result<(), StoreError>;

    /// Takes a folder in without what its `.gitignore` ignores, and only what the patterns let through.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn ingest_filtered(&self, folder: &Path, rules: &FolderRules) -> Result<TreeId, StoreError>;
}

impl Storage for Store {
    fn recall(&self, kind: &str, key: &[u8]) -> Result<Option<TreeId>, StoreError> {
        Self::recall(self, kind, key)
    }

    fn remember(&self, kind: &str, key: &[u8], tree: TreeId) -> Result<(), StoreError> {
        Self::remember(self, kind, key, tree)
    }

    fn ingest_filtered(&self, folder: &Path, rules: &FolderRules) -> Result<TreeId, StoreError> {
        Self::ingest_filtered(self, folder, rules)
    }
}

/// A tree that holds one file.
pub(crate) fn single_file(
    storage: &(impl Contents + ?Sized),
    name: &str,
    content: ContentId,
    executable: bool,
) -> Result<TreeId, StoreError> {
    let mut root = Unbuilt::default();
    let path = xb_core::RelPath::new(name)
        .map_err(|error| StoreError::Damaged { what: format!("the file name `{name}`"), reason: error.to_string() })?;
    let entry = Entry::File { content, executable, mode: None };
    root.put(&path, entry);
    build_tree(root, storage).map_err(missing)
}

/// The contents of the one file that a tree holds.
pub(crate) fn only_content(storage: &(impl Contents + ?Sized), tree: TreeId) -> Result<ContentId, StoreError> {
    let directory = storage.directory(tree).map_err(missing)?;
    first_content(&directory).ok_or_else(|| StoreError::Damaged {
        what: format!("the tree {tree}"),
        reason: "it should hold one file".to_owned(),
    })
}

fn first_content(directory: &Directory) -> Option<ContentId> {
    directory.files.first().and_then(file_content)
}

/// The contents that a file's entry names, when it names them well.
pub(crate) fn file_content(file: &FileNode) -> Option<ContentId> {
    let digest = file.digest.as_ref()?;
    digest.try_into().ok().map(ContentId)
}

/// A directory that cannot be had, as an error of the store.
pub(crate) fn missing(error: MissingDirectory) -> StoreError {
    StoreError::Damaged { what: format!("the tree {}", error.id), reason: error.reason }
}
