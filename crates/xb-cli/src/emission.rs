//! From a request to the graph: the evaluator, called with the project as its world.

use std::collections::BTreeSet;
use std::sync::Arc;

use xb_core::{Digest, RelPath, first, nearest};
use xb_eval::{EmitOptions, Emitted, Limits, Product, Release, SHIPPED, TargetRequest};
use xb_graph::Graph;

use crate::failure::Failure;
use crate::project::{EvalLimits, ProjectWorld, Target};
use crate::request::Request;

/// The graph of a request, and what it was made from.
pub struct Emission {
    /// The graph.
    pub graph: Arc<Graph>,
    /// The files of the project that were read, and what they held.
    pub reads: Vec<(RelPath, Digest)>,
}

/// No more packages than this are listed where another one was asked for.
const MOST_LISTED: usize = 8;

/// Evaluates what is asked for.
///
/// # Errors
/// What is wrong with the descriptions, or that none defines what is asked for.
pub fn emit(request: &Request) -> Result<Emission, Failure> {
    let emission = evaluate(request, &request.targets)?;
    let asked_for: BTreeSet<&str> = among_all(request).filter_map(|target| target.name.as_deref()).collect();
    if let Some(name) = asked_for.into_iter().find(|name| !is_defined(request, &emission.graph, name)) {
        return Err(undefined(request, name));
    }
    if emission.graph.targets.is_empty() {
        let folder = request.project.folder.display();
        return Err(Failure::user(format!("no `.xb` file in `{folder}` defines a package"))
            .help(format!("`xb init {folder}/hello` begins one")));
    }
    Ok(emission)
}

/// What is asked for as far as it can be evaluated, and the files that cannot be, each with the reason; no graph where
/// what is left cannot be, either.
pub fn emit_apart(request: &Request) -> (Result<Emission, Failure>, Vec<(Target, Failure)>) {
    if let Ok(emission) = emit(request) {
        return (Ok(emission), Vec::new());
    }
    let alone = |target: &Target| evaluate(request, std::slice::from_ref(target)).err();
    let (mut whole, mut broken) = (Vec::new(), Vec::new());
    for target in &request.targets {
        match alone(target) {
            None => whole.push(target.clone()),
            Some(failure) => broken.push((target.clone(), failure)),
        }
    }
    if whole.is_empty()
        && let Some((_, failure)) = broken.pop()
    {
        return (Err(failure), broken);
    }
    (emit(&Request { targets: whole, ..request.clone() }), broken)
}

/// The graphs of all that can be made of a request: results, what is shipped, the images of releases.
///
/// # Errors
/// What is wrong with the descriptions, or that none defines what is asked for.
pub fn emit_everything(request: &Request) -> Result<Vec<Emission>, Failure> {
    let targets: Vec<_> = request.targets.iter().map(|target| Target { among_all: true, ..target.clone() }).collect();
    let shipped = evaluate(&Request { product: Product::Shipped, ..request.clone() }, &targets)?;
    let mut emissions = vec![emit(request)?, shipped];
    for target in &targets {
        for release in releases(request, target)? {
            if release.formats.iter().any(|format| format.name == "oci") {
                let arches = if release.arches.is_empty() { request.arches.clone() } else { release.arches };
                let target = Target { name: Some(release.name), ..target.clone() };
                emissions.push(emit_release(&Request { arches, ..request.clone() }, &target, &[Product::Image])?);
            }
        }
    }
    Ok(emissions)
}

fn releases(request: &Request, target: &Target) -> Result<Vec<Release>, Failure> {
    let world = ProjectWorld::new(&request.project.folder);
    let limits = limits(&request.project.config.limits);
    xb_eval::releases(&world, &target.file, target.name.as_deref(), request.host, limits)
        .map_err(|failed| Failure::findings(failed.sources, failed.diagnostics))
}

/// What a release of a file says: the one that is named, or the only one.
///
/// # Errors
/// When there is none, or what is wrong with it.
pub fn release_of(request: &Request, target: &Target) -> Result<Release, Failure> {
    let mut found = releases(request, target)?;
    let file = &target.file;
    match (found.pop(), &found[..]) {
        (Some(release), []) => Ok(release),
        (Some(release), others) => {
            let names = others.iter().chain([&release]).map(|release| release.name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            Err(Failure::user(format!("`{file}` defines several releases: {names}"))
                .help(format!("name one of them: `{file}:{}`", release.name)))
        }
        (None, _) => {
            let name = target.name.iter().map(|name| format!(" `{name}`")).collect::<String>();
            Err(Failure::user(format!("`{file}` defines no release{name}"))
                .help("write `release name { packages = [...], arches = [amd64, arm64], formats = [deb] }`"))
        }
    }
}

/// The graph of all that is made of the packages of a release, with what they say about themselves.
///
/// # Errors
/// What is wrong with the descriptions.
pub fn emit_release(request: &Request, target: &Target, products: &[Product]) -> Result<Emission, Failure> {
    evaluate_all(request, products.iter().map(|product| (target, *product)), true)
}

/// The targets that may define nothing, each on its own.
fn among_all(request: &Request) -> impl Iterator<Item = &Target> {
    request.targets.iter().filter(|target| target.among_all)
}

/// Whether any file of the project defines what it was asked for by name, a package of this name or of another.
fn is_defined(request: &Request, graph: &Graph, name: &str) -> bool {
    if graph.targets.iter().any(|target| name_of(target) == name) {
        return true;
    }
    let of_name: Vec<_> = among_all(request).filter(|target| target.name.as_deref() == Some(name)).cloned().collect();
    evaluate(request, &of_name).is_ok_and(|emission| !emission.graph.targets.is_empty())
}

/// A package's name as the language has it.
fn name_of(target: &xb_graph::Target) -> String {
    target.id.package.replace('-', "_")
}

fn undefined(request: &Request, name: &str) -> Failure {
    let folder = request.project.folder.display();
    let failure = Failure::user(format!("no file of `{folder}` defines `{name}`"));
    let all: Vec<_> = among_all(request).map(|target| Target { name: None, ..target.clone() }).collect();
    let names: BTreeSet<String> = match evaluate(request, &all) {
        Ok(emission) => emission.graph.targets.iter().map(name_of).collect(),
        Err(_) => return failure,
    };
    if names.is_empty() {
        return failure.note("no file there defines a package");
    }
    let failure = failure.note(format!("the packages there are {}", first(&names, MOST_LISTED)));
    match nearest(name, names.iter().map(String::as_str)) {
        Some(meant) => failure.help(format!("did you mean `:{meant}`?")),
        None => failure,
    }
}

fn evaluate(request: &Request, targets: &[Target]) -> Result<Emission, Failure> {
    let is_shipped = |target: &Target| target.name.as_deref().is_some_and(|name| name.ends_with(SHIPPED));
    let product = |target: &Target| if is_shipped(target) { Product::Shipped } else { request.product };
    evaluate_all(request, targets.iter().map(|target| (target, product(target))), false)
}

fn evaluate_all<'a>(
    request: &Request,
    targets: impl Iterator<Item = (&'a Target, Product)>,
    describe: bool,
) -> Result<Emission, Failure> {
    let world = ProjectWorld::new(&request.project.folder);
    let targets: Vec<_> = targets
        .map(|(target, product)| TargetRequest {
            file: target.file.clone(),
            name: target.name.as_deref().map(|name| name.strip_suffix(SHIPPED).unwrap_or(name).to_owned()),
            product,
            arches: request.arches.clone(),
            may_define_none: target.among_all,
        })
        .collect();
    let options = EmitOptions {
        host: request.host,
        methods: request.methods.clone(),
        audit: request.audit,
        describe,
        limits: limits(&request.project.config.limits),
    };
    let emitted = xb_eval::emit(&world, &targets, &options);
    let Emitted { graph, reads } = emitted.map_err(|failed| Failure::findings(failed.sources, failed.diagnostics))?;
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
