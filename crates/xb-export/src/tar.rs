//! Where trees come to lie, and what may be in the archives that they become.

use std::io::Write;
use std::path::Path;

use xb_archive::{Refuses, TreeWriter, WriteError};
use xb_core::{RelPath, TreeId};
use xb_store::Contents;

use crate::error::{Context, ExportError, Result};
use crate::moment::Moment;

/// A tree, and where its root comes to lie in an archive or an image. The folders that lead there have the mode 755.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed {
    /// The tree.
    pub tree: TreeId,
    /// Where.
    pub at: RelPath,
}

impl From<TreeId> for Placed {
    fn from(tree: TreeId) -> Self {
        Self { tree, at: RelPath::root() }
    }
}

/// What an archive is for, which decides what may be in it.
#[derive(Clone, Copy)]
pub(crate) struct Purpose {
    /// In errors: `an archive`.
    pub(crate) name: &'static str,
    /// Why a file cannot have this name, if so.
    pub(crate) refuses: Refuses,
}

/// Writes the archive of a tree, and gives back what was written to; `path` is where that leads, for errors.
pub(crate) fn write_tree<W: Write>(
    store: &dyn Contents,
    placed: &Placed,
    purpose: Purpose,
    time: Moment,
    path: &Path,
    out: W,
) -> Result<W> {
    let mut writer = TreeWriter::new(store, purpose.refuses, time.as_secs(), out);
    let written = writer.tree(placed.tree, &placed.at).and_then(|()| writer.finish());
    written.or_else(|error| match error {
        WriteError::Entry { path, reason } => Err(ExportError::File { path, into: purpose.name, reason }),
        WriteError::Store(error) => Err(error.into()),
        WriteError::Directory(error) => Err(error.into()),
        WriteError::Write(error) => Err(error).on("cannot write", path),
    })
}
