//! `xb port`: a whole tree of packages, each as far as it comes.

use std::time::Instant;

use xb_core::show_time;
use xb_graph::{Graph, Method};
use xb_port::{Outcome, Report};

use crate::args::{How, PortArgs};
use crate::audit::audit;
use crate::emission::emit_apart;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print, print_json, say, style, styled};
use crate::request::{Request, host, or_every_other};
use crate::session::Session;
use crate::stores::open_store;
use crate::{logs, port, report};

/// How a package is built for another architecture, best first.
const LADDER: [Method; 3] = [Method::Cross, Method::Emulate, Method::PureEmulate];
/// What is compared.
const COMPARED: [Method; 2] = [Method::Cross, Method::Emulate];

/// Runs the command.
///
/// # Errors
/// When a package is not ready in the end, or nothing could be tried.
pub fn run(here: &Invocation, args: &PortArgs) -> Result<(), Failure> {
    let began = Instant::now();
    let host = host()?;
    let how = How { arch: or_every_other(&args.arch, host), ..How::default() };
    let request = Request::of_trees(&here.folder, &args.targets, &how)?;
    let request = Request { methods: LADDER.to_vec(), audit: !args.no_audit, ..request };
    let out = here.folder.join(&args.out);
    port::prepare(&out)?;
    let store = open_store(&request.project.config)?;
    let session = Session::new(here, request.project.clone(), store, host, args.lock)?.shared(args.lock.offline)?;
    let report = ported(&session, &request, args).map_err(resumable)?;
    session.progress.close();
    let page = port::write(&report, &out)?;
    if args.json {
        print_json(&report)?;
    } else {
        print(report.text())?;
    }
    if !here.is_quiet() {
        let word = if report.is_done() { styled(style::GOOD, "ready") } else { styled(style::WARNING, "reported") };
        say(format!("{word} {} in {}", page.display(), show_time(began.elapsed())));
    }
    if report.is_done() { Ok(()) } else { Err(Failure::already_told()) }
}

fn ported(session: &Session, request: &Request, args: &PortArgs) -> Result<Report, Failure> {
    let (emission, broken) = emit_apart(request);
    broken.iter().for_each(|(_, failure)| failure.tell());
    let graph = emission?.graph;
    let mut options = session.options(&args.work);
    options.keep_going = true;
    // What is looked at, and what is compared, is built here.
    options.whole = request.audit || args.verify;
    options.believe_failures = !args.again;
    let (realised, unlocked) = session.realise_apart(&graph, &goals(&graph), &options)?;
    unlocked.iter().for_each(Failure::tell);
    logs::remember(&session.store, &session.project, &graph, &realised);
    let built = report::results(&graph, &realised, true, &session.store)?;
    report::keep(&session.store, &session.project, &built)?;
    let bits = match args.verify {
        true => reported(port::bits(session, request, &COMPARED, &options))?,
        false => Default::default(),
    };
    let audited = reported(audit(session, &graph, &realised))?;
    Ok(Report::new(&Outcome {
        title: request.project.folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        host: request.host,
        arches: request.arches.clone(),
        graph: &graph,
        realised: &realised,
        bits,
        findings: port::findings(&audited),
        logs: port::logs(session, &graph, &realised),
        broken: port::broken(&broken),
    }))
}

fn goals(graph: &Graph) -> Vec<xb_graph::NodeId> {
    graph.targets.iter().flat_map(xb_graph::Target::nodes).collect()
}

/// What cannot be found out is told; what is known already is reported all the same, unless somebody stops it.
fn reported<T: Default>(found: Result<T, Failure>) -> Result<T, Failure> {
    match found {
        Err(failure) if !failure.is_interruption() => {
            failure.tell();
            Ok(T::default())
        }
        found => found,
    }
}

/// Who stops it wants to know what becomes of what is done.
fn resumable(failure: Failure) -> Failure {
    match failure.is_interruption() {
        true => failure.help("what is done is kept: the same command goes on from here"),
        false => failure,
    }
}
