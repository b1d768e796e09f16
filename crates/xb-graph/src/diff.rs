//! What differs between two trees, path by path.

use std::fmt;

use xb_core::{ContentId, Digest, Escaped, RelPath, TreeId};

use crate::directory::{Item, subtree};
use crate::reapi::{Directory, FileNode, NodeProperties};
use crate::tree::{Directories, MissingDirectory};

/// A path at which two trees differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path.
    pub path: RelPath,
    /// In what.
    pub kind: DifferenceKind,
}

/// In what two trees differ at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the first tree has it (and, when it is a directory, everything beneath it).
    OnlyInFirst,
    /// Only the second tree has it (and, when it is a directory, everything beneath it).
    OnlyInSecond,
    /// Both have a file, with different contents.
    Content {
        /// In the first tree.
        first: ContentId,
        /// In the second tree.
        second: ContentId,
    },
    /// Both have a file with the same contents, and one of them can be executed.
    Executable {
        /// Whether the first one can.
        first: bool,
    },
    /// The mode bits that matter differ.
    Mode {
        /// In the first tree.
        first: Option<u32>,
        /// In the second tree.
        second: Option<u32>,
    },
    /// Both have a symbolic link, to different targets.
    Target {
        /// In the first tree.
        first: String,
        /// In the second tree.
        second: String,
    },
    /// One has one kind of thing and the other another: `a file`, `a directory`.
    Kind {
        /// In the first tree.
        first: &'static str,
        /// In the second tree.
        second: &'static str,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}: ", Escaped(self.path.as_str()))?;
        match &self.kind {
            DifferenceKind::OnlyInFirst => f.write_str("only in the first"),
            DifferenceKind::OnlyInSecond => f.write_str("only in the second"),
            DifferenceKind::Content { first, second } => {
                write!(f, "the contents differ ({} and {} bytes)", first.0.size(), second.0.size())
            }
            DifferenceKind::Executable { first } => {
                let which = if *first { "first" } else { "second" };
                write!(f, "only the {which} can be executed")
            }
            DifferenceKind::Mode { first, second } => {
                write!(f, "mode {} and mode {}", octal(*first), octal(*second))
            }
            DifferenceKind::Target { first, second } => {
                write!(f, "a link to `{}` and a link to `{}`", Escaped(first), Escaped(second))
            }
            DifferenceKind::Kind { first, second } => write!(f, "{first} and {second}"),
        }
    }
}

fn octal(mode: Option<u32>) -> String {
    mode.map_or_else(|| "as usual".to_owned(), |mode| format!("{mode:o}"))
}

/// What differs between two trees, sorted by path; equal subtrees are not looked into.
///
/// # Errors
/// When a directory is missing.
pub fn diff(
    first: TreeId,
    second: TreeId,
    store: &(impl Directories + ?Sized),
) -> Result<Vec<Difference>, MissingDirectory> {
    let mut found = Vec::new();
    trees(first, second, &RelPath::root(), store, &mut found)?;
    Ok(found)
}

fn trees<D: Directories + ?Sized>(
    first: TreeId,
    second: TreeId,
    at: &RelPath,
    store: &D,
    found: &mut Vec<Difference>,
) -> Result<(), MissingDirectory> {
    if first == second {
        return Ok(());
    }
    let (a, b) = (store.directory(first)?, store.directory(second)?);
    if let Some(kind) = modes(&a.node_properties, &b.node_properties) {
        let path = at.clone();
        found.push(Difference { path, kind });
    }
    for name in names(&a, &b) {
        let path = at.join(name).map_err(|error| MissingDirectory { id: first, reason: error.to_string() })?;
        let kind = match (a.item(name), b.item(name)) {
            (Some(Item::Directory(a)), Some(Item::Directory(b))) => {
                trees(subtree(a)?, subtree(b)?, &path, store, found)?;
                None
            }
            (Some(a), Some(b)) => items(a, b),
            (Some(_), None) => Some(DifferenceKind::OnlyInFirst),
            (None, _) => Some(DifferenceKind::OnlyInSecond),
        };
        found.extend(kind.map(|kind| Difference { path, kind }));
    }
    Ok(())
}

fn names<'a>(a: &'a Directory, b: &'a Directory) -> Vec<&'a str> {
    let names = |directory: &'a Directory| {
        let files = directory.files.iter().map(|node| node.name.as_str());
        let directories = directory.directories.iter().map(|node| node.name.as_str());
        let symlinks = directory.symlinks.iter().map(|node| node.name.as_str());
        files.chain(directories).chain(symlinks)
    };
    let mut all: Vec<&str> = names(a).chain(names(b)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn items(first: Item<'_>, second: Item<'_>) -> Option<DifferenceKind> {
    match (first, second) {
        (Item::File(a), Item::File(b)) => files(a, b),
        (Item::Symlink(a), Item::Symlink(b)) => {
            (a.target != b.target).then(|| DifferenceKind::Target { first: a.target.clone(), second: b.target.clone() })
        }
        (a, b) => Some(DifferenceKind::Kind { first: a.kind(), second: b.kind() }),
    }
}

fn files(a: &FileNode, b: &FileNode) -> Option<DifferenceKind> {
    if a.digest != b.digest {
        return Some(DifferenceKind::Content { first: content(a), second: content(b) });
    }
    if a.is_executable != b.is_executable {
        return Some(DifferenceKind::Executable { first: a.is_executable });
    }
    modes(&a.node_properties, &b.node_properties)
}

fn modes(a: &Option<NodeProperties>, b: &Option<NodeProperties>) -> Option<DifferenceKind> {
    let mode = |properties: &Option<NodeProperties>| {
        let properties = properties.as_ref()?;
        properties.unix_mode.as_ref().map(|mode| mode.value)
    };
    let (first, second) = (mode(a), mode(b));
    (first != second).then_some(DifferenceKind::Mode { first, second })
}

fn content(file: &FileNode) -> ContentId {
    let digest = file.digest.as_ref().map(Digest::try_from);
    ContentId(digest.and_then(Result::ok).unwrap_or(Digest::of(b"")))
}
