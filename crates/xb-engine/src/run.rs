//! One run of an action on an engine, from what is sent to what came back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use xb_build::{Event, ExecutorError, RunContext, blocking};
use xb_core::TreeId;
use xb_graph::{ActionResult, Cause, ResolvedAction};
use xb_remote::{Connection, Outcome, proto};
use xb_run::{Ended, KILLED, Unfurnished, cause, clash, foreign, furnished, has_shell};
use xb_translate::{Came, Listed};

use crate::command::{Order, Terms, took};
use crate::executor::{Inner, failed};
use crate::log::{Printed, printed};
use crate::outputs::{Fetched, Taken, fetch, take};
use crate::stop::Watched;
use crate::told::told;
use crate::upload;

/// How often an engine may say that it lacks something, or lose what a run left, before that is a failure.
const MOST_LOST: u32 = 3;

/// What buildbox says of an output that is a link.
const LINK: &str = "is not a file or directory: st_mode";

/// How the command ended.
struct Finished {
    /// None where it took too long.
    exit_code: Option<i32>,
    cached: bool,
    result: Box<proto::ActionResult>,
    /// What the outputs are called in it, in the order of their names.
    outputs: Vec<String>,
}

/// What came of one order.
enum Left {
    /// What it left, and the lines that it printed.
    Result(Box<ActionResult>, Vec<String>),
    /// It has to run again, and not be taken from what the engine remembers.
    Again(String),
}

/// Runs an action.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    action: &ResolvedAction,
    context: &RunContext,
) -> Result<ActionResult, ExecutorError> {
    let started = Instant::now();
    let connection = inner.connection().await?;
    if let Some((inside, outer)) = clash(&action.outputs)
        && let (Some(inside), Some(outer)) = (action.outputs.get(inside), action.outputs.get(outer))
    {
        let reason = format!("it is the folder of `/{outer}`, or lies in it");
        let cause = Cause::RefusedOutput { path: inside.to_string(), reason };
        return Ok(ActionResult { cause, ..empty(inner, started) });
    }
    let (tree, cwd, outputs) = (action.root, action.cwd.clone(), action.outputs.clone());
    let prepared = blocking(inner, move |inner| {
        let has_shell = has_shell(tree, &*inner.store).map_err(|error| ExecutorError::Store(error.to_string()))?;
        let furnished = furnished(tree, &cwd, &outputs, &*inner.store).map_err(|error| match error {
            Unfurnished::InTheWay { .. } => ExecutorError::Machine(error.to_string()),
            Unfurnished::Missing(error) => ExecutorError::Store(error.to_string()),
        })?;
        Ok((furnished, has_shell))
    });
    let (root, has_shell) = prepared.await?;
    let run = Run { inner, connection, action, root, has_shell, started };
    let mut again = context.again;
    let mut lost = 0;
    loop {
        let finished = run.finished(again).await?;
        // A failure is no result: what failed before is tried again.
        if finished.cached && finished.exit_code != Some(0) && !again {
            again = true;
            continue;
        }
        let is_remembered = finished.cached && !again;
        match run.collected(finished).await? {
            Left::Result(result, _) if is_remembered && !result.succeeded() => again = true,
            Left::Result(result, lines) => {
                let show = |line| context.events.event(Event::Log { node: context.node, line });
                lines.into_iter().for_each(show);
                return Ok(*result);
            }
            Left::Again(_) if lost < MOST_LOST => {
                lost += 1;
                again = true;
            }
            Left::Again(why) => {
                return Err(ExecutorError::Unable(format!("`{}` {why}", connection.server())));
            }
        }
    }
}

/// Everything that belongs to one run.
struct Run<'a> {
    inner: &'a Arc<Inner>,
    connection: &'a Connection,
    action: &'a ResolvedAction,
    /// The action's root, with the folders that every command finds.
    root: TreeId,
    has_shell: bool,
    started: Instant,
}

impl Run<'_> {
    /// Sends what is lacking, and has the command run until it has ended.
    async fn finished(&self, again: bool) -> Result<Finished, ExecutorError> {
        let Self { inner, connection, action, .. } = self;
        let mut lacked = 0;
        loop {
            let order = self.order(upload::tree(inner, connection, self.root).await?);
            connection.write(order.blobs).await.map_err(|error| failed(&error))?;
            let mut watched = Watched::start(connection, &inner.stopping, order.action, again, &action.title);
            match watched.ended().await?.map_err(|error| failed(&error))? {
                Outcome::Ended { result, cached } => {
                    let (exit_code, outputs) = (Some(result.exit_code), order.outputs);
                    return Ok(Finished { exit_code, cached, result, outputs });
                }
                Outcome::TimedOut(result) => return self.timed_out(result, watched.operation.began()),
                Outcome::Lacks(why) if why.contains(LINK) => {
                    let (server, title) = (connection.server(), &action.title);
                    let why = format!("an output of {title} is a link itself, and `{server}` keeps none");
                    return Err(ExecutorError::Unable(why));
                }
                Outcome::Lacks(_) if lacked < MOST_LOST => {
                    lacked += 1;
                    inner.known.forget();
                    connection.patience().pause_after(lacked, None).await;
                }
                Outcome::Lacks(why) => {
                    let (server, title) = (connection.server(), &action.title);
                    let why = format!("`{server}` cannot run {title}, though it was sent all that it needs: {why}");
                    return Err(ExecutorError::Unable(why));
                }
            }
        }
    }

    fn order(&self, root: proto::Digest) -> Order {
        let options = &self.inner.options;
        let terms = Terms { function: self.connection.function(), properties: &options.properties, jobs: options.jobs };
        Order::new(self.action, root, self.has_shell, &terms)
    }

    /// The action's own limit, or that of the engine, which says nothing about the action: by the clock of the worker,
    /// or else since the engine has said that the command runs.
    fn timed_out(&self, result: Box<proto::ActionResult>, began: Option<Instant>) -> Result<Finished, ExecutorError> {
        let limit = self.action.limits.seconds;
        let ran = took(&result).or_else(|| Some(began?.elapsed()));
        if ran.is_some_and(|ran| limit > 0 && ran.as_secs() + 1 >= limit) {
            return Ok(Finished { exit_code: None, cached: false, result, outputs: Vec::new() });
        }
        let (server, title) = (self.connection.server(), &self.action.title);
        let ran = ran.map_or("a time that it does not tell".to_owned(), |ran| format!("{} seconds", ran.as_secs()));
        Err(ExecutorError::Unable(format!("`{server}` stopped {title} after {ran}, by a limit of its own")))
    }

    /// Fetches what the run left.
    async fn collected(&self, finished: Finished) -> Result<Left, ExecutorError> {
        let Self { inner, connection, action, started, .. } = self;
        let printed = printed(connection, &finished.result, action.limits.log).await?;
        let Some(Printed { log, lines, of_sandbox }) = printed else {
            return Ok(Left::Again("has lost what the command printed".to_owned()));
        };
        if let Some(said) = of_sandbox.filter(|_| finished.exit_code == Some(1)) {
            return Ok(Left::Again(format!("cannot start {}: {said}", action.title)));
        }
        let ended = finished.exit_code.map(|exit_code| Ended {
            exit_code,
            foreign: foreign(&log).filter(|_| exit_code != 0),
            ..Ended::default()
        });
        let mut result = ActionResult {
            exit_code: finished.exit_code.unwrap_or(KILLED),
            cause: cause(action, ended.as_ref(), &log),
            ..empty(inner, *started)
        };
        if let Some(told) = told(&finished.result).filter(|_| finished.exit_code.is_some()) {
            result.cause = told.seen_inside().cloned().unwrap_or(result.cause);
            (result.peak_memory, result.left_out) = (told.peak_memory, told.left_out);
        }
        if let Some(took) = took(&finished.result) {
            result.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        }
        if result.cause == Cause::Success {
            match self.outputs(&finished).await? {
                Outputs::Trees(trees) => {
                    result.outputs = action.outputs.keys().cloned().zip(trees).collect();
                }
                Outputs::Failed(cause) => result.cause = cause,
                Outputs::Gone => return Ok(Left::Again(format!("has lost what {} left", action.title))),
            }
        }
        let log = blocking(inner, move |inner| Ok(inner.store.add_content(&mut log.as_slice())?));
        result.log = Some(log.await?);
        Ok(Left::Result(Box::new(result), lines))
    }

    /// The trees of the outputs, in the order of their names.
    async fn outputs(&self, finished: &Finished) -> Result<Outputs, ExecutorError> {
        let Self { inner, connection, action, .. } = self;
        let what = format!("what {} left", action.title);
        let (mut trees, mut listed): (Vec<Came>, _) = (Vec::new(), Listed::default());
        for (wanted, path) in action.outputs.values().zip(&finished.outputs) {
            let found = finished.result.output_directories.iter().find(|directory| directory.path == *path);
            let Some(tree) = found.and_then(|directory| directory.tree_digest.as_ref()) else {
                return Ok(Outputs::Failed(Cause::MissingOutput { path: wanted.to_string() }));
            };
            match fetch(connection, tree, &what, &mut listed).await? {
                Fetched::Tree(tree) => trees.push(tree),
                Fetched::Gone => return Ok(Outputs::Gone),
                Fetched::Refused(reason) => {
                    return Ok(Outputs::Failed(Cause::RefusedOutput { path: wanted.to_string(), reason }));
                }
            }
        }
        if self.is_too_much(&trees) {
            return Ok(Outputs::Failed(Cause::DiskFull));
        }
        Ok(match take(inner, connection, trees, &what).await? {
            Taken::Trees(trees) => Outputs::Trees(trees),
            Taken::Gone => Outputs::Gone,
        })
    }

    /// Whether the outputs alone are more than the command may write.
    fn is_too_much(&self, trees: &[Came]) -> bool {
        let files: HashSet<_> = trees.iter().flat_map(Came::files).collect();
        let size = files.iter().map(|digest| u64::try_from(digest.size_bytes).unwrap_or(u64::MAX));
        let size = size.fold(0, u64::saturating_add);
        self.action.limits.disk > 0 && size > self.action.limits.disk
    }
}

/// What became of the outputs.
enum Outputs {
    Trees(Vec<TreeId>),
    Failed(Cause),
    Gone,
}

/// A result of which nothing is known yet.
fn empty(inner: &Inner, started: Instant) -> ActionResult {
    ActionResult {
        exit_code: 0,
        outputs: Default::default(),
        log: None,
        cause: Cause::Success,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peak_memory: 0,
        executor: inner.options.name.clone(),
        left_out: Vec::new(),
        vouched: Vec::new(),
        root: None,
    }
}
