//! Trees that are known, and trees that can be had when somebody needs them.
//!
//! What a `Compose` or `Files` node stands for follows from its inputs alone, so it is named by a key over them and
//! made only when a run without a result needs it. A build with nothing to do makes none.
//!
//! Invariant: parts with equal keys are equal trees. The reverse does not hold: two ways to one tree have two keys,
//! which is why results are cached by the resolved action and the key only leads there.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use xb_core::{Digest, TreeId};
use xb_graph::{
    COMPOSITION, Composed, Conflict, Entry, FileEntry, Files, Graph, Layer, Node, NodeId, Run, Unbuilt, build_tree,
    compose,
};
use xb_store::Contents;

use crate::failure::Why;

/// A tree, or how it is made.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Tree(TreeId),
    Made(Arc<Made>),
}

/// A tree that is made when it is needed, once.
#[derive(Debug)]
pub(crate) struct Made {
    key: Digest,
    node: NodeId,
    /// What its layers are, for a `Compose` or the root of a `Run`; nothing for `Files`.
    parts: Vec<Part>,
    made: OnceLock<Result<Arc<Composed>, Why>>,
}

impl Part {
    fn key(&self) -> Digest {
        match self {
            Self::Tree(tree) => tree.0,
            Self::Made(made) => made.key,
        }
    }

    /// The tree, if it is known by now.
    pub fn tree(&self) -> Option<TreeId> {
        match self {
            Self::Tree(tree) => Some(*tree),
            Self::Made(made) => Some(made.made.get()?.as_ref().ok()?.merged),
        }
    }

    /// The tree, made when need be.
    pub fn make(&self, graph: &Graph, contents: &dyn Contents) -> Result<TreeId, Why> {
        match self {
            Self::Tree(tree) => Ok(*tree),
            Self::Made(made) => Ok(make(made, graph, contents)?.merged),
        }
    }
}

impl Made {
    /// The tree of a `Files` node.
    pub fn files(node: NodeId, files: &Files) -> Arc<Self> {
        Self::new(node, files_key(files), Vec::new())
    }

    /// The tree of layers, whose parts are given in their order.
    pub fn layers(node: NodeId, layers: &[Layer], parts: Vec<Part>) -> Arc<Self> {
        Self::new(node, layers_key(layers, parts.iter().map(Part::key)), parts)
    }

    fn new(node: NodeId, key: Digest, parts: Vec<Part>) -> Arc<Self> {
        Arc::new(Self { key, node, parts, made: OnceLock::new() })
    }

    /// What stands for the tree as long as it is not made.
    pub fn stand_in(&self) -> TreeId {
        TreeId(self.key)
    }
}

/// Makes a tree and everything that it is made of, innermost first: a long chain needs no deep stack.
pub(crate) fn make(made: &Arc<Made>, graph: &Graph, contents: &dyn Contents) -> Result<Arc<Composed>, Why> {
    let mut stack = vec![(Arc::clone(made), false)];
    while let Some((next, inner_done)) = stack.pop() {
        if next.made.get().is_some() {
            continue;
        }
        if inner_done {
            next.made.get_or_init(|| make_one(&next, graph, contents));
            continue;
        }
        let inner = next.parts.iter().filter_map(|part| match part {
            Part::Made(inner) if inner.made.get().is_none() => Some((Arc::clone(inner), false)),
            _ => None,
        });
        let inner: Vec<_> = inner.collect();
        stack.push((next, true));
        stack.extend(inner);
    }
    made.made.get_or_init(|| make_one(made, graph, contents)).clone()
}

fn make_one(made: &Made, graph: &Graph, contents: &dyn Contents) -> Result<Arc<Composed>, Why> {
    let layers = match graph.node(made.node) {
        Node::Files(files) => return make_files(files, contents),
        Node::Compose { layers } => layers,
        Node::Run(run) => &run.root,
        _ => return Err(Why::Bug("only composed trees are made here".to_owned())),
    };
    let placed = layers.iter().zip(&made.parts).map(|(layer, part)| {
        let tree = match part {
            Part::Tree(tree) => Ok(*tree),
            Part::Made(inner) => match inner.made.get() {
                Some(Ok(composed)) => Ok(composed.merged),
                Some(Err(why)) => Err(why.clone()),
                None => Err(Why::Bug("a part is composed before its parts".to_owned())),
            },
        };
        Ok(layer.placed(tree?))
    });
    let placed = placed.collect::<Result<Vec<_>, Why>>()?;
    let composed = compose(&placed, contents).map_err(|error| Why::Compose(error.to_string()))?;
    Ok(Arc::new(composed))
}

fn make_files(files: &Files, contents: &dyn Contents) -> Result<Arc<Composed>, Why> {
    let mut root = Unbuilt::default();
    for (path, entry) in &files.entries {
        let entry = match entry {
            FileEntry::Directory => Entry::Directory { mode: None },
            FileEntry::Symlink { target } => Entry::Symlink { target: target.clone() },
            FileEntry::File { text, executable } => Entry::File {
                content: contents.add_content(&mut text.as_bytes()).map_err(|error| Why::Store(error.to_string()))?,
                executable: *executable,
                mode: None,
            },
        };
        root.put(path, entry);
    }
    let tree = build_tree(root, contents).map_err(|error| Why::Store(error.to_string()))?;
    Ok(Arc::new(Composed { merged: tree, layers: vec![tree] }))
}

/// The parts of a run: its root, and its emulator.
#[derive(Clone, Debug)]
pub(crate) struct RunParts {
    pub root: Arc<Made>,
    pub emulator: Option<Part>,
}

impl RunParts {
    pub fn new(node: NodeId, run: &Run, layers: Vec<Part>, emulator: Option<Part>) -> Self {
        Self { root: Made::layers(node, &run.root, layers), emulator }
    }
}

/// What a node left.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A tree for each output.
    Trees(Arc<BTreeMap<String, TreeId>>),
    /// One tree, as `out`.
    Out(Part),
}

impl Value {
    pub fn output(&self, name: &str) -> Option<Part> {
        match self {
            Self::Trees(trees) => trees.get(name).copied().map(Part::Tree),
            Self::Out(part) => (name == "out").then(|| part.clone()),
        }
    }
}

/// A key under construction; every field is preceded by its length, so that no two sequences read the same.
struct Key(Vec<u8>);

impl Key {
    fn field(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u64).to_le_bytes());
        self.0.extend(bytes);
    }

    fn digest(&mut self, digest: Digest) {
        self.0.extend(digest.hash());
        self.0.extend(digest.size().to_le_bytes());
    }
}

/// The key of layers over those of their parts.
pub(crate) fn layers_key(layers: &[Layer], parts: impl Iterator<Item = Digest>) -> Digest {
    let mut key = Key(b"layers".to_vec());
    key.field(COMPOSITION.as_bytes());
    for (layer, part) in layers.iter().zip(parts) {
        key.digest(part);
        key.field(layer.at.as_str().as_bytes());
        key.0.push(match layer.conflict {
            Conflict::Refuse => 0,
            Conflict::Replace => 1,
        });
        let select = layer.select.as_deref();
        key.field(&[u8::from(select.is_some())]);
        let patterns = select.unwrap_or_default();
        key.field(&(patterns.len() as u64).to_le_bytes());
        for pattern in patterns {
            key.field(pattern.as_bytes());
        }
    }
    Digest::of(&key.0)
}

/// The key of files, which are their own description.
pub(crate) fn files_key(files: &Files) -> Digest {
    let mut key = Key(b"files".to_vec());
    for (path, entry) in &files.entries {
        key.field(path.as_str().as_bytes());
        match entry {
            FileEntry::File { text, executable } => {
                key.field(&[b'f', u8::from(*executable)]);
                key.field(text.as_bytes());
            }
            FileEntry::Symlink { target } => {
                key.field(b"l");
                key.field(target.as_bytes());
            }
            FileEntry::Directory => key.field(b"d"),
        }
    }
    Digest::of(&key.0)
}
