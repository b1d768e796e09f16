//! Trees: Merkle trees of `Directory` messages, and how one is built from a list of paths.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost::Message;
use xb_core::{ContentId, Digest, RelPath, TreeId};

use crate::reapi::{Directory, DirectoryNode, FileNode, NodeProperties, SymlinkNode, UInt32Value, encode};

/// Where directories are looked up.
pub trait Directories {
    /// The directory of this digest.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn directory(&self, id: TreeId) -> Result<Arc<Directory>, MissingDirectory>;
}

/// Where directories can be added.
pub trait DirectoriesMut: Directories {
    /// Adds a directory.
    ///
    /// # Errors
    /// When it cannot be written.
    fn add_directory(&self, directory: Directory) -> Result<TreeId, MissingDirectory>;
}

/// A directory that could not be looked up or added.
#[derive(Debug, thiserror::Error)]
#[error("the directory {id} is not to be had: {reason}")]
pub struct MissingDirectory {
    /// Which one.
    pub id: TreeId,
    /// Why.
    pub reason: String,
}

/// What lies at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File {
        /// Its contents.
        content: ContentId,
        /// Whether it can be executed.
        executable: bool,
        /// The mode bits, where they matter (set-id bits).
        mode: Option<u32>,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points to.
        target: String,
    },
    /// A folder that holds nothing yet (what else lies beneath it is added to it).
    Directory {
        /// The mode bits, where they matter (sticky, set-group-id).
        mode: Option<u32>,
    },
    /// A whole tree that is already known.
    Tree(TreeId),
}

/// A folder under construction; see [`build_tree`]. It is only as deep as a [`RelPath`] can be, so that it can be walked
/// and dropped folder by folder.
#[derive(Debug, Default)]
pub struct Unbuilt {
    folders: BTreeMap<String, Unbuilt>,
    entries: BTreeMap<String, Entry>,
    mode: Option<u32>,
}

impl Unbuilt {
    /// Puts an entry at a path; the folders on the way come into being, and what was there before is replaced
    /// (a folder stays when a folder is put in its place).
    pub fn put(&mut self, path: &RelPath, entry: Entry) {
        let mut folder = self;
        let mut parts: Vec<&str> = path.components().collect();
        let last = parts.pop();
        for part in parts {
            folder.entries.remove(part);
            folder = folder.folders.entry(part.to_owned()).or_default();
        }
        match (last, entry) {
            (None, Entry::Directory { mode }) => folder.mode = mode,
            (None, _) => {}
            (Some(name), Entry::Directory { mode }) => {
                folder.entries.remove(name);
                folder.folders.entry(name.to_owned()).or_default().mode = mode;
            }
            (Some(name), entry) => {
                folder.folders.remove(name);
                folder.entries.insert(name.to_owned(), entry);
            }
        }
    }
}

/// Builds the directories of a tree, innermost first, and hands each to `add`.
///
/// # Errors
/// When `add` fails.
pub fn build_tree(root: Unbuilt, into: &(impl DirectoriesMut + ?Sized)) -> Result<TreeId, MissingDirectory> {
    let mut directory = Directory { node_properties: root.mode.map(properties), ..Directory::default() };
    for (name, folder) in root.folders {
        let id = build_tree(folder, into)?;
        directory.directories.push(DirectoryNode { name, digest: Some(id.0.into()) });
    }
    for (name, entry) in root.entries {
        match entry {
            Entry::File { content, executable, mode } => directory.files.push(FileNode {
                name,
                digest: Some(content.0.into()),
                is_executable: executable,
                node_properties: mode.map(properties),
            }),
            Entry::Symlink { target } => directory.symlinks.push(SymlinkNode { name, target }),
            Entry::Tree(id) => directory.directories.push(DirectoryNode { name, digest: Some(id.0.into()) }),
            Entry::Directory { .. } => unreachable!("a folder is put among the folders"),
        }
    }
    directory.directories.sort_by(|a, b| a.name.cmp(&b.name));
    into.add_directory(directory)
}

fn properties(mode: u32) -> NodeProperties {
    NodeProperties { unix_mode: Some(UInt32Value { value: mode }) }
}

/// Directories in memory: for tests, and as an overlay while a tree is made.
#[derive(Debug, Default)]
pub struct MemoryDirectories {
    map: std::sync::RwLock<HashMap<TreeId, Arc<Directory>>>,
}

impl Directories for MemoryDirectories {
    fn directory(&self, id: TreeId) -> Result<Arc<Directory>, MissingDirectory> {
        if id.0 == Digest::of(b"") {
            return Ok(Arc::default());
        }
        let map = self.map.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        map.get(&id).cloned().ok_or_else(|| MissingDirectory { id, reason: "it was never added".to_owned() })
    }
}

impl DirectoriesMut for MemoryDirectories {
    fn add_directory(&self, directory: Directory) -> Result<TreeId, MissingDirectory> {
        let (_, digest) = encode(&directory);
        let mut map = self.map.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        map.insert(TreeId(digest), Arc::new(directory));
        Ok(TreeId(digest))
    }
}

/// Reads a directory from its canonical bytes.
///
/// # Errors
/// When the bytes are not a `Directory` in canonical form.
pub fn decode_directory(id: TreeId, bytes: &[u8]) -> Result<Directory, MissingDirectory> {
    let wrong = |reason: &str| MissingDirectory { id, reason: reason.to_owned() };
    let directory = Directory::decode(bytes).map_err(|error| wrong(&error.to_string()))?;
    if encode(&directory).1 != id.0 {
        return Err(wrong("its bytes are not its canonical encoding"));
    }
    directory.check().map_err(|reason| wrong(&reason))?;
    Ok(directory)
}
