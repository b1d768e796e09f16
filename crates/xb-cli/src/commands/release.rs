//! `xb release`: what others install from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use xb_build::Realised;
use xb_core::{Arch, count, show_time};
use xb_export::{Manifest, ManifestDifference};
use xb_graph::{Graph, Node, NodeId};

use crate::args::{How, MethodName, ReleaseArgs};
use crate::emission::{emit_release, release_of};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_bytes, print_line, say, style, styled};
use crate::project::{Target, real};
use crate::release::write::{Made, failed, layers};
use crate::release::{Plan, place, sbom, vouch};
use crate::report::{keep, results};
use crate::request::Request;
use crate::session::Session;
use crate::stores::open_store;
use crate::{blame, logs};

/// Runs the command.
///
/// # Errors
/// When something could not be built or given out, or what was built again is not what the release holds.
pub fn run(here: &Invocation, args: &ReleaseArgs) -> Result<(), Failure> {
    let began = Instant::now();
    let ask = |arch: &[Arch], method: MethodName| {
        let how = How { arch: arch.to_vec(), method, pure_emulation: false };
        Request::new(&here.folder, std::slice::from_ref(&args.target), &how)
    };
    // For which architectures it is, and so which methods there are, the release itself may say.
    let request = ask(&args.arch, MethodName::Auto)?;
    let target = one_file(&request, &args.target)?;
    let release = release_of(&request, target)?;
    let file = |key: &Option<PathBuf>| key.as_ref().map(|key| here.folder.join(key));
    let plan = Plan::of(&release, file(&args.key).as_deref(), file(&args.statement_key).as_deref())?;
    let out = here.folder.join(&args.out);
    let out = real(&out).map_err(|error| place::cannot(&out, &error))?;
    let before = if args.check { Some(existing(&out, &plan)?) } else { None };
    place::check(&out)?;
    let arches = match (args.arch.is_empty(), release.arches.is_empty()) {
        (false, _) => args.arch.clone(),
        (true, false) => release.arches.clone(),
        (true, true) => Arch::ALL.to_vec(),
    };
    let request = ask(&arches, args.method)?;
    let target = Target { name: Some(release.name.clone()), ..target.clone() };
    let graph = emit_release(&request, &target, &plan.products())?.graph;
    sbom::check(&graph)?;
    let store = open_store(&request.project.config)?;
    let session = Session::new(here, request.project.clone(), store, request.host, args.lock)?;
    let realised = realise(&session, &graph, args)?;
    session.progress.close();
    logs::remember(&session.store, &session.project, &graph, &realised);
    if !realised.succeeded() {
        return Err(blame::tell(&session, &graph, &realised, args.work.keep_failed));
    }
    let built = results(&graph, &realised, !args.no_check, &session.store)?;
    keep(&session.store, &session.project, &built)?;
    if plan.statements.is_none() && before.is_none() && !here.is_quiet() {
        say("no provenance: `--statement-key FILE` names the key that signs how artefacts were made");
    }
    let made = Made {
        store: &session.store,
        graph: &graph,
        realised: &realised,
        built: &built,
        arches: &request.arches,
        lock: session.sources.lock(),
        host: request.host,
    };
    let write = |folder: &Path| made.write(&plan, folder);
    match before {
        None => tell(here, args, &out, &plan, &place::put(&out, write)?, began),
        Some(before) => {
            let compare = |folder: &Path| {
                write(folder)?;
                before.differences(folder).map_err(|error| failed(&error))
            };
            compared(here, &plan, &place::try_out(&out, compare)?, began)
        }
    }
}

fn one_file<'a>(request: &'a Request, typed: &str) -> Result<&'a Target, Failure> {
    match &request.targets[..] {
        [target] => Ok(target),
        _ => Err(Failure::usage(format!("`{typed}` is several files, and a release is in one"))
            .help("name the file: `xb release release.xb`")),
    }
}

fn existing(out: &Path, plan: &Plan) -> Result<Manifest, Failure> {
    let manifest = place::manifest(out).ok_or_else(|| {
        Failure::user(format!("there is no release in `{}` to compare with", out.display()))
            .help("make one without `--check`, or name another folder: `--out DIR`")
    })?;
    let is_signed = manifest.files().any(|(path, _)| path.starts_with(vouch::PROVENANCE));
    if is_signed && plan.statements.is_none() {
        return Err(Failure::user(format!(
            "the release in `{}` tells how it was made, signed by a key",
            out.display()
        ))
        .help("name the same key, to compare that as well: `--statement-key FILE`"));
    }
    Ok(manifest)
}

fn realise(session: &Session, graph: &std::sync::Arc<Graph>, args: &ReleaseArgs) -> Result<Realised, Failure> {
    let builds = || graph.targets.iter().filter(|target| layers(graph, target).is_empty()).map(|target| target.build);
    let checks = graph.targets.iter().flat_map(xb_graph::Target::checks).filter(|_| !args.no_check);
    let of_images = graph.targets.iter().flat_map(|target| layers(graph, target));
    let goals: Vec<NodeId> = builds().chain(checks).chain(of_images).collect();
    let mut options = session.options(&args.work);
    if args.check {
        // Every package, every need and all that is packed: what is checked are files, and not what checks say.
        let of_checks: BTreeSet<_> = graph.targets.iter().flat_map(xb_graph::Target::checks).collect();
        let choices = graph.nodes().filter(|(id, node)| matches!(node, Node::Choice(_)) && !of_checks.contains(id));
        options.rebuild = choices.map(|(id, _)| id).collect();
    }
    session.realise(graph, &goals, &options)
}

fn tell(
    here: &Invocation,
    args: &ReleaseArgs,
    out: &Path,
    plan: &Plan,
    made: &Manifest,
    began: Instant,
) -> Result<(), Failure> {
    if args.json {
        return print_bytes(&mut &*made.json().map_err(|error| failed(&error))?);
    }
    print_line(out.display())?;
    if !here.is_quiet() {
        let files = count(made.files().count(), "file");
        let time = show_time(began.elapsed());
        say(format!("{} {} {}: {files}, {time}", styled(style::GOOD, "released"), plan.title, plan.version));
    }
    Ok(())
}

fn compared(here: &Invocation, plan: &Plan, differences: &[ManifestDifference], began: Instant) -> Result<(), Failure> {
    if differences.is_empty() {
        if !here.is_quiet() {
            let time = show_time(began.elapsed());
            say(format!("{} {} {}: built again, {time}", styled(style::GOOD, "equal"), plan.title, plan.version));
        }
        return Ok(());
    }
    differences.iter().try_for_each(|difference| match difference {
        ManifestDifference::Missing(path) => print_line(format_args!("gone    {path}")),
        ManifestDifference::Changed(path) => print_line(format_args!("changed {path}")),
        ManifestDifference::Unknown(path) => print_line(format_args!("new     {path}")),
    })?;
    Err(Failure::user(format!("the release is not what is built now: {} differ", count(differences.len(), "file")))
        .help("`xb build --rebuild` of a package tells how its result differs"))
}
