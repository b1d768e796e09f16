//! Trees, layers and runs as values: handles of nodes of the graph.

use std::cell::Cell;
use std::sync::Arc;

use xb_core::Span;
use xb_graph::{Conflict, Folder, Input, Layer, Node, NodeId, Origin};

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::value::{Base, PathValue, Value};

/// A tree that the graph will make.
pub struct TreeValue<'v> {
    pub(crate) node: TreeNode<'v>,
    pub(crate) output: &'v str,
}

/// The node of a tree.
pub(crate) enum TreeNode<'v> {
    Known(NodeId),
    /// What a package's build leaves, seen from its check: known when all its builds are.
    Built(&'v Cell<Option<NodeId>>),
}

/// A tree and how it is laid over others.
pub struct LayerValue<'v> {
    pub(crate) name: &'v str,
    pub(crate) tree: Value<'v>,
    pub(crate) at: &'v str,
    pub(crate) select: Option<&'v [&'v str]>,
    pub(crate) conflict: Conflict,
}

/// A run; its fields are its output trees.
pub struct RunValue<'v> {
    pub(crate) node: NodeId,
    pub(crate) outputs: &'v [&'v str],
}

impl<'v> Evaluator<'v> {
    /// A tree as a value.
    pub(crate) fn tree(&self, node: NodeId, output: &str) -> Value<'v> {
        let output = match output {
            "out" => "out",
            other => self.arena.alloc_str(other),
        };
        Value::Tree(self.arena.alloc(TreeValue { node: TreeNode::Known(node), output }))
    }

    pub(crate) fn run_output(&self, run: &RunValue<'v>, name: &str) -> Option<Value<'v>> {
        run.outputs.contains(&name).then(|| self.tree(run.node, name))
    }

    /// Adds a node to the graph.
    pub(crate) fn add_node(&self, node: Node, span: Span) -> NodeId {
        let origin = self.origin(span);
        self.graph.borrow_mut().add(node, origin)
    }

    /// What a tree, a path or a package gives when it is laid into a root.
    pub(crate) fn to_input(&self, value: Value<'v>, span: Span) -> Result<Input> {
        let value = self.force(value)?;
        let (node, output) = match value {
            Value::Tree(TreeValue { node: TreeNode::Known(node), output }) => (*node, *output),
            Value::Tree(TreeValue { node: TreeNode::Built(cell), output }) => match cell.get() {
                Some(node) => (node, *output),
                None => {
                    return Err(Failure::new(codes::TOO_EARLY, "the result of a build is used by the build itself")
                        .at(span, "used here")
                        .help("`request.built` is for the check"));
                }
            },
            Value::Path(path) => (self.folder(path, span)?, "out"),
            Value::Instance(instance) => (self.choice(instance, span)?, "out"),
            other => {
                return Err(Failure::new(
                    codes::NO_TREE,
                    format!("expected a tree, a path or a package, found {}", other.kind()),
                )
                .at(span, format!("this is {}", self.glimpse(other))));
            }
        };
        Ok(Input { node, output: self.shared(output) })
    }

    fn folder(&self, path: &PathValue<'v>, span: Span) -> Result<NodeId> {
        if path.base == Base::Std {
            return Err(Failure::new(codes::NO_TREE, "a file of std is not a tree").at(span, "used here"));
        }
        let patterns = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let node = Node::Folder(Box::new(Folder {
            path: xb_core::RelPath::normalise(path.path).unwrap_or_default(),
            only: patterns(path.only),
            except: patterns(path.except),
        }));
        Ok(self.add_node(node, span))
    }

    /// A layer of the graph from a layer, or from a tree that is laid as it is.
    pub(crate) fn to_layer(&self, value: Value<'v>, span: Span) -> Result<Layer> {
        let value = self.force(value)?;
        let Value::Layer(layer) = value else {
            let name = match value {
                Value::Instance(instance) => format!("{} ({})", instance.package.code.title, instance.arch),
                Value::Path(path) => crate::print::path_text(path),
                _ => "a tree".to_owned(),
            };
            return Ok(Layer {
                input: self.to_input(value, span)?,
                at: xb_core::RelPath::root(),
                select: None,
                conflict: Conflict::Refuse,
                name: self.shared(&name),
            });
        };
        Ok(Layer {
            input: self.to_input(layer.tree, span)?,
            at: xb_core::RelPath::normalise(layer.at)
                .map_err(|error| Failure::new(codes::PRIMITIVE, error.to_string()).at(span, "the place of a layer"))?,
            select: layer.select.map(|patterns| patterns.iter().map(|&pattern| pattern.to_owned()).collect()),
            conflict: layer.conflict,
            name: self.shared(layer.name),
        })
    }

    /// A text of the graph, each once in memory.
    pub(crate) fn shared(&self, text: &str) -> Arc<str> {
        let mut texts = self.emission.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        texts.insert(Arc::clone(&text));
        text
    }

    /// `curl.xb:4`, for a person.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        if span == NOWHERE {
            return Origin::default();
        }
        let sources = self.sources.borrow();
        let file = sources.get(span.file).map(|file| Arc::clone(&file.name)).unwrap_or_default();
        Origin { file, line: u32::try_from(self.lines.line(&sources, span)).unwrap_or(u32::MAX) }
    }
}
