//! One run of an action: an image, a container, what it says, and what it made.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::container::AttachContainerResults;
use bollard::errors::Error;
use bollard::models::ContainerState;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use tokio::time::sleep;
use xb_build::{Event, ExecutorError, RunContext, blocking};
use xb_graph::{ActionResult, Cause, ResolvedAction};
use xb_run::{Ended, Exceeded, KILLED, Log, Unfurnished, cause, foreign, is_left_out, layers};

use crate::body::{body, cpus};
use crate::brought::Brought;
use crate::container::Container;
use crate::engine::{Engine, is_missing, said};
use crate::executor::Inner;
use crate::folders::lacking;
use crate::outputs;
use crate::start::{NOT_FOUND, Start};
use crate::watch::watch;

/// The number of layers that a root may have in a container: Docker's own limit is 127, and it adds some.
const MOST_LAYERS: usize = 100;

/// How often an image may be gone when its container is made.
const MOST_LOST: u32 = 3;

/// The exit code after `SIGXFSZ`, which is sent to who makes a file larger than the limit.
const TOO_LARGE: i32 = 128 + 25;

/// Runs an action.
pub async fn run(
    inner: &Arc<Inner>,
    action: &ResolvedAction,
    context: &RunContext,
) -> Result<ActionResult, ExecutorError> {
    let engine = inner.engine().await?;
    let started = Instant::now();
    let (container, brought) = made(inner, engine, action).await?;
    let mut log = Log::new(action.limits.log);
    let show = |line| context.events.event(Event::Log { node: context.node, line });
    let ended = follow(engine, container.name(), action, &mut log, show).await?;
    log.flush(show);
    let mut log = log.into_bytes();
    // A command that was not found never began, either, and is that of whoever wants it.
    let may_be_ours = |ended: &Ended| ![0, NOT_FOUND].contains(&ended.exit_code) && ended.exceeded.is_none();
    if let Some(brought) = brought.filter(|_| ended.as_ref().is_some_and(may_be_ours))
        && is_there(engine, container.name(), &brought.place).await
    {
        return Err(inner.cannot_emulate(engine, action, &log));
    }
    let ended = ended.map(|ended| Ended { foreign: foreign(&log).filter(|_| ended.exit_code != 0), ..ended });
    let mut cause = cause(action, ended.as_ref(), &log);
    let (mut trees, mut left_out) = (BTreeMap::new(), Vec::new());
    if cause == Cause::Success {
        match outputs::take(engine, container.name(), action, &inner.store).await? {
            Ok(taken) => (trees, left_out) = (taken.trees, taken.left_out),
            Err(why) => cause = why,
        }
    }
    // What an engine does not remove now is removed by a later xb.
    let _ = container.remove().await;
    left_out.iter().for_each(|path| log.extend(is_left_out(path).into_bytes()));
    if cause != Cause::Success && context.keep_failed {
        let name = &inner.options.name;
        log.extend(format!("[xb: this sandbox is not kept: it was a container of `{name}`]\n").into_bytes());
    }
    let log = blocking(inner, move |inner| Ok(inner.store.add_content(&mut log.as_slice())?)).await?;
    Ok(ActionResult {
        exit_code: ended.map_or(KILLED, |ended| ended.exit_code),
        outputs: trees,
        log: Some(log),
        cause,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peak_memory: 0,
        executor: inner.options.name.clone(),
        left_out,
        vouched: Vec::new(),
        root: None,
    })
}

/// The container of an action, with the folders that its command finds, and what was brought into it.
async fn made(
    inner: &Arc<Inner>,
    engine: &Engine,
    action: &ResolvedAction,
) -> Result<(Container, Option<Brought>), ExecutorError> {
    let jobs = cpus(&action.limits, engine, inner.options.slots);
    let (wanted, host) = (action.clone(), engine.arch);
    let (start, folders) = blocking(inner, move |inner| {
        let start = match wanted.platform == host {
            true => {
                Start::new(&wanted, jobs, &*inner.store).map_err(|error| ExecutorError::Store(error.to_string()))?
            }
            false => inner.own.start(&wanted, host, jobs, &*inner.store)?,
        };
        let task = start.brought.as_ref().map(|brought| (brought.place.clone(), &brought.task[..]));
        let folders = lacking(&wanted, task, &*inner.store).map_err(|error| match error {
            Unfurnished::InTheWay { .. } => ExecutorError::Machine(format!("cannot run {}: {error}", wanted.title)),
            Unfurnished::Missing(error) => ExecutorError::Store(error.to_string()),
        })?;
        Ok((start, folders))
    })
    .await?;
    let failed = |error: Error| engine.failed(&format!("make a container for {}", action.title), &error);
    let mut layers = layers(action, MOST_LAYERS);
    layers.extend(start.brought.as_ref().map(|brought| brought.layer));
    let most = inner.options.images.max(inner.options.slots as usize);
    let mut lost = 0;
    let container = loop {
        let image = inner.images.image(engine, inner.owner()?, &layers, &inner.store, most).await?;
        let body = body(action, &image, start.clone(), engine, inner.owner()?);
        let mut container = Container::new(engine, &inner.removing, body);
        match container.made().await? {
            Ok(()) => break container,
            Err(error) if is_missing(&error) && lost < MOST_LOST => {
                lost += 1;
                inner.images.forget(&image);
            }
            Err(error) => return Err(failed(error)),
        }
    };
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let put = engine.docker.upload_to_container(container.name(), Some(options), bollard::body_full(folders.into()));
    put.await.map_err(failed)?;
    Ok((container, start.brought))
}

/// Whether a container has a file; where that is not known, it has none.
async fn is_there(engine: &Engine, container: &str, path: &str) -> bool {
    let asked = ContainerArchiveInfoOptionsBuilder::new().path(&format!("/{path}")).build();
    engine.docker.get_container_archive_info(container, Some(asked)).await.is_ok()
}

/// Starts a container and listens until it has ended; none where it took too long.
async fn follow(
    engine: &Engine,
    container: &str,
    action: &ResolvedAction,
    log: &mut Log,
    show: impl Fn(String),
) -> Result<Option<Ended>, ExecutorError> {
    let failed = |what: &str, error: &Error| engine.failed(&format!("{what} {}", action.title), error);
    let streams = AttachContainerOptionsBuilder::new().stream(true).stdout(true).stderr(true).build();
    let attached = engine.docker.attach_container(container, Some(streams)).await;
    // Where its input is closed, so is what it says.
    let AttachContainerResults { mut output, input: _input } = attached.map_err(|error| failed("listen to", &error))?;
    if let Err(error) = engine.docker.start_container(container, None).await {
        let why = said(&error);
        if !is_of_the_command(&why) {
            return Err(failed("start", &error));
        }
        log.push(format!("xb: cannot execute the command: {why}\n").as_bytes(), &show);
        return Ok(Some(Ended { exit_code: NOT_FOUND, ..Ended::default() }));
    }
    let ended = async {
        while let Some(piece) = output.next().await {
            log.push(&piece.map_err(|error| failed("listen to", &error))?.into_bytes(), &show);
        }
        state(engine, container).await.map_err(|error| failed("tell what became of", &error))
    };
    let overdue = async {
        match action.limits.seconds {
            0 => pending().await,
            seconds => sleep(Duration::from_secs(seconds)).await,
        }
    };
    let state = tokio::select! {
        state = ended => state?,
        seen = watch(engine, container, action.limits.processes) => {
            let exceeded = Some(seen.map_err(|error| failed("tell how it goes with", &error))?);
            return Ok(Some(Ended { exit_code: KILLED, exceeded, ..Ended::default() }));
        }
        () = overdue => return Ok(None),
    };
    let exit_code = state.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(KILLED);
    Ok(Some(Ended {
        exit_code,
        exceeded: state.oom_killed.unwrap_or_default().then_some(Exceeded::Memory),
        too_large_a_file: action.limits.disk > 0 && exit_code == TOO_LARGE,
        ..Ended::default()
    }))
}

/// What became of a container, once it has ended.
async fn state(engine: &Engine, container: &str) -> Result<ContainerState, Error> {
    let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
    let mut waiting = Box::pin(engine.docker.wait_container(container, Some(options)));
    match waiting.next().await {
        // An exit code is no failure of the engine.
        Some(Err(Error::DockerContainerWaitError { .. }) | Ok(_)) | None => {}
        Some(Err(error)) => return Err(error),
    }
    Ok(engine.docker.inspect_container(container, None).await?.state.unwrap_or_default())
}

/// Whether a container could not be started because there is no such program in it, or none that can be executed.
fn is_of_the_command(why: &str) -> bool {
    why.contains("exec: \"") || why.contains("exec format error") || why.contains("exec /")
}
