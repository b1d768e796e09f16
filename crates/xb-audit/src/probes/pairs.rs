//! Files that two build trees have at the same path, with different contents.

use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{Directories, Item, subtree};

use crate::AuditError;
use crate::tree::{content, join};

/// So many files and folders the folders that differ may have.
const MOST: usize = 400_000;

/// A path, and what each of the trees has there.
pub(super) struct Pair {
    pub(super) path: RelPath,
    pub(super) first: ContentId,
    pub(super) second: ContentId,
}

/// Finds all pairs that differ; equal folders are not looked into. The sources that both were built from are equal.
pub(super) fn pairs<D: Directories + ?Sized>(
    first: TreeId,
    second: TreeId,
    store: &D,
) -> Result<Vec<Pair>, AuditError> {
    let mut walk = Walk { store, seen: 0, pairs: Vec::new() };
    walk.enter(first, second, &RelPath::root())?;
    Ok(walk.pairs)
}

struct Walk<'s, D: ?Sized> {
    store: &'s D,
    seen: usize,
    pairs: Vec<Pair>,
}

impl<D: Directories + ?Sized> Walk<'_, D> {
    fn enter(&mut self, first: TreeId, second: TreeId, at: &RelPath) -> Result<(), AuditError> {
        if first == second {
            return Ok(());
        }
        let (first, second) = (self.store.directory(first)?, self.store.directory(second)?);
        self.seen += first.files.len() + first.directories.len();
        if self.seen > MOST {
            return Err(AuditError::TooLarge(MOST));
        }
        self.files(&first, &second, at)?;
        for node in &first.directories {
            if let Some(Item::Directory(other)) = second.item(&node.name) {
                self.enter(subtree(node)?, subtree(other)?, &join(at, &node.name)?)?;
            }
        }
        Ok(())
    }

    fn files(&mut self, first: &Directory, second: &Directory, at: &RelPath) -> Result<(), AuditError> {
        for node in &first.files {
            if let Some(Item::File(other)) = second.item(&node.name)
                && node.digest != other.digest
            {
                let path = join(at, &node.name)?;
                self.pairs.push(Pair { path, first: content(node)?, second: content(other)? });
            }
        }
        Ok(())
    }
}
