//! One tree laid over another, touching only what they share.
//!
//! The result is two trees: the whole, and the upper layer as it must be mounted over the lower ones so that
//! overlayfs shows exactly the whole. They differ from what went in where
//!
//! - the upper layer has a directory where the lower one has a symbolic link to a directory (`bin` to `usr/bin`):
//!   what lies beneath *lands* where the link leads to, as it would if it were copied to a running system;
//! - the lower directory has mode bits and the upper one says nothing: overlayfs shows the upper's, so it gets them.

use std::collections::VecDeque;

use xb_core::{Digest, RelPath, TreeId};

use crate::directory::{Item, subtree, tree_at};
use crate::node::Conflict;
use crate::reapi::{Directory, NodeProperties};
use crate::tree::{Directories, DirectoriesMut, MissingDirectory};

/// As many links on the way to one directory as Linux follows.
const MOST_LINKS: usize = 40;

/// So many directories of one tree land elsewhere; of real ones, a handful does.
const MOST_LANDINGS: usize = 4096;

/// Two trees laid over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    /// Both.
    pub whole: TreeId,
    /// The upper one, as it must be mounted.
    pub layer: TreeId,
}

/// Why two trees cannot be laid over each other.
#[derive(Debug)]
pub(crate) enum MergeError {
    /// They have different things at a path.
    Conflict { path: RelPath, how: String },
    /// A directory is missing.
    Missing(MissingDirectory),
}

impl From<MissingDirectory> for MergeError {
    fn from(missing: MissingDirectory) -> Self {
        Self::Missing(missing)
    }
}

/// Lays `upper` over `lower`.
pub(crate) fn merge<D: DirectoriesMut + ?Sized>(
    lower: TreeId,
    upper: TreeId,
    conflict: Conflict,
    store: &D,
) -> Result<Merged, MergeError> {
    Landing { conflict, store, left: MOST_LANDINGS }.merge(lower, upper, 0)
}

/// Two trees laid over each other, and what of the upper one has to land elsewhere for that.
struct Landing<'a, D: ?Sized> {
    conflict: Conflict,
    store: &'a D,
    /// How many directories may still land. What landed may meet further links, and links of both trees may lead to each
    /// other's directories, round and round.
    left: usize,
}

impl<D: DirectoriesMut + ?Sized> Landing<'_, D> {
    fn merge(&mut self, lower: TreeId, mut upper: TreeId, depth: usize) -> Result<Merged, MergeError> {
        loop {
            let mut pass = Pass { root: lower, conflict: self.conflict, store: self.store, moves: Vec::new() };
            let merged = pass.trees(lower, upper, &RelPath::root())?;
            if pass.moves.is_empty() {
                return Ok(merged);
            }
            for (from, to) in pass.moves {
                if self.left == 0 || depth == MOST_LINKS {
                    let how = format!("the directory would land at `/{to}`, and what links do there has no end");
                    return Err(MergeError::Conflict { path: from, how });
                }
                self.left -= 1;
                upper = self.land(upper, &from, &to, depth)?;
            }
        }
    }

    /// Moves a directory of `layer` to another path of it.
    fn land(&mut self, layer: TreeId, from: &RelPath, to: &RelPath, depth: usize) -> Result<TreeId, MergeError> {
        let Some(moved) = tree_at(layer, from, self.store)? else {
            return Ok(layer);
        };
        let rest = without(layer, from, self.store)?;
        let placed = place(moved, to, self.store)?;
        Ok(self.merge(rest, placed, depth + 1)?.whole)
    }
}

/// `tree` without what lies at `path`.
fn without<D: DirectoriesMut + ?Sized>(tree: TreeId, path: &RelPath, store: &D) -> Result<TreeId, MissingDirectory> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
        return store.add_directory(Directory::default());
    };
    let Some(folder) = tree_at(tree, &parent, store)? else {
        return Ok(tree);
    };
    let mut directory = Directory::clone(&*store.directory(folder)?);
    directory.take(name);
    replace_at(tree, &parent, store.add_directory(directory)?, store)
}

/// `tree` with another tree in the place of the directory at `path`.
fn replace_at<D: DirectoriesMut + ?Sized>(
    tree: TreeId,
    path: &RelPath,
    new: TreeId,
    store: &D,
) -> Result<TreeId, MissingDirectory> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
        return Ok(new);
    };
    let Some(folder) = tree_at(tree, &parent, store)? else {
        return Ok(tree);
    };
    let mut directory = Directory::clone(&*store.directory(folder)?);
    directory.put_directory(name, new);
    replace_at(tree, &parent, store.add_directory(directory)?, store)
}

/// The tree that has `tree` at `at`, and nothing else.
pub(crate) fn place<D: DirectoriesMut + ?Sized>(
    tree: TreeId,
    at: &RelPath,
    store: &D,
) -> Result<TreeId, MissingDirectory> {
    at.components().rev().try_fold(tree, |tree, name| {
        let mut directory = Directory::default();
        directory.put_directory(name, tree);
        store.add_directory(directory)
    })
}

/// One walk over what two trees share.
struct Pass<'a, D: ?Sized> {
    root: TreeId,
    conflict: Conflict,
    store: &'a D,
    /// Directories of the upper tree that meet a link, and where the link leads to.
    moves: Vec<(RelPath, RelPath)>,
}

impl<D: DirectoriesMut + ?Sized> Pass<'_, D> {
    fn trees(&mut self, lower: TreeId, upper: TreeId, at: &RelPath) -> Result<Merged, MergeError> {
        if lower == upper || lower.0 == Digest::of(b"") {
            return Ok(Merged { whole: upper, layer: upper });
        }
        let (below, above) = (self.store.directory(lower)?, self.store.directory(upper)?);
        let mut whole = Directory::clone(&below);
        let mut layer = Directory::clone(&above);
        let properties = self.properties(&below, &above, at)?;
        whole.node_properties.clone_from(&properties);
        layer.node_properties = properties;
        for item in above.items() {
            self.item(&below, item, at, &mut whole, &mut layer)?;
        }
        Ok(Merged { whole: self.changed(lower, &below, whole)?, layer: self.changed(upper, &above, layer)? })
    }

    fn item(
        &mut self,
        below: &Directory,
        item: Item<'_>,
        at: &RelPath,
        whole: &mut Directory,
        layer: &mut Directory,
    ) -> Result<(), MergeError> {
        let Some(other) = below.item(item.name()) else {
            whole.put(item);
            return Ok(());
        };
        if other == item {
            return Ok(());
        }
        let path = child(at, item.name())?;
        match (other, item) {
            (Item::Directory(lower), Item::Directory(upper)) => {
                let merged = self.trees(subtree(lower)?, subtree(upper)?, &path)?;
                whole.put_directory(item.name(), merged.whole);
                layer.put_directory(item.name(), merged.layer);
                return Ok(());
            }
            (Item::Symlink(link), Item::Directory(_)) => {
                let look = |path: &RelPath| step(self.root, path, self.store);
                if let Some(to) = follow(at, &link.target, look)? {
                    self.moves.push((path, to));
                    return Ok(());
                }
            }
            _ => {}
        }
        self.decide(&path, || difference(other, item))?;
        whole.put(item);
        Ok(())
    }

    /// The mode bits of a directory that both have; one without mode bits says nothing about them.
    fn properties(
        &self,
        below: &Directory,
        above: &Directory,
        at: &RelPath,
    ) -> Result<Option<NodeProperties>, MergeError> {
        match (&below.node_properties, &above.node_properties) {
            (lower, None) => Ok(lower.clone()),
            (Some(lower), Some(upper)) if lower != upper => {
                self.decide(at, || "their mode bits differ".to_owned())?;
                Ok(Some(upper.clone()))
            }
            (_, upper) => Ok(upper.clone()),
        }
    }

    fn decide(&self, path: &RelPath, how: impl FnOnce() -> String) -> Result<(), MergeError> {
        match self.conflict {
            Conflict::Replace => Ok(()),
            Conflict::Refuse => Err(MergeError::Conflict { path: path.clone(), how: how() }),
        }
    }

    fn changed(&self, old: TreeId, was: &Directory, now: Directory) -> Result<TreeId, MissingDirectory> {
        if *was == now { Ok(old) } else { self.store.add_directory(now) }
    }
}

fn child(at: &RelPath, name: &str) -> Result<RelPath, MissingDirectory> {
    at.join(name).map_err(|error| MissingDirectory {
        id: TreeId(Digest::of(b"")),
        reason: format!("a directory has the name {error}"),
    })
}

fn difference(lower: Item<'_>, upper: Item<'_>) -> String {
    match (lower, upper) {
        (Item::File(a), Item::File(b)) if a.digest != b.digest => "their contents differ".into(),
        (Item::File(_), Item::File(_)) => "their mode bits differ".into(),
        (Item::Symlink(a), Item::Symlink(b)) => {
            format!("the links lead to `{}` and to `{}`", a.target, b.target)
        }
        (Item::Symlink(link), Item::Directory(_)) => {
            format!("a symbolic link to `{}`, which leads to no directory, and a directory", link.target)
        }
        _ => format!("{} and {}", lower.kind(), upper.kind()),
    }
}

/// What lies at a path, for who follows links along it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What a path can go on through.
    Into,
    /// A symbolic link, and where it points to.
    Link(String),
    /// Nothing that a path can lead to.
    Nowhere,
}

/// Where `target` leads in the directory `from`, as a path without links; `look` says what lies at such a path.
///
/// Links are followed wherever they are on the way, so that `..` leaves the directory that was really reached, and
/// never the root. None when it leads nowhere, or over more links than Linux follows.
///
/// # Errors
/// When `look` fails.
pub fn follow<E>(
    from: &RelPath,
    target: &str,
    mut look: impl FnMut(&RelPath) -> Result<Step, E>,
) -> Result<Option<RelPath>, E> {
    let mut at = from.clone();
    let mut ahead = VecDeque::new();
    enqueue(target, &mut at, &mut ahead);
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            at = at.parent().unwrap_or_default();
            continue;
        }
        let Ok(next) = at.join(&part) else {
            return Ok(None);
        };
        match look(&next)? {
            Step::Into => at = next,
            Step::Link(target) if links < MOST_LINKS => {
                links += 1;
                enqueue(&target, &mut at, &mut ahead);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn enqueue(target: &str, at: &mut RelPath, ahead: &mut VecDeque<String>) {
    if target.starts_with('/') {
        *at = RelPath::root();
    }
    for part in target.rsplit('/') {
        if !matches!(part, "" | ".") {
            ahead.push_front(part.to_owned());
        }
    }
}

/// What lies at a path of a tree without links, for [`follow`]: only directories can be gone through.
///
/// # Errors
/// When a directory is not in the store.
pub fn step<D: Directories + ?Sized>(root: TreeId, path: &RelPath, store: &D) -> Result<Step, MissingDirectory> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
        return Ok(Step::Into);
    };
    let Some(folder) = tree_at(root, &parent, store)? else {
        return Ok(Step::Nowhere);
    };
    Ok(match store.directory(folder)?.item(name) {
        Some(Item::Directory(_)) => Step::Into,
        Some(Item::Symlink(link)) => Step::Link(link.target.clone()),
        _ => Step::Nowhere,
    })
}
