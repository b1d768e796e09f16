//! Taking a folder of the disk in, whatever is in it.
//!
//! Folders are read level by level and in parallel. Every name is looked up from the folder's own descriptor and
//! no symlink is ever followed, so a folder that changes meanwhile cannot lead out of itself. What is hashed is
//! what is kept: a foreign file's bytes are read once.

use std::ffi::CStr;
use std::fs::File;
use std::io::Seek;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use xb_core::{ContentId, Digest, RelPath, TreeId};
use xb_graph::reapi::{Directory, DirectoryNode, FileNode, NodeProperties, SymlinkNode, UInt32Value, encode};

use crate::Store;
use crate::contents::{hash_rest, seal};
use crate::error::{Context, Result, StoreError};
use crate::fingerprint::{Fingerprints, Print};
use crate::layout::Form;
use crate::rules::{Scope, Selection};
use crate::threads::{FEW, beside_the_disk};

/// One folder being taken in.
pub(crate) struct Taking<'a> {
    pub(crate) store: &'a Store,
    /// The folder, for errors and for rules.
    pub(crate) shown: &'a Path,
    pub(crate) top: OwnedFd,
    pub(crate) how: How<'a>,
}

/// How a folder is taken in.
pub(crate) enum How<'a> {
    /// It is somebody else's: bytes are copied.
    Copy,
    /// It is ours and nobody writes to it any more: files are moved.
    Move,
    /// It is a source folder: rules choose, fingerprints spare reading, special modes do not count.
    Source(&'a Selection, &'a Fingerprints),
}

/// A folder that is still to be read.
struct Ahead {
    path: String,
    name: String,
    parent: usize,
    scope: Scope,
}

/// A folder that was read.
struct Seen {
    name: String,
    parent: usize,
    directory: Directory,
}

/// What [`Taking::list`] found in one folder.
#[derive(Default)]
struct Names {
    files: Vec<String>,
    folders: Vec<String>,
    symlinks: Vec<String>,
}

/// Opens a folder that is to be taken in.
pub(crate) fn open_top(folder: &Path) -> Result<OwnedFd> {
    rustix::fs::open(folder, folder_flags(), Mode::empty()).on("cannot open", folder)
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

impl Taking<'_> {
    /// Takes the whole folder in.
    pub(crate) fn take(&self, scope: Scope) -> Result<TreeId> {
        let mut seen: Vec<Seen> = Vec::new();
        let mut ahead = vec![Ahead { path: String::new(), name: String::new(), parent: 0, scope }];
        while !ahead.is_empty() {
            let read = self.each(ahead, |folder| self.read(folder))?;
            ahead = Vec::new();
            for (folder, mut beneath) in read {
                beneath.iter_mut().for_each(|below| below.parent = seen.len());
                ahead.append(&mut beneath);
                seen.push(folder);
            }
        }
        self.assemble(seen)
    }

    /// Gives every folder its digest, innermost first: a folder always comes after its parent.
    fn assemble(&self, mut seen: Vec<Seen>) -> Result<TreeId> {
        let mut ids = Vec::with_capacity(seen.len());
        let mut root = TreeId(Digest::of(b""));
        while let Some(mut folder) = seen.pop() {
            let directory = &mut folder.directory;
            let is_root = seen.is_empty();
            if !is_root && self.selection().is_some() && is_empty(directory) {
                continue;
            }
            directory.directories.sort_by(|a, b| a.name.cmp(&b.name));
            let id = TreeId(encode(&folder.directory).1);
            self.store.index().add_directory(id, folder.directory)?;
            ids.push(id);
            root = id;
            if let Some(parent) = seen.get_mut(folder.parent).filter(|_| !is_root) {
                parent.directory.directories.push(DirectoryNode { name: folder.name, digest: Some(id.0.into()) });
            }
        }
        self.store.index().are_whole(&ids)?;
        Ok(root)
    }

    fn read(&self, ahead: Ahead) -> Result<(Seen, Vec<Ahead>)> {
        let folder = self.open_folder(&ahead.path)?;
        let mut names = self.list(&folder, &ahead.path)?;
        let scope = self.select(&ahead, &folder, &mut names);
        self.check_paths(&ahead.path, &names)?;
        let mut directory =
            Directory { node_properties: self.folder_mode(&folder, &ahead.path)?, ..Directory::default() };
        directory.files = self.take_files(&folder, &ahead.path, names.files)?;
        directory.symlinks = self.take_symlinks(&folder, &ahead.path, names.symlinks)?;
        let beneath = names.folders.into_iter().map(|name| Ahead {
            path: join(&ahead.path, &name),
            name,
            parent: 0,
            scope: scope.clone(),
        });
        let beneath = beneath.collect();
        let seen = Seen { name: ahead.name, parent: ahead.parent, directory };
        Ok((seen, beneath))
    }

    fn selection(&self) -> Option<&Selection> {
        match &self.how {
            How::Source(selection, _) => Some(selection),
            How::Copy | How::Move => None,
        }
    }

    fn select(&self, ahead: &Ahead, folder: &OwnedFd, names: &mut Names) -> Scope {
        let selection = self.selection()?;
        let scope = selection.enter(&ahead.scope, folder, &self.show(&ahead.path));
        let wants = |name: &str, is_folder| selection.wants(&scope, self.shown, &join(&ahead.path, name), is_folder);
        names.files.retain(|name| wants(name, false));
        names.symlinks.retain(|name| wants(name, false));
        names.folders.retain(|name| wants(name, true));
        scope
    }

    fn show(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.shown.to_owned() } else { self.shown.join(path) }
    }

    fn open_folder(&self, path: &str) -> Result<OwnedFd> {
        let path_or_self = if path.is_empty() { "." } else { path };
        let open = || {
            let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            let flags = folder_flags();
            rustix::fs::openat2(&self.top, path_or_self, flags, Mode::empty(), beneath)
        };
        match open() {
            Err(Errno::ACCESS) if matches!(self.how, How::Move) => {
                let mode = Mode::from_raw_mode(0o700);
                rustix::fs::chmodat(&self.top, path_or_self, mode, AtFlags::empty()).and_then(|()| open())
            }
            opened => opened,
        }
        .on("cannot open", &self.show(path))
    }

    fn list(&self, folder: &OwnedFd, path: &str) -> Result<Names> {
        let shown = || self.show(path);
        let mut names = Names::default();
        let entries = rustix::fs::Dir::read_from(folder).on("cannot read", &shown())?;
        for entry in entries {
            let entry = entry.on("cannot read", &shown())?;
            let raw = entry.file_name();
            if matches!(raw.to_bytes(), b"." | b"..") {
                continue;
            }
            let list = match kind(folder, raw, entry.file_type()).on("cannot read", &shown())? {
                FileType::RegularFile => &mut names.files,
                FileType::Directory => &mut names.folders,
                FileType::Symlink => &mut names.symlinks,
                _ => continue,
            };
            list.push(self.name(path, raw)?);
        }
        names.files.sort_unstable();
        names.symlinks.sort_unstable();
        Ok(names)
    }

    fn name(&self, path: &str, raw: &CStr) -> Result<String> {
        raw.to_str().map(str::to_owned).map_err(|_| {
            let shown = self.show(path).join(raw.to_string_lossy().as_ref());
            let reason = format!("its name is not UTF-8: {:?}", raw);
            StoreError::refused(shown, reason)
        })
    }

    /// Refuses what lies deeper, or under a longer name, than a path may say.
    fn check_paths(&self, path: &str, names: &Names) -> Result<()> {
        let all = names.files.iter().chain(&names.folders).chain(&names.symlinks);
        let Some(longest) = all.max_by_key(|name| name.len()) else {
            return Ok(());
        };
        let checked = RelPath::new(&join(path, longest));
        checked.map(drop).map_err(|error| StoreError::refused(self.shown, error.to_string()))
    }

    fn folder_mode(&self, folder: &OwnedFd, path: &str) -> Result<Option<NodeProperties>> {
        if self.selection().is_some() {
            return Ok(None);
        }
        let stat = rustix::fs::fstat(folder).on("cannot read", &self.show(path))?;
        Ok(special_mode(&stat))
    }

    fn take_symlinks(&self, folder: &OwnedFd, path: &str, names: Vec<String>) -> Result<Vec<SymlinkNode>> {
        let take = |name: String| {
            let shown = || self.show(&join(path, &name));
            let target = rustix::fs::readlinkat(folder, name.as_str(), Vec::new()).on("cannot read", &shown())?;
            let target = target.into_string().map_err(|error| {
                let reason = format!("its target is not UTF-8: {error}");
                StoreError::refused(shown(), reason)
            })?;
            Ok(SymlinkNode { name, target })
        };
        names.into_iter().map(take).collect()
    }

    fn take_files(&self, folder: &OwnedFd, path: &str, names: Vec<String>) -> Result<Vec<FileNode>> {
        let take = |name: String| self.take_file(folder, &join(path, &name), name);
        Ok(self.each(names, take)?.into_iter().flatten().collect())
    }

    /// Does the same for all of these, beside each other. What is only moved is quick, so that a few of it are dealt with
    /// sooner than other threads are woken.
    fn each<T: Send, R: Send>(&self, these: Vec<T>, work: impl Fn(T) -> Result<R> + Sync + Send) -> Result<Vec<R>> {
        let few = if matches!(self.how, How::Move) { FEW } else { 1 };
        if these.len() <= few {
            return these.into_iter().map(work).collect();
        }
        beside_the_disk(|| these.into_par_iter().map(work).collect())
    }

    /// A file's node; none when it is no regular file any more.
    fn take_file(&self, folder: &OwnedFd, path: &str, name: String) -> Result<Option<FileNode>> {
        if let How::Source(_, prints) = &self.how
            && let Some((id, executable)) = self.unchanged(prints, folder, path, &name)?
        {
            return Ok(Some(node(name, id, executable, None)));
        }
        let shown = self.show(path);
        let mut file = self.open_file(folder, &name, &shown)?;
        let stat = rustix::fs::fstat(&file).on("cannot read", &shown)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        let executable = stat.st_mode & 0o111 != 0;
        let form = Form::of(executable, None);
        let id = match &self.how {
            How::Copy => self.store.add_file(&mut file, form)?,
            How::Move => self.adopt(folder, &name, file, &stat, form, &shown)?,
            How::Source(_, prints) => {
                let id = self.store.add_file(&mut file, form)?;
                let after = rustix::fs::fstat(&file).on("cannot read", &shown)?;
                prints.note(path, &stat, &after, id);
                id
            }
        };
        let special = special_mode(&stat).filter(|_| self.selection().is_none());
        Ok(Some(node(name, id, executable, special)))
    }

    fn unchanged(
        &self,
        prints: &Fingerprints,
        folder: &OwnedFd,
        path: &str,
        name: &str,
    ) -> Result<Option<(ContentId, bool)>> {
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).on("cannot read", &self.show(path))?;
        match prints.find(path, &Print::of(&stat)) {
            Some(id) if self.store.has_content(id)? => Ok(Some((id, stat.st_mode & 0o111 != 0))),
            _ => Ok(None),
        }
    }

    fn open_file(&self, folder: &OwnedFd, name: &str, shown: &Path) -> Result<File> {
        // Not blocking: the name may have become a pipe since the folder was listed.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let open = || rustix::fs::openat(folder, name, flags, Mode::empty());
        match open() {
            Err(Errno::ACCESS) if matches!(self.how, How::Move) => {
                let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
                let mode = stat.map_or(0, |stat| stat.st_mode & 0o7777) | 0o400;
                rustix::fs::chmodat(folder, name, Mode::from_raw_mode(mode), AtFlags::empty()).and_then(|()| open())
            }
            opened => opened,
        }
        .map(File::from)
        .on("cannot open", shown)
    }

    /// Moves a file into the store, when nobody else can have it; otherwise copies it.
    fn adopt(
        &self,
        folder: &OwnedFd,
        name: &str,
        mut file: File,
        stat: &Stat,
        form: Form,
        shown: &Path,
    ) -> Result<ContentId> {
        if !is_ours_alone(&file, stat) {
            return self.store.add_stream(&mut file, form);
        }
        let (hash, size) = hash_rest(&mut file).on("cannot read", shown)?;
        let id = ContentId(Digest::new(hash, size));
        if self.store.holds(id, form)? {
            return Ok(id);
        }
        seal(&file, form, shown)?;
        match rustix::fs::renameat(folder, name, self.store.contents_fd(), form.path(id)) {
            Ok(()) => self.store.index().content_is_here(id).map(|()| id),
            Err(Errno::XDEV) => {
                file.rewind().on("cannot read", shown)?;
                self.store.add_stream(&mut file, form)
            }
            Err(error) => Err(error).on("cannot move to the store", shown),
        }
    }
}

/// Whether a file has one name, our owner, and nothing attached that a store's file must not have.
fn is_ours_alone(file: &File, stat: &Stat) -> bool {
    let mut none: [u8; 0] = [];
    let attributes = rustix::fs::flistxattr(file, &mut none[..]);
    stat.st_nlink == 1
        && stat.st_uid == rustix::process::geteuid().as_raw()
        && matches!(attributes, Ok(0) | Err(Errno::OPNOTSUPP))
}

fn kind(folder: &OwnedFd, name: &CStr, told: FileType) -> rustix::io::Result<FileType> {
    if told != FileType::Unknown {
        return Ok(told);
    }
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

fn node(name: String, id: ContentId, executable: bool, node_properties: Option<NodeProperties>) -> FileNode {
    FileNode { name, digest: Some(id.0.into()), is_executable: executable, node_properties }
}

/// The whole mode, where set-id or sticky bits are in it.
fn special_mode(stat: &Stat) -> Option<NodeProperties> {
    let mode = stat.st_mode & 0o7777;
    (mode & 0o7000 != 0).then_some(NodeProperties { unix_mode: Some(UInt32Value { value: mode }) })
}

fn is_empty(directory: &Directory) -> bool {
    directory.files.is_empty() && directory.directories.is_empty() && directory.symlinks.is_empty()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
