//! Trees as tar archives: the one writer of all archives of trees.
//!
//! Entries come sorted, each folder before what is in it, all of one time and of the owner 0. Files are passed through,
//! never held, and compared on the way with the digests by which the tree names them: what is damaged in the store
//! gets into no archive.

use std::fs::File;
use std::io::{self, Read, Write};

use tar::{EntryType, Header};
use xb_core::{ContentId, Digest, RelPath, TreeId};
use xb_graph::reapi::{Directory, FileNode, NodeProperties};
use xb_graph::{Item, MissingDirectory, subtree};
use xb_store::{Contents, StoreError};

/// Archives are a row of these.
const BLOCK: usize = 512;
/// Where names become entries of their own.
const NAME: usize = 100;

/// Why a tree cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file cannot be in such an archive.
    #[error("`{path}` cannot be put into it: {reason}")]
    Entry {
        /// Its path.
        path: String,
        /// Why it cannot.
        reason: String,
    },
    /// Something is not to be had from the store, or is damaged there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A directory of the tree is not to be had.
    #[error(transparent)]
    Directory(#[from] MissingDirectory),
    /// The archive cannot be written to where it goes.
    #[error("it cannot be written: {0}")]
    Write(io::Error),
}

type Result<T> = std::result::Result<T, WriteError>;

/// Writes archives.
pub struct TreeWriter<'a, W> {
    store: &'a dyn Contents,
    refuses: Refuses,
    time: u32,
    out: W,
    buffer: Vec<u8>,
}

/// Why a file cannot have a name in an archive of some kind, if so.
pub type Refuses = fn(&str) -> Option<&'static str>;

impl<'a, W: Write> TreeWriter<'a, W> {
    /// Writes to `out`; everything has the same time, in seconds since the beginning of 1970.
    pub fn new(store: &'a dyn Contents, refuses: Refuses, time: u32, out: W) -> Self {
        Self { store, refuses, time, out, buffer: vec![0; 256 << 10] }
    }

    /// Writes a tree, beneath the folders that lead to its place, which have the mode 755.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn tree(&mut self, tree: TreeId, at: &RelPath) -> Result<()> {
        let root = self.store.directory(tree)?;
        let mut path = RelPath::root();
        let parts: Vec<&str> = at.components().collect();
        for (at, part) in parts.iter().enumerate() {
            path = self.join(&path, part)?;
            let is_last = at + 1 == parts.len();
            self.folder(&path, if is_last { root.node_properties.as_ref() } else { None })?;
        }
        self.inside(&path, &root)
    }

    /// Writes the end, and gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.write(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }

    fn inside(&mut self, above: &RelPath, directory: &Directory) -> Result<()> {
        for item in directory.items() {
            let path = self.join(above, item.name())?;
            match item {
                Item::File(file) => self.file(&path, file)?,
                Item::Symlink(link) => self.symlink(&path, &link.target)?,
                Item::Directory(node) => {
                    let inner = self.store.directory(subtree(node)?)?;
                    self.folder(&path, inner.node_properties.as_ref())?;
                    self.inside(&path, &inner)?;
                }
            }
        }
        Ok(())
    }

    /// A path is never deeper than a tree may be, so neither is the walk.
    fn join(&self, above: &RelPath, name: &str) -> Result<RelPath> {
        if let Some(reason) = (self.refuses)(name) {
            return Err(self.refuse(&format!("{above}/{name}"), reason));
        }
        above.join(name).map_err(|error| self.refuse(name, &error.to_string()))
    }

    fn folder(&mut self, path: &RelPath, properties: Option<&NodeProperties>) -> Result<()> {
        let mode = mode_of(properties).unwrap_or(0o755);
        self.header(EntryType::Directory, &format!("{path}/"), None, mode, 0)
    }

    fn symlink(&mut self, path: &RelPath, target: &str) -> Result<()> {
        if target.is_empty() || target.contains('\0') {
            return Err(self.refuse(path.as_str(), "it is a link to what can be no path"));
        }
        self.header(EntryType::Symlink, path.as_str(), Some(target), 0o777, 0)
    }

    fn file(&mut self, path: &RelPath, file: &FileNode) -> Result<()> {
        let digest = file.digest.as_ref().and_then(|digest| Digest::try_from(digest).ok());
        let digest = digest.ok_or_else(|| self.refuse(path.as_str(), "it has no digest"))?;
        let usual = if file.is_executable { 0o755 } else { 0o644 };
        let mode = mode_of(file.node_properties.as_ref()).unwrap_or(usual);
        let content = self.store.open_content(ContentId(digest))?;
        self.header(EntryType::Regular, path.as_str(), None, mode, digest.size())?;
        self.content(path, content, digest)
    }

    /// Passes a file's contents on, and holds them against their digest.
    fn content(&mut self, path: &RelPath, content: File, digest: Digest) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut hasher = blake3::Hasher::new();
        // One byte more than it must have tells that it is longer.
        let mut content = content.take(digest.size().saturating_add(1));
        let mut left = digest.size();
        loop {
            let read =
                read(&mut content, &mut buffer).map_err(|error| self.refuse(path.as_str(), &error.to_string()))?;
            hasher.update(&buffer[..read]);
            let Some(rest) = left.checked_sub(read as u64) else { return Err(self.damaged(path)) };
            left = rest;
            if read == 0 {
                break;
            }
            self.write(&buffer[..read])?;
        }
        if left != 0 || hasher.finalize().as_bytes() != digest.hash() {
            return Err(self.damaged(path));
        }
        self.buffer = buffer;
        self.pad(digest.size())
    }

    fn header(&mut self, kind: EntryType, name: &str, target: Option<&str>, mode: u32, size: u64) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(u64::from(self.time));
        header.set_size(size);
        self.long(EntryType::GNULongName, name)?;
        self.long(EntryType::GNULongLink, target.unwrap_or_default())?;
        if let Some(fields) = header.as_gnu_mut() {
            put(&mut fields.name, name);
            put(&mut fields.linkname, target.unwrap_or_default());
        }
        header.set_cksum();
        self.write(header.as_bytes())
    }

    /// What does not fit into a header comes before it.
    fn long(&mut self, kind: EntryType, text: &str) -> Result<()> {
        if text.len() <= NAME {
            return Ok(());
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let size = text.len() as u64 + 1;
        header.set_size(size);
        if let Some(fields) = header.as_gnu_mut() {
            put(&mut fields.name, "././@LongLink");
        }
        header.set_cksum();
        self.write(header.as_bytes())?;
        self.write(text.as_bytes())?;
        self.write(&[0])?;
        self.pad(size)
    }

    fn pad(&mut self, size: u64) -> Result<()> {
        let over = (size % BLOCK as u64) as usize;
        if over == 0 { Ok(()) } else { self.write(&[0; BLOCK][over..]) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(WriteError::Write)
    }

    fn refuse(&self, path: &str, reason: &str) -> WriteError {
        WriteError::Entry { path: path.to_owned(), reason: reason.to_owned() }
    }

    fn damaged(&self, path: &RelPath) -> WriteError {
        self.refuse(path.as_str(), "its contents in the store are damaged; `xb store verify` mends that")
    }
}

fn mode_of(properties: Option<&NodeProperties>) -> Option<u32> {
    properties?.unix_mode.as_ref().map(|mode| mode.value & 0o7777)
}

fn put(field: &mut [u8], text: &str) {
    let fits = text.len().min(field.len());
    field[..fits].copy_from_slice(&text.as_bytes()[..fits]);
}

fn read(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
