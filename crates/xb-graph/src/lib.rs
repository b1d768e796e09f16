//! Trees, actions and the graph of nodes: pure data with a canonical encoding.
//!
//! Two levels. The evaluator emits a [`Graph`] whose [`Node`]s name other nodes. When all inputs of
//! a [`Run`] are known trees it becomes an [`Action`](reapi::Action) whose digest covers only contents.
//!
//! Nothing here does input or output: directories are looked up through [`Directories`].

mod compose;
mod description;
mod diff;
mod directory;
mod environment;
mod graph;
mod merge;
mod method;
mod node;
pub mod reapi;
mod resolve;
mod result;
mod select;
mod target;
mod tree;

pub use compose::{COMPOSITION, ComposeError, Composed, PlacedTree, compose};
pub use description::Description;
pub use diff::{Difference, DifferenceKind, diff};
pub use directory::{Item, exists_at, subtree, tree_at};
pub use environment::{Common, Environment};
pub use graph::{Graph, Origin};
pub use merge::{Step, follow, step};
pub use method::Method;
pub use node::{
    Choice, CodeFor, Conflict, DebianRoot, Fetch, FetchKind, FileEntry, Files, Folder, Input, Layer, Limits, Node,
    NodeId, Run,
};
pub use resolve::{ActionKey, ResolvedAction, action_key, relative, resolve};
pub use result::{ActionResult, Cause};
pub use select::select;
pub use target::{PolicyRule, Target, TargetId};
pub use tree::{
    Directories, DirectoriesMut, Entry, MemoryDirectories, MissingDirectory, Unbuilt, build_tree, decode_directory,
};
