//! Laying trees over each other: the root of an action, and what several packages install together.
//!
//! The merged tree and the layers say the same thing twice: mounting the layers by overlayfs, from the lowest to the
//! uppermost, shows exactly the merged tree. A layer that adds nothing is left out.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use xb_core::{RelPath, TreeId};

use crate::directory::exists_at;
use crate::merge::{MergeError, merge, place};
use crate::node::{Conflict, Layer};
use crate::reapi::Directory;
use crate::select::select;
use crate::tree::{DirectoriesMut, MissingDirectory};

/// The way in which trees are laid over each other: it changes when [`compose`] gives another tree than it gave for the
/// same layers, so that nobody takes what was remembered of the old one for the new.
pub const COMPOSITION: &str = "composition-1";

/// A tree, where it comes to lie, and how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedTree {
    /// The tree.
    pub tree: TreeId,
    /// Where its root comes to lie.
    pub at: RelPath,
    /// When given: only what matches one of these patterns.
    pub select: Option<Vec<String>>,
    /// What happens where a layer below differs.
    pub conflict: Conflict,
    /// The name in errors.
    pub name: Arc<str>,
}

impl Layer {
    /// The layer with the tree that its input turned out to be.
    pub fn placed(&self, tree: TreeId) -> PlacedTree {
        let Self { at, select, conflict, name, .. } = self;
        PlacedTree { tree, at: at.clone(), select: select.clone(), conflict: *conflict, name: name.clone() }
    }
}

/// What [`compose`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// All layers in one tree: the action's input root.
    pub merged: TreeId,
    /// The layers one by one, selected and placed, each a tree from the root: what a sandbox mounts.
    pub layers: Vec<TreeId>,
}

/// Why trees could not be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Two layers have different things at one path.
    #[error("`{first}` and `{second}` both have `/{path}`, and they differ: {how}")]
    Conflict {
        /// The path.
        path: RelPath,
        /// The lower layer.
        first: String,
        /// The upper layer.
        second: String,
        /// In what they differ.
        how: String,
    },
    /// A pattern that cannot be read.
    #[error("`{pattern}` is not a pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A directory is missing.
    #[error(transparent)]
    Missing(#[from] MissingDirectory),
}

/// Lays `layers` over each other, from the lowest to the uppermost.
///
/// Equal entries are fine, and two directories become one. Where anything else differs, the upper layer's
/// [`Conflict`] decides. A directory over a symbolic link to a directory is laid where the link leads to; a
/// directory that gives no mode bits leaves those that are there.
///
/// # Errors
/// See [`ComposeError`].
pub fn compose(layers: &[PlacedTree], store: &(impl DirectoriesMut + ?Sized)) -> Result<Composed, ComposeError> {
    let empty = store.add_directory(Directory::default())?;
    let mut composed = Composed { merged: empty, layers: Vec::new() };
    let mut names = Vec::new();
    let mut selected = FxHashMap::default();
    for layer in layers {
        let tree = match &layer.select {
            None => layer.tree,
            Some(patterns) => match selected.get(&(layer.tree, patterns)) {
                Some(tree) => *tree,
                None => {
                    let tree = select(layer.tree, patterns, store)?;
                    selected.insert((layer.tree, patterns), tree);
                    tree
                }
            },
        };
        if tree == empty && layer.at.is_root() {
            continue;
        }
        let placed = place(tree, &layer.at, store)?;
        let merged = merge(composed.merged, placed, layer.conflict, store)
            .map_err(|error| named(error, &composed.layers, &names, layer, store))?;
        if merged.whole != composed.merged {
            composed.merged = merged.whole;
            composed.layers.push(merged.layer);
            names.push(Arc::clone(&layer.name));
        }
    }
    Ok(composed)
}

/// Finds out which of the layers below the conflict is with: the uppermost one that has the path.
fn named(
    error: MergeError,
    below: &[TreeId],
    names: &[Arc<str>],
    layer: &PlacedTree,
    store: &(impl DirectoriesMut + ?Sized),
) -> ComposeError {
    let (path, how) = match error {
        MergeError::Missing(missing) => return missing.into(),
        MergeError::Conflict { path, how } => (path, how),
    };
    let mut first = &layer.name;
    for (tree, name) in below.iter().zip(names).rev() {
        match exists_at(*tree, &path, store) {
            Err(missing) => return missing.into(),
            Ok(false) => {}
            Ok(true) => {
                first = name;
                break;
            }
        }
    }
    ComposeError::Conflict { path, first: first.to_string(), second: layer.name.to_string(), how }
}
