//! Whether a materialised tree is still what it should be.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Mode;
use xb_core::{ContentId, TreeId};
use xb_graph::reapi::{Directory, FileNode};

use crate::Store;
use crate::error::{Context, Result};
use crate::materialise::{digest, folder_mode, form};
use crate::shelves::fault;

impl Store {
    /// In what a materialised tree differs from what it should be, if it does.
    ///
    /// A file that is the very inode of its content is as sound as that; any other is hashed.
    pub(crate) fn difference(&self, tree: TreeId) -> Result<Option<String>> {
        let place = self.layout().tree(tree.0);
        for folder in self.flatten(tree)? {
            let found = self.folder_difference(&place.join(&folder.path), &folder.directory)?;
            if let Some(reason) = found {
                return Ok(Some(format!("`/{}`: {reason}", folder.path.display())));
            }
        }
        Ok(None)
    }

    fn folder_difference(&self, path: &Path, directory: &Directory) -> Result<Option<String>> {
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
            if let Some(reason) = self.file_difference(&path.join(&file.name), file)? {
                return Ok(Some(format!("`{}`: {reason}", file.name)));
            }
        }
        Ok(None)
    }

    fn file_difference(&self, path: &Path, file: &FileNode) -> Result<Option<String>> {
        let id = ContentId(digest(file.digest.as_ref())?);
        let form = form(file);
        let meta = fs::symlink_metadata(path).on("cannot read", path)?;
        if !meta.is_file() {
            return Ok(Some("it is no file".to_owned()));
        }
        let content = fs::metadata(self.content_path(id, form));
        if content.is_ok_and(|content| content.ino() == meta.ino()) {
            return Ok(None);
        }
        Ok(fault(path, form, id))
    }
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
