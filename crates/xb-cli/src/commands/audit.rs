//! `xb audit`: what results trip over, on their own architecture or on another.

use serde::Serialize;

use crate::args::AuditArgs;
use crate::audit::{Audited, audit, show, summary};
use crate::blame::{self, Blame};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::logs;
use crate::output::{print_json, say};
use crate::request::Request;
use crate::session::Session;
use crate::stores::open_store;

/// What `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    audit: &'a [Audited],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Blame>,
}

/// Runs the command.
///
/// # Errors
/// When something could not be built, or a result has what it must not have.
pub fn run(here: &Invocation, args: &AuditArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &args.wanted.targets, &args.wanted.how)?;
    let request = Request { audit: true, ..request };
    let store = open_store(&request.project.config)?;
    let graph = emit(&request)?.graph;
    if let Some(shipped) = graph.targets.iter().find(|target| target.root.is_none()) {
        return Err(Failure::user(format!("`{}` is what is shipped of a package", shipped.id.package))
            .help("name the package itself: what is audited is its result"));
    }
    let session = Session::new(here, request.project.clone(), store, request.host, args.wanted.lock)?;
    let goals: Vec<_> = graph.targets.iter().flat_map(|target| [Some(target.build), target.root]).flatten().collect();
    let realised = session.realise(&graph, &goals, &session.options(&args.wanted.work))?;
    session.progress.close();
    logs::remember(&session.store, &session.project, &graph, &realised);
    let audited = audit(&session, &graph, &realised)?;
    let failure = match realised.succeeded() {
        true => None,
        false => Some(blame::tell(&session, &graph, &realised, args.wanted.work.keep_failed)),
    };
    if args.json {
        print_json(&Json { audit: &audited, failures: blame::data(&session, &realised) })?;
    } else {
        show(&audited, args.level)?;
        if !here.is_quiet() {
            say(summary(&audited, args.level));
        }
    }
    match failure {
        Some(failure) => Err(failure),
        None if audited.iter().any(|one| one.refused) => Err(Failure::already_told()),
        None => Ok(()),
    }
}
