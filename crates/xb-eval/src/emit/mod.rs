//! Emission: from packages that are asked for to nodes of the graph.
//!
//! For every package the standard library's `realise` makes the runs, one for each method; a choice over them
//! stands for the package wherever it is used as a tree. Packages are emitted needs first, by an explicit stack,
//! so that long chains of needs do not nest.

mod audit;
mod baseline;
mod choice;
mod describe;
mod machine;
mod needs;
mod release;
mod ship;
mod target;

pub use target::SHIPPED;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{Arch, Diagnostic, Digest, RelPath, Sources};
use xb_graph::{Common, Graph, Method, NodeId};

use crate::evaluator::Evaluator;
use crate::limits::Limits;
use crate::package::Instance;
use crate::session::Arena;
use crate::value::Value;
use crate::world::World;

pub use audit::{AUDIT_KINDS, AUDIT_LEVELS};
pub use machine::{Machine, machine};
pub use release::{Format, Release, releases};

/// What is asked for: packages of a file, for some architectures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRequest {
    /// The file.
    pub file: RelPath,
    /// The package; every one that the file defines when not given.
    pub name: Option<String>,
    /// What is made of it: what is shipped, of every one that says how when no package is named.
    pub product: Product,
    /// What the results are for.
    pub arches: Vec<Arch>,
    /// Whether it is nothing wrong when the file defines no such package.
    pub may_define_none: bool,
}

/// What is made of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Product {
    /// Its result: what lies where it is installed.
    #[default]
    Result,
    /// What is shipped, by its field `ship`.
    Shipped,
    /// The layers of an image in which all that was asked for can run: one target for each architecture.
    Image,
    /// What it is built from, as it comes: of all that its description says, only the field `source` is looked at.
    Source,
}

/// How to emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitOptions {
    /// The architecture of the building machine.
    pub host: Arch,
    /// The methods that may be used, best first.
    pub methods: Vec<Method>,
    /// Whether the targets have roots to be audited in.
    pub audit: bool,
    /// Whether the graph has what packages say about themselves.
    pub describe: bool,
    /// Limits of the evaluation.
    pub limits: Limits,
}

/// What was emitted.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The graph, with what was asked for as its targets; it holds nothing that no target needs.
    pub graph: Graph,
    /// The files of the project that were read, sorted, with the digest of what was in them: as long as they are
    /// the same, so is the graph.
    pub reads: Vec<(RelPath, Digest)>,
}

/// Why nothing was emitted.
#[derive(Clone, Debug)]
pub struct EmitFailure {
    /// One or more errors, independent of each other.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that their places point into.
    pub sources: Sources,
}

/// Evaluates what is asked for and emits its graph.
///
/// # Errors
/// Every error of every target, each once.
pub fn emit(world: &dyn World, requests: &[TargetRequest], options: &EmitOptions) -> Result<Emitted, EmitFailure> {
    let arena = Arena::new();
    let eval = Evaluator::new(&arena.0, world, options.host, options.limits);
    *eval.emission.methods.borrow_mut() = options.methods.clone();
    eval.emission.audits.set(options.audit);
    eval.emission.describes.set(options.describe);
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut targets = Vec::new();
    let mut seen = FxHashSet::default();
    for request in requests {
        eval.targets(request, |result| match result {
            Ok(target) if seen.insert((Arc::clone(&target.id.file), target.build, target.check)) => {
                targets.push(target)
            }
            Ok(_) => {}
            Err(failure) => diagnostics.extend(eval.diagnostics(failure)),
        });
    }
    let sources = eval.sources.take();
    if !diagnostics.is_empty() {
        return Err(EmitFailure { diagnostics: each_once(diagnostics), sources });
    }
    let mut reads = eval.reads.take();
    reads.sort();
    reads.dedup();
    let mut graph = eval.graph.take();
    graph.targets = targets;
    // What evaluation took is given back before the graph is worked on.
    drop(eval);
    drop(arena);
    graph.prune();
    Ok(Emitted { graph, reads })
}

/// Errors without those that only came another way to the same place.
fn each_once(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let same = |other: &Diagnostic| {
            (other.code, &other.message, &other.labels) == (diagnostic.code, &diagnostic.message, &diagnostic.labels)
        };
        if !kept.iter().any(same) {
            kept.push(diagnostic);
        }
    }
    kept
}

/// What emission remembers, by the number of the instance.
#[derive(Default)]
pub(crate) struct Emission<'v> {
    methods: RefCell<Vec<Method>>,
    audits: Cell<bool>,
    describes: Cell<bool>,
    realise: RefCell<Option<Value<'v>>>,
    emitted: RefCell<FxHashMap<u32, Emitting<'v>>>,
    staged: RefCell<FxHashMap<u32, NodeId>>,
    /// The layers by which packages lie in the roots of others.
    pub(crate) layers: RefCell<FxHashMap<u32, Value<'v>>>,
    needs: RefCell<FxHashMap<u32, &'v [&'v Instance<'v>]>>,
    names: RefCell<FxHashMap<u32, &'v [Value<'v>]>>,
    shipped: RefCell<FxHashMap<u32, &'v Instance<'v>>>,
    /// The texts of the graph, each once.
    pub(crate) texts: RefCell<FxHashSet<Arc<str>>>,
    /// What runs have as outputs, each once.
    pub(crate) outputs: RefCell<FxHashSet<Arc<BTreeMap<String, RelPath>>>>,
    /// Variables that runs have in common, by the address of the record that says them.
    pub(crate) environments: RefCell<FxHashMap<usize, Arc<Common>>>,
    /// What calls with plain data gave, by the function's address and the data.
    pub(crate) calls: RefCell<FxHashMap<Vec<u8>, Value<'v>>>,
}

/// How far a package is.
#[derive(Clone, Copy)]
enum Emitting<'v> {
    /// Its needs or its runs are being emitted.
    Running,
    Done(Realised<'v>),
}

/// The runs of a package.
#[derive(Clone, Copy)]
struct Realised<'v> {
    /// The choice over its builds.
    build: NodeId,
    /// What `realise` gave, by method.
    ways: &'v [(Method, Value<'v>)],
}
