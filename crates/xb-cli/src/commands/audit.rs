//! `xb audit`: what results trip over, on their own architecture or on another.

use serde::Serialize;
use xb_build::Options;

use crate::args::{AuditArgs, How};
use crate::audit::{Audited, Looked, judge, look, show, summary};
use crate::blame::{self, Blame};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::logs;
use crate::methods;
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

/// What was looked at, and what could not be built.
#[derive(Default)]
struct Seen {
    looked: Vec<Looked>,
    blame: Vec<Blame>,
    why: Option<Failure>,
}

/// Runs the command.
///
/// # Errors
/// When something could not be built, or a result has what it must not have.
pub fn run(here: &Invocation, args: &AuditArgs) -> Result<(), Failure> {
    let requests = requests(here, args)?;
    let Some(first) = requests.first() else {
        return Ok(());
    };
    let store = open_store(&first.project.config)?;
    let mut seen = Seen::default();
    for request in &requests {
        let session = Session::new(here, request.project.clone(), store.clone(), request.host, args.wanted.lock)?;
        let session = session.shared(args.wanted.lock.offline)?;
        build(&session, request, args, &mut seen)?;
        if seen.why.is_some() && !args.wanted.work.keep_going {
            break;
        }
    }
    let audited = judge(&store, seen.looked)?;
    if args.json {
        print_json(&Json { audit: &audited, failures: seen.blame })?;
    } else {
        show(&audited, args.level)?;
        if !here.is_quiet() {
            say(summary(&audited, args.level));
        }
    }
    match seen.why {
        Some(failure) => Err(failure),
        None if audited.iter().any(|one| one.refused) => Err(Failure::already_told()),
        None => Ok(()),
    }
}

/// What is asked for: once, or once by each method that is compared.
fn requests(here: &Invocation, args: &AuditArgs) -> Result<Vec<Request>, Failure> {
    let request = |how: &How| {
        let request = Request::new(&here.folder, &args.wanted.targets, how);
        request.map(|request| Request { audit: true, ..request })
    };
    if args.methods.is_empty() {
        return Ok(vec![request(&args.wanted.how)?]);
    }
    let arch = methods::elsewhere(&args.wanted.how.arch)?;
    let request = request(&How { arch, ..How::default() })?;
    let methods = methods::several(&args.methods, &request)?;
    Ok(methods.into_iter().map(|method| Request { methods: vec![method], ..request.clone() }).collect())
}

fn build(session: &Session, request: &Request, args: &AuditArgs, seen: &mut Seen) -> Result<(), Failure> {
    let graph = emit(request)?.graph;
    if let Some(shipped) = graph.targets.iter().find(|target| target.root.is_none()) {
        return Err(Failure::user(format!("`{}` is what is shipped of a package", shipped.id.package))
            .help("name the package itself: what is audited is its result"));
    }
    let goals: Vec<_> = graph.targets.iter().flat_map(|target| [Some(target.build), target.root]).flatten().collect();
    let realised = session.realise(&graph, &goals, &Options { whole: true, ..session.options(&args.wanted.work) })?;
    session.progress.close();
    logs::remember(&session.store, &session.project, &graph, &realised);
    seen.looked.extend(look(session, &graph, &realised)?);
    if !realised.succeeded() {
        seen.blame.extend(blame::data(session, &realised));
        seen.why = Some(blame::tell(session, &graph, &realised, args.wanted.work.keep_failed));
    }
    Ok(())
}
