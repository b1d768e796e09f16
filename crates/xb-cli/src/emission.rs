//! From a request to the graph: the evaluator, called with the project as its world.

use std::sync::Arc;

use xb_core::{Digest, RelPath};
use xb_eval::{EmitOptions, Emitted, Limits, TargetRequest};
use xb_graph::Graph;

use crate::failure::Failure;
use crate::project::{EvalLimits, ProjectWorld};
use crate::request::Request;

/// The graph of a request, and what it was made from.
pub struct Emission {
    /// The graph.
    pub graph: Arc<Graph>,
    /// The files of the project that were read, and what they held.
    pub reads: Vec<(RelPath, Digest)>,
}

/// Evaluates what is asked for.
///
/// # Errors
/// What is wrong with the descriptions.
pub fn emit(request: &Request) -> Result<Emission, Failure> {
    let world = ProjectWorld::new(&request.project.folder);
    let targets: Vec<_> = request
        .targets
        .iter()
        .map(|target| TargetRequest {
            file: target.file.clone(),
            name: target.name.clone(),
            arches: request.arches.clone(),
            may_define_none: target.among_all,
        })
        .collect();
    let options = EmitOptions {
        host: request.host,
        methods: request.methods.clone(),
        limits: limits(&request.project.config.limits),
    };
    let emitted = xb_eval::emit(&world, &targets, &options);
    let Emitted { graph, reads } = emitted.map_err(|failed| Failure::findings(failed.sources, failed.diagnostics))?;
    if graph.targets.is_empty() {
        let folder = request.project.folder.display();
        return Err(Failure::user(format!("no file of `{folder}` defines what was asked for"))
            .help(format!("`xb init {folder}/hello` begins a package there")));
    }
    Ok(Emission { graph: Arc::new(graph), reads })
}

/// The evaluator's limits, as far as `xb.toml` changes them.
pub fn limits(given: &EvalLimits) -> Limits {
    let default = Limits::default();
    let number = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
    Limits {
        depth: given.depth.and_then(|depth| u32::try_from(depth).ok()).unwrap_or(default.depth),
        steps: given.steps.unwrap_or(default.steps),
        memory: number(given.memory).unwrap_or(default.memory),
    }
}
