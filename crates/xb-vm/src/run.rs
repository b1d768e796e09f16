//! One run of an action: a machine, an order, what it says, and what it made.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::sleep;
use xb_build::{Event, ExecutorError, RunContext, blocking};
use xb_graph::{ActionResult, Cause, ResolvedAction};
use xb_run::{Ended, KILLED, Log, cause, is_left_out, layers};

use crate::collect::Failed;
use crate::console::{Console, last_lines};
use crate::disks::SWAP;
use crate::executor::Inner;
use crate::machine::{Lost, Machine, Started, explain};
use crate::order::Order;
use crate::outputs::{judge, take_over};
use crate::protocol::Line;

/// How many machines an action may lose before it is given up.
const TRIES: u32 = 2;

/// The number of layers that a root may have in a machine: so many names fit the options of a mount.
const MOST_LAYERS: usize = 200;

/// Why a machine could not do its work.
enum Trouble {
    /// It is of no more use; another one may be.
    Machine(String),
    /// It never took an order; another one may.
    Start(String),
    /// No other machine would be better.
    Host(ExecutorError),
}

/// Runs an action; where its machine is lost, in a fresh one, once.
pub async fn run(
    inner: &Arc<Inner>,
    action: &ResolvedAction,
    context: &RunContext,
) -> Result<ActionResult, ExecutorError> {
    let _slot = inner.slots.acquire().await.map_err(|error| ExecutorError::Machine(error.to_string()))?;
    let mut waiting = inner.take_idle();
    let mut tries = 0;
    loop {
        tries += 1;
        let (why, error): (_, fn(String) -> _) = match run_once(inner, action, context, waiting.take()).await {
            Ok(result) => return Ok(result),
            Err(Trouble::Host(error)) => return Err(error),
            Err(Trouble::Machine(why)) => (why, ExecutorError::Unable),
            Err(Trouble::Start(why)) => (why, ExecutorError::Gone),
        };
        if tries == TRIES {
            let text = format!("cannot run {}, over which {tries} machines were lost: {why}", action.title);
            return Err(error(text));
        }
        let line = format!("[xb: {} begins again in a fresh machine: {why}]", action.title);
        context.events.event(Event::Log { node: context.node, line });
    }
}

/// Runs an action in a machine that waits for work, or in a fresh one.
async fn run_once(
    inner: &Arc<Inner>,
    action: &ResolvedAction,
    context: &RunContext,
    waiting: Option<Machine>,
) -> Result<ActionResult, Trouble> {
    let machine = match waiting {
        Some(machine) => machine,
        None => start(inner).await?,
    };
    let console = machine.console();
    let placed = action.clone();
    let (machine, offset, length) =
        blocking(inner, move |inner| place(inner, &placed, machine)).await.map_err(Trouble::Host)?;
    match execute(inner, machine, action, context, (offset, length)).await {
        Ok(result) => Ok(result),
        Err(Failed::Lost(lost)) => Err(Trouble::Machine(explained(inner, lost, console).await)),
        Err(Failed::Store(why)) => Err(Trouble::Host(ExecutorError::Store(why))),
        Err(Failed::Unable(why)) => Err(Trouble::Host(ExecutorError::Unable(why))),
    }
}

/// What is wrong with a machine, once its console has been listened to.
async fn explained(inner: &Arc<Inner>, lost: Lost, console: Console) -> String {
    let inner = Arc::clone(inner);
    let explaining = tokio::task::spawn_blocking(move || explain(&inner, lost, &console));
    explaining.await.unwrap_or_else(|error| format!("nobody can say what is wrong with it: {error}"))
}

/// Starts a machine and waits until it takes orders.
async fn start(inner: &Arc<Inner>) -> Result<Machine, Trouble> {
    let parts = inner.parts().await.map_err(Trouble::Host)?;
    let starting = Arc::clone(inner);
    let started = tokio::task::spawn_blocking(move || {
        let folder = |tree| starting.store.materialise(tree).map_err(ExecutorError::from);
        let (emulator, machine) = (folder(parts.emulator)?, folder(parts.machine)?);
        Started::new(&starting, emulator, machine).map_err(ExecutorError::Gone)
    });
    let started = started.await.map_err(gave_up)?.map_err(Trouble::Host)?;
    match started.ready().await {
        Ok(machine) => Ok(machine),
        Err((lost, console)) => Err(Trouble::Start(explained(inner, lost, console).await)),
    }
}

fn gave_up(error: tokio::task::JoinError) -> Trouble {
    Trouble::Host(ExecutorError::Machine(format!("the executor gave up: {error}")))
}

/// Puts what an order needs onto the machine's disk. A machine that could not get all of it is dropped.
fn place(inner: &Inner, action: &ResolvedAction, mut machine: Machine) -> Result<(Machine, u64, usize), ExecutorError> {
    let wrong = |why: String| ExecutorError::Machine(format!("cannot run {} in a machine: {why}", action.title));
    let layers = machine.place(&layers(action, MOST_LAYERS), &*inner.store).map_err(wrong)?;
    let (arch, cpus) = (inner.options.arch, inner.options.cpus);
    let order = Order { action, layers: &layers, arch, cpus }.pack().map_err(wrong)?;
    let offset = machine.place_order(&order).map_err(wrong)?;
    Ok((machine, offset, order.len()))
}

/// What a command has done.
enum End {
    /// It ended by itself.
    Ended(Ended),
    /// It could not be started.
    Broken,
    /// It took too long.
    TimedOut,
}

async fn execute(
    inner: &Arc<Inner>,
    mut machine: Machine,
    action: &ResolvedAction,
    context: &RunContext,
    (offset, length): (u64, usize),
) -> Result<ActionResult, Failed> {
    let started = Instant::now();
    machine.ports.order(offset, length).await.map_err(Failed::Lost)?;
    let mut log = Log::new(action.limits.log);
    let show = |line| context.events.event(Event::Log { node: context.node, line });
    let overdue = async {
        match action.limits.seconds {
            0 => pending().await,
            seconds => sleep(Duration::from_secs(seconds)).await,
        }
    };
    let end = tokio::select! {
        ended = follow(&mut machine, &mut log, show) => ended.map_err(Failed::Lost)?.map_or(End::Broken, End::Ended),
        () = overdue => End::TimedOut,
    };
    log.flush(show);
    let mut log = log.into_bytes();
    let (cause, ended, taken) = match end {
        // Nothing that the command has started may go on.
        End::TimedOut => {
            drop(machine);
            (cause(action, None, &log), Ended { exit_code: KILLED, ..Ended::default() }, Vec::new())
        }
        End::Broken => {
            let said = last_lines(&log).join("\n  ");
            let text =
                format!("cannot run {}: its machine cannot start the command in this root:\n  {said}", action.title);
            return Err(Failed::Unable(text));
        }
        End::Ended(mut ended) => {
            let most = inner.options.memory.saturating_add(SWAP);
            ended.peak_memory = ended.peak_memory.min(most);
            let cause = cause(action, Some(&ended), &log);
            let success = ended.exit_code == 0 && ended.exceeded.is_none();
            let taken;
            (machine, taken) = take_over(inner, machine, action, success).await?;
            let real = taken.iter().filter_map(|(name, one)| Some((name.clone(), one.path()?.clone())));
            ended.outputs = real.collect();
            inner.give_back(machine);
            (cause, ended, taken)
        }
    };
    let (mut cause, mut outputs, mut left_out) = (cause, BTreeMap::new(), Vec::new());
    if cause == Cause::Success {
        match judge(action, &ended, taken) {
            Ok(kept) => (outputs, left_out) = kept,
            Err(why) => cause = why,
        }
    }
    left_out.iter().for_each(|path| log.extend(is_left_out(path).into_bytes()));
    if cause != Cause::Success && context.keep_failed {
        let name = &inner.options.name;
        log.extend(format!("[xb: this sandbox is not kept: it was in the machine `{name}`]\n").into_bytes());
    }
    let log = inner.store.add_content(&mut log.as_slice()).map_err(|error| Failed::Store(error.to_string()))?;
    Ok(ActionResult {
        exit_code: ended.exit_code,
        outputs,
        log: Some(log),
        cause,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peak_memory: ended.peak_memory,
        executor: inner.options.name.clone(),
        left_out,
        vouched: Vec::new(),
        root: None,
    })
}

/// Reads the log until the command has ended; none when it could not be started.
async fn follow(machine: &mut Machine, log: &mut Log, show: impl Fn(String)) -> Result<Option<Ended>, Lost> {
    let (tell, told) = oneshot::channel();
    let Machine { ports, log: socket, .. } = machine;
    let ended = async {
        loop {
            match ports.next().await? {
                Line::Alive => {}
                Line::Ended { code, log, peak, nearly_full, exceeded } => {
                    // Who reads the log has not ended before it is told.
                    let _ = tell.send(log);
                    let of =
                        |exit_code| Ended { exit_code, exceeded, peak_memory: peak, nearly_full, ..Ended::default() };
                    return Ok(code.map(of));
                }
                _ => return Err(Lost("it spoke out of turn".to_owned())),
            }
        }
    };
    let said = socket.read_until(told, |bytes| log.push(bytes, &show));
    tokio::try_join!(ended, said).map(|(ended, ())| ended)
}
