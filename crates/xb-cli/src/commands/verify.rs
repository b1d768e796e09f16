//! `xb verify`: are the bits the same, whichever way a package is built?

use serde::Serialize;
use xb_core::count;
use xb_graph::Method;

use crate::args::{How, VerifyArgs};
use crate::blame;
use crate::compared::{Compared, Trees, builds, collect, compared};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::methods;
use crate::output::{print_json, print_line, say, style, styled};
use crate::request::Request;
use crate::session::Session;
use crate::stores::open_store;

/// More differences than this are counted, not listed.
const MOST_LISTED: usize = 50;

/// All of it, for `--json`.
#[derive(Serialize)]
struct Told<'a> {
    packages: &'a [Compared],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [blame::Blame],
}

/// What could not be built.
#[derive(Default)]
struct Failed {
    blame: Vec<blame::Blame>,
    why: Option<Failure>,
}

/// Runs the command.
///
/// # Errors
/// When something could not be built, or results differ.
pub fn run(here: &Invocation, args: &VerifyArgs) -> Result<(), Failure> {
    let (mut trees, mut failed) = (Trees::new(), Failed::default());
    let request = request(here, args)?;
    let methods = methods::several(&args.methods, &request)?;
    let store = open_store(&request.project.config)?;
    for method in &methods {
        let request = Request { methods: vec![*method], ..request.clone() };
        let session = Session::new(here, request.project.clone(), store.clone(), request.host, args.lock)?;
        build(&session, &request, *method, args, &mut trees, &mut failed)?;
        if failed.why.is_some() && !args.work.keep_going {
            break;
        }
    }
    let compared = trees
        .into_iter()
        .filter(|(_, trees)| trees.len() == methods.len())
        .map(|(target, trees)| compared(&store, target, &trees))
        .collect::<Result<Vec<_>, _>>()?;
    if args.json {
        print_json(&Told { packages: &compared, failures: &failed.blame })?;
    } else {
        compared.iter().try_for_each(|one| print_line(told(one)))?;
    }
    if let Some(why) = failed.why {
        return Err(why);
    }
    if compared.iter().all(|one| one.equal) {
        return Ok(());
    }
    if !args.json && !here.is_quiet() {
        say(format!(
            "{} `xb log TARGET --arch ARCH --method METHOD` prints what each of them found; a test of `configure` that cannot \
             be run for another architecture gets its answer by `cache` of `c.autotools`",
            styled(style::HELP, "help:")
        ));
    }
    Err(Failure::already_told())
}

fn request(here: &Invocation, args: &VerifyArgs) -> Result<Request, Failure> {
    let arch = methods::elsewhere(&args.arch)
        .map_err(|failure| failure.help("`xb build --rebuild` tells whether building it again gives the same bits"))?;
    let how = How { arch, ..How::default() };
    Request::new(&here.folder, &args.targets, &how)
}

fn build(
    session: &Session,
    request: &Request,
    method: Method,
    args: &VerifyArgs,
    trees: &mut Trees,
    failed: &mut Failed,
) -> Result<(), Failure> {
    let graph = emit(request)?.graph;
    let realised = session.realise(&graph, &builds(&graph), &session.options(&args.work))?;
    collect(session, &graph, method, &realised, trees);
    session.progress.close();
    if !realised.succeeded() {
        failed.blame.extend(blame::data(session, &realised));
        failed.why = Some(blame::tell(session, &graph, &realised, args.work.keep_failed));
    }
    Ok(())
}

fn told(one: &Compared) -> String {
    let methods: Vec<_> = one.trees.keys().map(|method| method.name()).collect();
    let title = format!("{} by {}", one.target, methods.join(", "));
    if one.equal {
        return format!("{}: {title}", styled(style::GOOD, "equal"));
    }
    let number = count(one.differences.len(), "difference");
    let mut text = format!("{}: {title}: {number}", styled(style::ERROR, "differs"));
    for difference in one.differences.iter().take(MOST_LISTED) {
        text += &format!("\n  {difference}");
    }
    if one.differences.len() > MOST_LISTED {
        text += &format!("\n  ... and {} more", one.differences.len() - MOST_LISTED);
    }
    text
}
