//! One directory by name: looking up, putting in and taking out, always in canonical order.

use xb_core::{Digest, RelPath, TreeId};

use crate::reapi::{Directory, DirectoryNode, FileNode, SymlinkNode};
use crate::tree::{Directories, MissingDirectory};

/// One entry of a directory, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A file.
    File(&'a FileNode),
    /// A directory.
    Directory(&'a DirectoryNode),
    /// A symbolic link.
    Symlink(&'a SymlinkNode),
}

impl Item<'_> {
    /// The name in the directory.
    pub fn name(&self) -> &str {
        match self {
            Self::File(node) => &node.name,
            Self::Directory(node) => &node.name,
            Self::Symlink(node) => &node.name,
        }
    }

    /// What it is, for a person: `a file`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "a file",
            Self::Directory(_) => "a directory",
            Self::Symlink(_) => "a symbolic link",
        }
    }
}

macro_rules! find {
    ($list:expr, $name:expr) => {
        $list.binary_search_by(|node| node.name.as_str().cmp($name))
    };
}

macro_rules! put {
    ($list:expr, $node:expr) => {{
        let node = $node;
        match find!($list, node.name.as_str()) {
            Ok(index) => $list[index] = node,
            Err(index) => $list.insert(index, node),
        }
    }};
}

impl Directory {
    /// What is there under `name`.
    pub fn item(&self, name: &str) -> Option<Item<'_>> {
        if let Ok(index) = find!(self.directories, name) {
            return Some(Item::Directory(&self.directories[index]));
        }
        if let Ok(index) = find!(self.files, name) {
            return Some(Item::File(&self.files[index]));
        }
        let index = find!(self.symlinks, name).ok()?;
        Some(Item::Symlink(&self.symlinks[index]))
    }

    /// Everything, sorted by name.
    pub fn items(&self) -> Vec<Item<'_>> {
        let files = self.files.iter().map(Item::File);
        let directories = self.directories.iter().map(Item::Directory);
        let symlinks = self.symlinks.iter().map(Item::Symlink);
        let mut items: Vec<_> = files.chain(directories).chain(symlinks).collect();
        items.sort_by(|a, b| a.name().cmp(b.name()));
        items
    }

    /// Puts an item in, in the place of what had its name.
    pub fn put(&mut self, item: Item<'_>) {
        match item {
            Item::File(node) => self.put_file(node.clone()),
            Item::Symlink(node) => self.put_symlink(node.clone()),
            Item::Directory(node) => {
                self.take_unless_directory(&node.name);
                put!(self.directories, node.clone());
            }
        }
    }

    /// Puts a directory in, in the place of what had its name.
    pub fn put_directory(&mut self, name: &str, tree: TreeId) {
        self.take_unless_directory(name);
        put!(self.directories, DirectoryNode { name: name.to_owned(), digest: Some(tree.0.into()) });
    }

    fn put_file(&mut self, node: FileNode) {
        self.take(&node.name);
        put!(self.files, node);
    }

    fn put_symlink(&mut self, node: SymlinkNode) {
        self.take(&node.name);
        put!(self.symlinks, node);
    }

    /// Takes away what is there under `name`.
    pub fn take(&mut self, name: &str) {
        self.take_unless_directory(name);
        if let Ok(index) = find!(self.directories, name) {
            self.directories.remove(index);
        }
    }

    fn take_unless_directory(&mut self, name: &str) {
        if let Ok(index) = find!(self.files, name) {
            self.files.remove(index);
        }
        if let Ok(index) = find!(self.symlinks, name) {
            self.symlinks.remove(index);
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.directories.is_empty() && self.symlinks.is_empty()
    }

    /// Whether it is in canonical form, and why not: every list sorted, no name twice, only names that a file can
    /// have, and a digest for everything that needs one.
    ///
    /// # Errors
    /// What is wrong, as half a sentence.
    pub fn check(&self) -> Result<(), String> {
        check_order(self.files.iter().map(|node| &node.name))?;
        check_order(self.directories.iter().map(|node| &node.name))?;
        check_order(self.symlinks.iter().map(|node| &node.name))?;
        for pair in self.items().windows(2) {
            if pair[0].name() == pair[1].name() {
                return Err(format!("it has `{}` twice", pair[0].name()));
            }
        }
        let digests = self.files.iter().map(|node| (&node.name, &node.digest));
        let digests = digests.chain(self.directories.iter().map(|node| (&node.name, &node.digest)));
        for (name, digest) in digests {
            let digest = digest.as_ref().map(Digest::try_from);
            if !matches!(digest, Some(Ok(_))) {
                return Err(format!("`{name}` in it has no digest"));
            }
        }
        Ok(())
    }
}

fn check_order<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut last: Option<&str> = None;
    for name in names {
        if RelPath::root().join(name).is_err() {
            return Err(format!("`{name}` in it is not a file's name"));
        }
        if last.is_some_and(|last| last >= name.as_str()) {
            return Err(format!("`{name}` in it is out of order"));
        }
        last = Some(name);
    }
    Ok(())
}

/// The tree that a directory node names.
///
/// # Errors
/// When the node has no digest that can be read.
pub fn subtree(node: &DirectoryNode) -> Result<TreeId, MissingDirectory> {
    let digest = node.digest.as_ref().map(Digest::try_from);
    match digest {
        Some(Ok(digest)) => Ok(TreeId(digest)),
        _ => Err(MissingDirectory {
            id: TreeId(Digest::of(b"")),
            reason: format!("the entry `{}` has no digest that can be read", node.name),
        }),
    }
}

/// The tree at `path`, if there is a directory; symbolic links are not followed.
///
/// # Errors
/// When a directory on the way is missing.
pub fn tree_at(
    tree: TreeId,
    path: &RelPath,
    store: &(impl Directories + ?Sized),
) -> Result<Option<TreeId>, MissingDirectory> {
    let mut tree = tree;
    for name in path.components() {
        match store.directory(tree)?.item(name) {
            Some(Item::Directory(node)) => tree = subtree(node)?,
            _ => return Ok(None),
        }
    }
    Ok(Some(tree))
}

/// Whether there is anything at `path`; symbolic links are not followed.
///
/// # Errors
/// When a directory on the way is missing.
pub fn exists_at(tree: TreeId, path: &RelPath, store: &(impl Directories + ?Sized)) -> Result<bool, MissingDirectory> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
        return Ok(true);
    };
    let Some(parent) = tree_at(tree, &parent, store)? else {
        return Ok(false);
    };
    Ok(store.directory(parent)?.item(name).is_some())
}
