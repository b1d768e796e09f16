//! From folders of the disk to trees.

use std::path::Path;

use xb_core::TreeId;
use xb_graph::{Entry, Unbuilt, build_tree};

use crate::Store;
use crate::error::{Context, Result, StoreError};
use crate::fingerprint::Fingerprints;
use crate::layout::Form;
use crate::remove::remove_tree;
use crate::rules::{FolderRules, Selection, outer_scope};
use crate::take::{How, Taking, open_top};

impl Store {
    /// Takes a folder in by copying: see [`Contents::ingest`](crate::Contents::ingest).
    pub(crate) fn ingest_copy(&self, folder: &Path) -> Result<TreeId> {
        self.take(folder, How::Copy)
    }

    /// Takes a folder in that is the caller's own and that nobody writes to any more: what can be is moved into
    /// the store instead of copied, and the folder is gone afterwards.
    ///
    /// # Errors
    /// See [`StoreError`]. The folder is then in part consumed.
    pub fn ingest_owned(&self, folder: &Path) -> Result<TreeId> {
        let tree = self.take(folder, How::Move)?;
        remove_tree(folder)?;
        Ok(tree)
    }

    /// Takes a source folder, or a single source file, in by rules; see [`FolderRules`]. An unchanged file is not
    /// read again. Set-id and sticky bits do not count, and folders that hold nothing are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ingest_filtered(&self, source: &Path, rules: &FolderRules) -> Result<TreeId> {
        if source.is_file() {
            return self.ingest_file(source);
        }
        let source = source.canonicalize().on("cannot find", source)?;
        let project = rules.project.as_deref();
        let project = project.map(|folder| folder.canonicalize().on("cannot find", folder)).transpose()?;
        let selection = Selection::new(rules)?;
        let prints = Fingerprints::load(self, &source)?;
        let taking =
            Taking { store: self, shown: &source, top: open_top(&source)?, how: How::Source(&selection, &prints) };
        let tree = taking.take(outer_scope(project.as_deref(), &source))?;
        drop(taking);
        prints.save(self)?;
        Ok(tree)
    }

    fn take(&self, folder: &Path, how: How<'_>) -> Result<TreeId> {
        let taking = Taking { store: self, shown: folder, top: open_top(folder)?, how };
        taking.take(None)
    }

    /// A single file becomes a tree that holds it under its name.
    fn ingest_file(&self, path: &Path) -> Result<TreeId> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| StoreError::refused(path, "its name is not UTF-8"))?;
        let mut file = std::fs::File::open(path).on("cannot open", path)?;
        let stat = rustix::fs::fstat(&file).on("cannot read", path)?;
        let executable = stat.st_mode & 0o111 != 0;
        let content = self.add_stream(&mut file, Form::of(executable, None))?;
        let mut tree = Unbuilt::default();
        let name = xb_core::RelPath::new(name).map_err(|error| StoreError::refused(path, error.to_string()))?;
        let entry = Entry::File { content, executable, mode: None };
        tree.put(&name, entry);
        build_tree(tree, self).map_err(|error| StoreError::Database(error.to_string()))
    }
}
