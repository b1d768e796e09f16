//! `xb build`: results of packages, their checks run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use xb_build::{Options, Realised, Sharing};
use xb_core::{Digest, count, show_time};
use xb_eval::Product;
use xb_graph::{Graph, NodeId, Target};
use xb_store::Store;

use crate::args::{BuildArgs, LockManners, Work};
use crate::audit::{self, Audited, audit};
use crate::blame::{self, Blame};
use crate::emission::{Emission, emit};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::report::{Built, MOST_LISTED, folder_name, keep, results};
use crate::request::Request;
use crate::same::{Same, Shown};
use crate::session::Session;
use crate::stores::open_store;
use crate::{export, logs, memo, planned, sharing, shipment};

/// What `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    results: Vec<Shown<'a>>,
    /// What is shipped, as files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Blame>,
    /// What was not built although it did not fail itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    undone: Vec<String>,
    /// What was found in the results, where they were audited.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    audit: &'a [Audited],
}

/// What there is to do, as `xb build` and `xb test` share it.
pub struct Job<'a> {
    /// What is asked for.
    pub request: Request,
    /// How much at once, and what becomes of failures.
    pub work: &'a Work,
    /// What may happen to the lock.
    pub manners: LockManners,
    /// Whether checks are run.
    pub checks: bool,
    /// What runs although its result is known.
    pub again: Again,
    /// What becomes of what others share, and of one's own; nothing where all is done alone.
    pub sharing: Option<Sharing>,
    /// Whether the results are printed as JSON.
    pub json: bool,
}

/// What runs although its result is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing.
    Nothing,
    /// The builds and the checks of the targets.
    Builds,
    /// The checks of the targets.
    Checks,
}

/// Runs the command.
///
/// # Errors
/// When something could not be built or checked.
pub fn run(here: &Invocation, args: &BuildArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &args.wanted.targets, &args.wanted.how)?;
    let audit = args.audit || request.project.config.audit;
    let job = Job {
        request: Request { audit, ..request },
        work: &args.wanted.work,
        manners: args.wanted.lock,
        checks: !args.no_check,
        again: if args.rebuild { Again::Builds } else { Again::Nothing },
        sharing: args.wanted.sharing(),
        json: args.json,
    };
    if args.plan {
        return job.plan(here);
    }
    let out = args.out.as_ref().map(|out| here.folder.join(out));
    job.run(here, out.as_deref())
}

impl Job<'_> {
    /// Does what there is to do.
    ///
    /// # Errors
    /// When something could not be built or checked.
    pub fn run(&self, here: &Invocation, out: Option<&Path>) -> Result<(), Failure> {
        let began = Instant::now();
        let store = open_store(&self.request.project.config)?;
        // What is remembered as done has no root to be audited in.
        if self.again == Again::Nothing
            && !self.request.audit
            && matches!(self.sharing, None | Some(Sharing::Both))
            && let Some(built) = memo::recall(&store, &self.request, self.checks, self.trust()?)
        {
            return self.show(
                here,
                &store,
                &built,
                &[],
                out,
                &format!("nothing to do, {}", show_time(began.elapsed())),
            );
        }
        let emission = emit(&self.request)?;
        if let Some(out) = out.filter(|_| self.request.product == Product::Result) {
            let targets = emission.graph.targets.iter();
            let folders: Vec<_> = targets.map(|target| folder_name(&target.id)).collect();
            export::check(&store, &folders, out)?;
        }
        let project = self.request.project.clone();
        let session = self.with_caches(Session::new(here, project, store, self.request.host, self.manners)?)?;
        let realised = self.realise(&session, &emission.graph)?;
        session.progress.close();
        if self.again != Again::Nothing {
            memo::forget_all(&session.store)?;
        }
        self.finish(here, &session, &emission, &realised, out, began)
    }

    /// Tells what there is to do. Nothing is fetched, and the lock stays as it is.
    fn plan(&self, here: &Invocation) -> Result<(), Failure> {
        let store = open_store(&self.request.project.config)?;
        let graph = emit(&self.request)?.graph;
        let project = self.request.project.clone();
        let session = Session::of_forecast(here, project, store, self.request.host, self.manners)?;
        let session = self.with_caches(session)?;
        let options = self.options(&session, &graph);
        let plan = session.forecast(&graph, &self.goals(&graph), &options)?;
        session.progress.close();
        planned::tell(here, &session, &graph, &plan, self.json)
    }

    fn realise(&self, session: &Session, graph: &std::sync::Arc<Graph>) -> Result<Realised, Failure> {
        session.realise(graph, &self.goals(graph), &self.options(session, graph))
    }

    /// Whose word counts, where anybody's but one's own does.
    fn trust(&self) -> Result<Option<Digest>, Failure> {
        if self.sharing.is_some() { sharing::in_force(&self.request.project) } else { Ok(None) }
    }

    fn with_caches(&self, session: Session) -> Result<Session, Failure> {
        if self.sharing.is_some() { session.shared(self.manners.offline) } else { Ok(session) }
    }

    fn options(&self, session: &Session, graph: &Graph) -> Options {
        Options {
            rebuild: self.rebuilt(graph),
            sharing: self.sharing.unwrap_or_default(),
            // An audit reads what a build has found out, which is beside its result.
            whole: self.request.audit,
            ..session.options(self.work)
        }
    }

    fn goals(&self, graph: &Graph) -> Vec<NodeId> {
        let goals = |target: &Target| {
            let checks = target.checks().filter(|_| self.checks);
            [target.build].into_iter().chain(checks).chain(target.root).collect::<Vec<_>>()
        };
        graph.targets.iter().flat_map(goals).collect()
    }

    fn rebuilt(&self, graph: &Graph) -> BTreeSet<NodeId> {
        let builds = graph.targets.iter().map(|target| target.build);
        let checks = graph.targets.iter().flat_map(Target::checks);
        match self.again {
            Again::Nothing => BTreeSet::new(),
            Again::Builds => builds.chain(checks).collect(),
            Again::Checks => checks.collect(),
        }
    }

    fn finish(
        &self,
        here: &Invocation,
        session: &Session,
        emission: &Emission,
        realised: &Realised,
        out: Option<&Path>,
        began: Instant,
    ) -> Result<(), Failure> {
        let Self { request, checks, .. } = self;
        let graph = &emission.graph;
        logs::remember(&session.store, &request.project, graph, realised);
        let built = results(graph, realised, *checks, &session.store)?;
        keep(&session.store, &request.project, &built)?;
        if !realised.succeeded() {
            let failure = blame::tell(session, graph, realised, self.work.keep_failed);
            let undone = undone(graph, realised, &built);
            let sum = sum(realised, &undone);
            if self.json {
                let failures = blame::data(session, realised);
                let results = Same::of(&built).shown(&built);
                print_json(&Json { results, files: Vec::new(), failures, undone, audit: &[] })?;
            }
            if !self.json {
                list(here, &built, None, &[])?;
            }
            say(format!("{} in {}", styled(style::ERROR, sum), show_time(began.elapsed())));
            return Err(failure);
        }
        // What is said of a result that was built again is said once.
        if self.again == Again::Nothing {
            memo::remember(session, request, *checks, self.trust()?, emission, realised, &built);
        }
        let (ran, known) = session.progress.counts();
        let steps = format!("{} ran, {known} known, {}", count(ran, "step"), show_time(began.elapsed()));
        let audited = audit(session, graph, realised)?;
        self.show(here, &session.store, &built, &audited, out, &steps)?;
        if audited.iter().any(|one| one.refused) {
            return Err(Failure::already_told());
        }
        // A build does without a cache; who was asked to share has not.
        if self.sharing == Some(Sharing::Give) && session.progress.has_warned() {
            return Err(Failure::environment("not all of it was shared"));
        }
        Ok(())
    }

    fn show(
        &self,
        here: &Invocation,
        store: &Store,
        built: &[Built],
        audited: &[Audited],
        out: Option<&Path>,
        summary: &str,
    ) -> Result<(), Failure> {
        let files = match self.request.product {
            Product::Result | Product::Image | Product::Source => {
                out.map_or(Ok(()), |out| export::copy(store, built, out))?;
                Vec::new()
            }
            Product::Shipped => shipment::files(built, out)?,
        };
        if self.json {
            return print_json(&Json {
                results: Same::of(built).shown(built),
                files,
                failures: Vec::new(),
                undone: Vec::new(),
                audit: audited,
            });
        }
        list(here, built, out, &files)?;
        if !here.is_quiet() {
            let packages = count(built.len(), "package");
            say(format!("{} {packages}: {summary}", styled(style::GOOD, "ready")));
        }
        audit::tell(here, audited);
        Ok(())
    }
}

/// Shows what was built, and where it is: what is shipped by its files.
fn list(here: &Invocation, built: &[Built], out: Option<&Path>, files: &[PathBuf]) -> Result<(), Failure> {
    let same = Same::of(built);
    for one in built.iter().take(MOST_LISTED) {
        if !here.is_quiet() {
            say(one.text() + &same.text(one));
            for warning in &one.warnings {
                say(format!("{} {warning}", styled(style::WARNING, "warning:")));
            }
        }
        let copy = |out| export::place(built.len(), &one.folder_name(), out);
        if files.is_empty() {
            print_line(out.map_or_else(|| one.path.clone(), copy).display())?;
        }
    }
    if built.len() > MOST_LISTED && !here.is_quiet() {
        say(format!("... and {}", count(built.len() - MOST_LISTED, "more package")));
    }
    files.iter().try_for_each(|file| print_line(file.display()))
}

/// The targets that were not built although they did not fail themselves: what they need did, or the build was over.
fn undone(graph: &Graph, realised: &Realised, built: &[Built]) -> Vec<String> {
    let built: BTreeSet<_> = built.iter().map(|one| &one.target).collect();
    let failed: Vec<_> = realised.failures.iter().filter_map(|failure| graph.package_of(failure.node)).collect();
    let has_failed =
        |target: &&Target| failed.iter().any(|choice| *choice == target.build || Some(*choice) == target.check);
    let undone = graph.targets.iter().filter(|target| !built.contains(&target.id) && !has_failed(target));
    undone.map(|target| target.id.to_string()).collect()
}

/// `1 step failed; not built: app (arm64)`.
fn sum(realised: &Realised, undone: &[String]) -> String {
    const SHOWN: usize = 8;
    let failed = format!("{} failed", count(realised.failures.len(), "step"));
    if undone.is_empty() {
        return failed;
    }
    let more = match undone.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{failed}; not built: {}{more}", undone[..undone.len().min(SHOWN)].join(", "))
}
