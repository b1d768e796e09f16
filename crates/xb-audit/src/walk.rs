//! Everything that is in a result.

use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{Directories, subtree};

use crate::AuditError;
use crate::tree::{content, join, mode};

/// So many files and folders a result may have. A tree may name the same folder again and again, so that it holds more
/// than could ever be written down.
const MOST: usize = 4_000_000;

/// A file of a result.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: RelPath,
    pub(crate) content: ContentId,
    pub(crate) executable: bool,
}

/// Mode bits that a file or folder says it has.
#[derive(Debug)]
pub(crate) struct Mode {
    pub(crate) path: RelPath,
    pub(crate) bits: u32,
    pub(crate) folder: bool,
}

/// All entries of a result, in the order of their paths' components.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) files: Vec<File>,
    /// Where symbolic links point to.
    pub(crate) links: Vec<(RelPath, String)>,
    pub(crate) folders: Vec<RelPath>,
    pub(crate) modes: Vec<Mode>,
}

impl Entries {
    pub(crate) fn of<D: Directories + ?Sized>(tree: TreeId, store: &D) -> Result<Self, AuditError> {
        let mut entries = Self::default();
        entries.enter(tree, &RelPath::root(), store)?;
        Ok(entries)
    }

    fn enter<D: Directories + ?Sized>(&mut self, tree: TreeId, at: &RelPath, store: &D) -> Result<(), AuditError> {
        let directory = store.directory(tree)?;
        self.note(at, &directory)?;
        for node in &directory.directories {
            let path = join(at, &node.name)?;
            self.enter(subtree(node)?, &path, store)?;
            self.folders.push(path);
        }
        Ok(())
    }

    fn note(&mut self, at: &RelPath, directory: &Directory) -> Result<(), AuditError> {
        let here = directory.files.len() + directory.symlinks.len() + directory.directories.len();
        if self.files.len() + self.links.len() + self.folders.len() + here > MOST {
            return Err(AuditError::TooLarge(MOST));
        }
        let bits = mode(directory.node_properties.as_ref());
        self.modes.extend(bits.map(|bits| Mode { path: at.clone(), bits, folder: true }));
        for node in &directory.files {
            let path = join(at, &node.name)?;
            let bits = mode(node.node_properties.as_ref());
            self.modes.extend(bits.map(|bits| Mode { path: path.clone(), bits, folder: false }));
            self.files.push(File { path, content: content(node)?, executable: node.is_executable });
        }
        for node in &directory.symlinks {
            self.links.push((join(at, &node.name)?, node.target.clone()));
        }
        Ok(())
    }
}
