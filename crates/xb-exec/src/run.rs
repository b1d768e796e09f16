//! One run of an action: prepare, start, follow, collect.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use xb_build::{Event, ExecutorError, RunContext, blocking};
use xb_graph::{ActionResult, Cause, ResolvedAction};
use xb_run::{Ended, KILLED, Log, cause, is_left_out};

use crate::emulator;
use crate::executor::Inner;
use crate::sandbox::{End, Sandbox};
use crate::scratch::{Scratch, kept_path};
use crate::spec::{Report, Spec, Stdio, Take};
use crate::standby::Standby;
use crate::taken::{Taken, Taking, is_not_taken};

/// What collecting needs to know of a run.
struct Finished {
    sandbox: Sandbox,
    layers: Vec<PathBuf>,
    end: End,
    log: Vec<u8>,
    started: Instant,
    keep_failed: bool,
}

/// Runs an action.
pub async fn run(
    inner: &Arc<Inner>,
    action: &ResolvedAction,
    context: &RunContext,
) -> Result<ActionResult, ExecutorError> {
    let started = Instant::now();
    let (starting, jobs) = (action.clone(), context.jobs);
    let (mut sandbox, layers) = blocking(inner, move |inner| start(inner, &starting, jobs)).await?;
    let mut log = Log::new(action.limits.log);
    let limit = (action.limits.seconds > 0).then(|| Duration::from_secs(action.limits.seconds));
    let show = |line| {
        let node = context.node;
        context.events.event(Event::Log { node, line });
    };
    let end = sandbox
        .follow(limit, &mut log, show)
        .await
        .map_err(|error| ExecutorError::Machine(format!("the sandbox of {} is gone: {error}", action.title)))?;
    let finished = Finished { sandbox, layers, end, log: log.into_bytes(), started, keep_failed: context.keep_failed };
    let action = action.clone();
    blocking(inner, move |inner| collect(inner, &action, finished)).await
}

fn start(inner: &Inner, action: &ResolvedAction, jobs: u32) -> Result<(Sandbox, Vec<PathBuf>), ExecutorError> {
    let wrong = |what: &str, error: io::Error| {
        let scratch = inner.scratch.display();
        ExecutorError::Machine(format!("cannot {what} for {} in `{scratch}`: {error}", action.title))
    };
    let scratch = Scratch::new(&inner.scratch, &inner.alive).map_err(|error| wrong("make a folder", error))?;
    let spec = spec(inner, action, &scratch, jobs)?;
    let users = spec.limits.users;
    // Who waits has left the machine already, with one user.
    let none_waits = Standby::default();
    let standby = if users > 1 { &none_waits } else { &inner.standby };
    let sandbox = Sandbox::start(standby, || inner.child(users), &spec, scratch);
    let sandbox = sandbox.map_err(|error| wrong("start a sandbox", error))?;
    inner.standby.refill(|| inner.child(1));
    Ok((sandbox, spec.layers))
}

/// What the child of an action's sandbox needs to know.
pub fn spec(inner: &Inner, action: &ResolvedAction, scratch: &Scratch, jobs: u32) -> Result<Spec, ExecutorError> {
    let layers = inner.layers(action)?;
    let emulator = action.emulator.map(|tree| inner.store.materialise(tree)).transpose()?;
    let mut env = action.env.clone();
    let cpus = inner.options.emulated_cpus;
    let foreign = emulator::foreign(inner.host, action.platform, emulator.as_deref(), cpus);
    // What an action says itself is part of its key, and is what its command sees.
    env.entry("jobs".to_owned()).or_insert_with(|| jobs.to_string());
    Ok(Spec {
        scratch: scratch.path().to_owned(),
        layers,
        command: action.command.clone(),
        env,
        cwd: action.cwd.clone(),
        outputs: action.outputs.clone(),
        take: inner.options.take,
        limits: action.limits.clone(),
        first_cpu: inner.next_cpu.fetch_add(action.limits.cpus, Ordering::Relaxed),
        foreign: foreign.map_err(ExecutorError::Machine)?,
        emulation: inner.options.emulation,
        stdio: Stdio::Log,
    })
}

fn collect(inner: &Inner, action: &ResolvedAction, mut finished: Finished) -> Result<ActionResult, ExecutorError> {
    let gone =
        |error: io::Error| ExecutorError::Machine(format!("cannot wait for the sandbox of {}: {error}", action.title));
    let ended = match finished.end {
        End::Reported(Report::Broken { ref reason }) => {
            return Err(broken(action, reason));
        }
        End::Reported(Report::Terminal) => {
            return Err(out_of_turn(action));
        }
        End::Reported(Report::Ended(ended)) => Some(ended),
        End::TimedOut => None,
    };
    let mut cause = cause(action, ended.as_ref(), &finished.log);
    let ended = ended.unwrap_or_else(|| Ended { exit_code: KILLED, ..Ended::default() });
    let (mut outputs, mut left_out) = (BTreeMap::new(), Vec::new());
    let leaves_entries = inner.options.take == Take::Entries && !ended.outputs.is_empty();
    if cause == Cause::Success || leaves_entries {
        let scratch = finished.sandbox.scratch().map_err(gone)?;
        let taking = Taking { inner, action, scratch, layers: &finished.layers, ended: &ended };
        let (taken, lines) = match cause {
            Cause::Success => match taking.all()? {
                Ok(taken) => (taken, Vec::new()),
                Err(why) => {
                    let line = told(&why).filter(|_| leaves_entries);
                    cause = why;
                    (Taken::default(), line.into_iter().collect())
                }
            },
            _ => taking.of_failed(),
        };
        for line in taken.left_out.iter().map(|path| is_left_out(path)).chain(lines) {
            if finished.log.last().is_some_and(|last| *last != b'\n') {
                finished.log.push(b'\n');
            }
            finished.log.extend(line.into_bytes());
        }
        (outputs, left_out) = (taken.trees, taken.left_out);
    }
    if cause != Cause::Success {
        let scratch = finished.sandbox.finish().map_err(gone)?;
        if finished.keep_failed
            && let Err(error) = scratch.keep_as(&kept_path(&inner.scratch, action.id))
        {
            // Why the command failed matters more.
            finished.log.extend(format!("[xb: this sandbox is not kept: {error}]\n").into_bytes());
        }
    }
    let log = inner.store.add_content(&mut finished.log.as_slice())?;
    Ok(ActionResult {
        exit_code: ended.exit_code,
        outputs,
        log: Some(log),
        cause,
        milliseconds: u64::try_from(finished.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peak_memory: ended.peak_memory,
        executor: "local".to_owned(),
        left_out,
        vouched: Vec::new(),
        root: None,
    })
}

/// The line of a log for who is not told the cause.
fn told(cause: &Cause) -> Option<String> {
    match cause {
        Cause::RefusedOutput { path, reason } => Some(is_not_taken(path, reason)),
        _ => None,
    }
}

/// The sandbox could not be set up.
pub fn broken(action: &ResolvedAction, reason: &str) -> ExecutorError {
    ExecutorError::Machine(format!("cannot run {} in a sandbox: {reason}", action.title))
}

/// A child said what only an interactive one says, or the other way round.
pub fn out_of_turn(action: &ResolvedAction) -> ExecutorError {
    ExecutorError::Machine(format!("the sandbox of {} spoke out of turn", action.title))
}
