//! Whether a materialised tree is still what it should be.
//!
//! People are shown trees of theirs as folders, and may write to what belongs to them. Everything in the store has one
//! time, one mode and its size, so that who wrote is found without reading anything.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, Stat};
use xb_core::{ContentId, TreeId};
use xb_graph::reapi::{Directory, FileNode};

use crate::Store;
use crate::contents::set_times;
use crate::error::{Context, Result, StoreError};
use crate::layout::{Form, MTIME};
use crate::materialise::{digest, folder_mode, form};
use crate::shelves::fault;

/// What is known of contents when trees are compared with what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Which of them are sound.
    Contents,
    /// Nothing: they are believed as long as nobody seems to have written to them.
    Nothing,
}

/// Larger trees are not looked at each time: they are roots of systems, which nobody is shown.
const MOST: usize = 5_000;

impl Store {
    /// Refuses a tree to which somebody wrote since it was made; one that is sound is looked at once for as long as the
    /// store is open.
    pub(crate) fn refuse_changed(&self, tree: TreeId, place: &Path) -> Result<()> {
        if self.sound().contains(&tree) {
            return Ok(());
        }
        let difference = if self.is_small(tree)? { self.difference(tree, Trust::Nothing)? } else { None };
        match difference {
            None => {
                self.sound().insert(tree);
                Ok(())
            }
            Some(reason) => Err(StoreError::written_to(place, reason)),
        }
    }

    fn is_small(&self, tree: TreeId) -> Result<bool> {
        let (mut ahead, mut seen) = (vec![tree], 0);
        while let Some(tree) = ahead.pop() {
            let directory = self.find_directory(tree)?;
            seen += directory.files.len() + directory.symlinks.len() + directory.directories.len();
            if seen > MOST {
                return Ok(false);
            }
            for child in &directory.directories {
                ahead.push(TreeId(digest(child.digest.as_ref())?));
            }
        }
        Ok(true)
    }

    /// In what a materialised tree differs from what it should be, if it does.
    ///
    /// A file that is the very inode of its content is as sound as that; any other is hashed.
    pub(crate) fn difference(&self, tree: TreeId, trust: Trust) -> Result<Option<String>> {
        let place = self.layout().tree(tree.0);
        for folder in self.flatten(tree)? {
            let found = self.folder_difference(&place.join(&folder.path), &folder.directory, trust)?;
            if let Some(reason) = found {
                return Ok(Some(format!("`/{}`: {reason}", folder.path.display())));
            }
        }
        Ok(None)
    }

    fn folder_difference(&self, path: &Path, directory: &Directory, trust: Trust) -> Result<Option<String>> {
        let meta = fs::symlink_metadata(path).on("cannot read", path)?;
        if !meta.is_dir() || mode(&meta) != folder_mode(directory.node_properties.as_ref()) {
            return Ok(Some("it is no folder, or its mode was changed".to_owned()));
        }
        if names_on_disk(path)? != names(directory) {
            return Ok(Some("names were added to it or removed from it".to_owned()));
        }
        for symlink in &directory.symlinks {
            let target = fs::read_link(path.join(&symlink.name)).on("cannot read", path)?;
            if target != Path::new(&symlink.target) {
                return Ok(Some(format!("the symlink `{}` points elsewhere", symlink.name)));
            }
        }
        for file in &directory.files {
            if let Some(reason) = self.file_difference(&path.join(&file.name), file, trust)? {
                return Ok(Some(format!("`{}`: {reason}", file.name)));
            }
        }
        Ok(None)
    }

    fn file_difference(&self, path: &Path, file: &FileNode, trust: Trust) -> Result<Option<String>> {
        let id = ContentId(digest(file.digest.as_ref())?);
        let form = form(file);
        let meta = fs::symlink_metadata(path).on("cannot read", path)?;
        if !meta.is_file() {
            return Ok(Some("it is no file".to_owned()));
        }
        let is_content = || fs::metadata(self.content_path(id, form)).is_ok_and(|content| content.ino() == meta.ino());
        if (trust == Trust::Contents || is_as_made(&meta, form, id)) && is_content() {
            return Ok(None);
        }
        let fault = fault(path, form, id);
        if fault.is_none() {
            // Only its time was changed.
            set_times(path)?;
        }
        Ok(fault)
    }
}

/// Whether a file has the size, the mode and the time that the store gave it.
pub(crate) fn is_as_made(meta: &Metadata, form: Form, id: ContentId) -> bool {
    (meta.mtime(), meta.len(), mode(meta)) == (MTIME, id.0.size(), form.mode())
}

/// The same of a file of which the system itself was asked.
pub(crate) fn was_made(stat: &Stat, form: Form, id: ContentId) -> bool {
    let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
    (stat.st_mtime, stat.st_size.cast_unsigned(), mode) == (MTIME, id.0.size(), form.mode())
}

fn mode(meta: &Metadata) -> Mode {
    Mode::from_raw_mode(meta.mode() & 0o7777)
}

fn names(directory: &Directory) -> BTreeSet<Vec<u8>> {
    let files = directory.files.iter().map(|node| &node.name);
    let folders = directory.directories.iter().map(|node| &node.name);
    let symlinks = directory.symlinks.iter().map(|node| &node.name);
    files.chain(folders).chain(symlinks).map(|name| name.clone().into_bytes()).collect()
}

fn names_on_disk(path: &Path) -> Result<BTreeSet<Vec<u8>>> {
    let entries = fs::read_dir(path).on("cannot read", path)?;
    entries.map(|entry| Ok(entry.on("cannot read", path)?.file_name().into_encoded_bytes())).collect()
}
