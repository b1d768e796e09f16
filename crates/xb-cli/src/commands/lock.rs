//! `xb lock`: the digests of everything that comes from outside, written down.

use xb_core::{Arch, count};
use xb_fetch::lock::Used;
use xb_graph::Method;

use crate::args::{How, LockArgs, MethodName};
use crate::emission::emit_everything;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::machines;
use crate::output::{print_line, say};
use crate::project::{LOCK_NAME, Project, Target};
use crate::request::{Request, host};
use crate::session::Session;
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When something cannot be found, or the lock must not change.
pub fn run(here: &Invocation, args: &LockArgs) -> Result<(), Failure> {
    let how = everywhere(&args.how);
    let request = match args.targets.is_empty() {
        true => Request::of_project(Project::of(&here.folder)?, &how)?,
        false => Request::new(&here.folder, &args.targets, &how)?,
    };
    let request = Request { audit: request.project.config.audit, ..request };
    let store = open_store(&request.project.config)?;
    let project = request.project.clone();
    let session = Session::new(here, project, store, host()?, args.lock)?;
    if let Some(names) = &args.update {
        let changes = session.block_on_unless_interrupted(session.sources.update(names))??;
        changes.iter().try_for_each(|(what, old, new)| print_line(format_args!("{what}: {old} -> {new}")))?;
        if changes.is_empty() && !here.is_quiet() {
            say("everything is up to date");
        }
    }
    let mut missing = 0;
    for emission in emit_everything(&request)? {
        missing += session.sources.count_missing(emission.graph.nodes().map(|(_, node)| node));
        session.complete(&emission.graph)?;
    }
    for arch in machines::made_of_software(&request.project.config) {
        let graph = machines::machine(&request.project, request.host, arch)?.graph;
        missing += session.sources.count_missing(graph.nodes().map(|(_, node)| node));
        session.complete(&graph)?;
    }
    let used = if args.lock.locked { None } else { used(&request, &how)? };
    let dropped = used.map_or(Ok(0), |used| session.sources.prune(&used))?;
    session.progress.close();
    if !here.is_quiet() {
        say(summary(missing, dropped));
    }
    Ok(())
}

fn summary(added: usize, dropped: usize) -> String {
    let part = |number: usize, what: &str| (number > 0).then(|| format!("{} {what}", count(number, "entry")));
    let parts: Vec<String> = [part(added, "added"), part(dropped, "dropped")].into_iter().flatten().collect();
    match parts.is_empty() {
        true => format!("`{LOCK_NAME}` has everything"),
        false => format!("`{LOCK_NAME}`: {}", parts.join(", ")),
    }
}

/// What the project uses of the lock, on whatever machine it is built and audited, by whatever method; none where that
/// is not known, since not all of the project was asked for, or another machine could not build it.
fn used(request: &Request, how: &How) -> Result<Option<Used>, Failure> {
    if how.method != MethodName::Auto || how.pure_emulation || !Arch::ALL.iter().all(|arch| how.arch.contains(arch)) {
        return Ok(None);
    }
    let is_asked_for =
        |all: &Target| request.targets.iter().any(|target| target.name.is_none() && target.file == all.file);
    if !Target::all(&request.project, None)?.iter().all(is_asked_for) {
        return Ok(None);
    }
    let mut used = Used::default();
    for host in Arch::ALL {
        let methods = vec![Method::Cross, Method::Emulate, Method::PureEmulate];
        let request = Request { host, methods, audit: true, ..request.clone() };
        let Ok(emissions) = emit_everything(&request) else {
            return Ok(None);
        };
        let nodes = emissions.iter().flat_map(|emission| emission.graph.nodes());
        nodes.for_each(|(_, node)| used.add(node, host));
        for arch in machines::made_of_software(&request.project.config) {
            let graph = machines::machine(&request.project, host, arch)?.graph;
            graph.nodes().for_each(|(_, node)| used.add(node, host));
        }
    }
    Ok(Some(used))
}

/// A lock serves every architecture, unless told otherwise.
fn everywhere(how: &How) -> How {
    let mut how = how.clone();
    if how.arch.is_empty() {
        how.arch = Arch::ALL.to_vec();
    }
    how
}
