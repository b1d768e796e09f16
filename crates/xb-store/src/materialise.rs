//! From trees to folders: made aside from hard links to contents, renamed to their place, then noted.
//!
//! A materialised tree is the lower layer of sandboxes' mounts: nobody may write to it, and everything in it has
//! one constant time and Debian's usual modes.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use xb_core::{ContentId, Digest, TreeId};
use xb_graph::reapi::{DigestMessage, Directory, FileNode, NodeProperties, SymlinkNode};

use crate::Store;
use crate::contents::TIMES;
use crate::error::{Context, Result, StoreError};
use crate::index::Use;
use crate::layout::{FOLDER_MODE, Form};
use crate::remove::remove_tree;
use crate::threads::FEW;

use std::sync::Arc;

/// A folder of a tree, and where in the tree it lies.
pub(crate) struct Placed {
    pub(crate) path: PathBuf,
    pub(crate) directory: Arc<Directory>,
}

impl Store {
    pub(crate) fn materialise_tree(&self, tree: TreeId) -> Result<PathBuf> {
        if let Some(place) = self.materialised(tree)? {
            return Ok(place);
        }
        // A thread of the pool must not wait: what it would wait for may need the pool.
        if rayon::current_thread_index().is_some() {
            return self.materialise_anew(tree);
        }
        self.making().alone(tree, || match self.materialised(tree)? {
            Some(place) => Ok(place),
            None => self.materialise_anew(tree),
        })
    }

    fn materialised(&self, tree: TreeId) -> Result<Option<PathBuf>> {
        let place = self.layout().tree(tree.0);
        if !self.index().has_materialised(tree)? || !place.is_dir() {
            return Ok(None);
        }
        self.refuse_changed(tree, &place)?;
        self.index().was_used(Use::Materialised(tree))?;
        Ok(Some(place))
    }

    fn materialise_anew(&self, tree: TreeId) -> Result<PathBuf> {
        let place = self.layout().tree(tree.0);
        let aside = self.session().aside();
        let made = self.make_tree(tree, &aside);
        let moved = made.and_then(|()| move_to_place(&aside, &place));
        if moved.is_err() {
            // The reason why it could not be made is what counts.
            let _ = remove_tree(&aside);
        }
        moved?;
        self.sound().insert(tree);
        self.index().is_materialised(tree)?;
        Ok(place)
    }

    fn make_tree(&self, tree: TreeId, aside: &Path) -> Result<()> {
        let folders = self.flatten(tree)?;
        for folder in &folders {
            let path = aside.join(&folder.path);
            let mode = Mode::from_raw_mode(FOLDER_MODE);
            rustix::fs::mkdirat(CWD, &path, mode).on("cannot make", &path)?;
        }
        if folders.len() + folders.iter().map(|folder| folder.directory.files.len()).sum::<usize>() <= FEW {
            return folders.iter().try_for_each(|folder| self.fill(folder, aside));
        }
        folders.par_iter().try_for_each(|folder| self.fill(folder, aside))
    }

    /// Every folder of a tree, each after the one that holds it.
    pub(crate) fn flatten(&self, tree: TreeId) -> Result<Vec<Placed>> {
        let mut folders = vec![Placed { path: PathBuf::new(), directory: self.find_directory(tree)? }];
        let mut next = 0;
        while let Some(folder) = folders.get(next) {
            let (path, directory) = (folder.path.clone(), Arc::clone(&folder.directory));
            for child in &directory.directories {
                check_name(&child.name, tree)?;
                folders.push(Placed {
                    path: path.join(&child.name),
                    directory: self.find_directory(TreeId(digest(child.digest.as_ref())?))?,
                });
            }
            next += 1;
        }
        Ok(folders)
    }

    fn fill(&self, folder: &Placed, aside: &Path) -> Result<()> {
        let path = aside.join(&folder.path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, Mode::empty()).on("cannot open", &path)?;
        let directory = &folder.directory;
        directory.files.par_iter().with_min_len(16).try_for_each(|file| self.place_file(file, &fd))?;
        for symlink in &directory.symlinks {
            place_symlink(symlink, &fd, &path)?;
        }
        let mode = folder_mode(directory.node_properties.as_ref());
        rustix::fs::fchmod(&fd, mode).on("cannot set the mode of", &path)?;
        rustix::fs::futimens(&fd, &TIMES).on("cannot set the time of", &path)
    }

    fn place_file(&self, file: &FileNode, folder: &OwnedFd) -> Result<()> {
        let id = ContentId(digest(file.digest.as_ref())?);
        check_name(&file.name, TreeId(id.0))?;
        self.link(id, form(file), folder, &file.name)
    }

    /// Whether a tree and everything beneath it is here.
    pub(crate) fn is_whole(&self, tree: TreeId) -> Result<bool> {
        let mut seen = FxHashSet::default();
        let mut found = Vec::new();
        let mut ahead = vec![tree];
        while let Some(id) = ahead.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some((directory, whole)) = self.index().directory(id)? else {
                return Ok(false);
            };
            if whole {
                continue;
            }
            for file in &directory.files {
                if !self.has_content(ContentId(digest(file.digest.as_ref())?))? {
                    return Ok(false);
                }
            }
            for child in &directory.directories {
                ahead.push(TreeId(digest(child.digest.as_ref())?));
            }
            found.push(id);
        }
        if !found.is_empty() {
            self.index().are_whole(&found)?;
        }
        Ok(true)
    }

    pub(crate) fn find_directory(&self, id: TreeId) -> Result<Arc<Directory>> {
        let found = self.index().directory(id)?;
        let (directory, _) = found.ok_or_else(|| StoreError::missing_tree(id))?;
        Ok(directory)
    }
}

/// The form in which a tree's file lies on the disk.
pub(crate) fn form(file: &FileNode) -> Form {
    let mode = file.node_properties.as_ref().and_then(mode_of);
    Form::of(file.is_executable, mode)
}

/// The mode of a tree's folder on the disk.
pub(crate) fn folder_mode(properties: Option<&NodeProperties>) -> Mode {
    // The store's owner must be able to fill and to remove it.
    let mode = properties.and_then(mode_of).map_or(FOLDER_MODE, |mode| mode | 0o700);
    Mode::from_raw_mode(mode & 0o7777)
}

fn mode_of(properties: &NodeProperties) -> Option<u32> {
    properties.unix_mode.as_ref().map(|mode| mode.value)
}

/// The digest of a node; the messages allow for none, the store does not.
pub(crate) fn digest(message: Option<&DigestMessage>) -> Result<Digest> {
    let damaged = |reason: String| StoreError::Damaged { what: "a directory".to_owned(), reason };
    let message = message.ok_or_else(|| damaged("a node has no digest".to_owned()))?;
    Digest::try_from(message).map_err(|error| damaged(error.to_string()))
}

fn place_symlink(symlink: &SymlinkNode, folder: &OwnedFd, path: &Path) -> Result<()> {
    let shown = path.join(&symlink.name);
    check_name(&symlink.name, TreeId(Digest::of(b"")))?;
    rustix::fs::symlinkat(symlink.target.as_str(), folder, symlink.name.as_str()).on("cannot make", &shown)?;
    let name = symlink.name.as_str();
    rustix::fs::utimensat(folder, name, &TIMES, AtFlags::SYMLINK_NOFOLLOW).on("cannot set the time of", &shown)
}

/// Directories may come from elsewhere: a name in them must not lead anywhere.
fn check_name(name: &str, tree: TreeId) -> Result<()> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(StoreError::Damaged {
            what: format!("the tree {tree}"),
            reason: format!("`{name}` is not a name that a file can have"),
        });
    }
    Ok(())
}

fn move_to_place(aside: &Path, place: &Path) -> Result<()> {
    match rustix::fs::renameat(CWD, aside, CWD, place) {
        // Somebody else made the same tree meanwhile; theirs is as good, since none is ever there in part.
        Err(Errno::NOTEMPTY | Errno::EXIST) => remove_tree(aside),
        moved => moved.on("cannot move to its place", aside),
    }
}
