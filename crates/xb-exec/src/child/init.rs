//! The first process of the sandbox: sets it up, starts the command, and reports how it ended.

use std::convert::Infallible;
use std::io::{self, PipeWriter, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::exit;

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, set_dumpable_behavior, set_parent_process_death_signal,
    umask, wait,
};
use rustix::system::{setdomainname, sethostname};
use xb_interpose::{Interposed, exit_code};
use xb_run::{Ended, HOST_NAME};

use super::cpus::Cpus;
use super::disk::Disk;
use super::foreign::Foreigners;
use super::watch::Watch;
use super::{Broken, Tried, command, devices, disk, foreign, outputs, owners, proc, report_broken, root, terminal};
use crate::spec::{self, Report, Spec, Stdio, Take};
use crate::sys::{self, Fork};

/// The exit code after `SIGXFSZ`, which is sent to who makes a file larger than the limit.
const TOO_LARGE: i32 = 128 + Signal::XFSZ.as_raw();

/// The exit code of a command of whose end nothing is known.
const UNKNOWN: i32 = 255;

/// Runs the sandbox and ends the process, and with it everything in the sandbox.
pub fn run(control: &mut UnixStream, spec: &Spec) -> ! {
    let done = supervise(control, spec)
        .and_then(|ended| spec::send(control, &Report::Ended(ended)).tried("report how the command ended"));
    if let Err(broken) = done {
        report_broken(control, broken);
        exit(1)
    }
    exit(0)
}

fn supervise(control: &UnixStream, spec: &Spec) -> Result<Ended, Broken> {
    // Neither may outlive the outer process, nor may the command look into this one.
    set_parent_process_death_signal(Some(Signal::KILL)).tried("tie the sandbox to xb")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).tried("hide from the command")?;
    // Whoever runs xb may have another one.
    umask(Mode::from_raw_mode(0o022));
    let Prepared { root, foreign, interposed, disk, cpus } = set_up(spec)?;
    let terminal = match spec.stdio {
        Stdio::Terminal => Some(terminal::open(control)?),
        Stdio::Log | Stdio::Inherit => None,
    };
    let (mut interposer, line) = interposed.unzip();
    let (command, gate) = start(spec, &cpus, terminal, line)?;
    let written = disk.written();
    let watch = Watch::start(&spec.limits, disk)?;
    drop(gate);
    let status = match &mut interposer {
        Some(interposer) => Some(interposer.answer_until(command)?),
        None => reap_until(Some(command))?,
    };
    sys::kill_everything();
    reap_until(None)?;
    let (exit_code, outputs) = (status.map_or(UNKNOWN, exit_code), outputs::find(&root, &spec.outputs, spec.take));
    if spec.limits.users > 1 {
        owners::give_back(&written).tried("take over what other users own")?;
    }
    Ok(Ended {
        exit_code,
        exceeded: watch.exceeded(),
        peak_memory: watch.peak_memory(),
        nearly_full: watch.nearly_full(),
        too_large_a_file: exit_code == TOO_LARGE && is_limit_of_files(spec, status, &written),
        foreign: interposer.map_or_else(|| foreign.refused(), |interposer| interposer.refused()),
        outputs,
    })
}

/// What is needed while the command runs and after it.
struct Prepared {
    root: OwnedFd,
    foreign: Foreigners,
    interposed: Option<Interposed>,
    disk: Disk,
    cpus: Cpus,
}

fn set_up(spec: &Spec) -> Result<Prepared, Broken> {
    sethostname(HOST_NAME.as_bytes()).tried("set the host name")?;
    setdomainname(b"(none)").tried("set the domain name")?;
    sys::loopback_up().tried("bring the loopback network up")?;
    let root = root::mount(spec)?;
    let proc = proc::mount(&root, spec)?;
    let dev = devices::mount(&root, spec.limits.memory)?;
    let cpus = Cpus::choose(spec)?;
    cpus.hide_others(&proc, &dev)?;
    let mut foreign = foreign::prepare(&dev, spec)?;
    let disk = Disk::new(spec.limits.disk)?;
    root::enter(&root)?;
    root::make_tmp(&root).tried("make `/tmp`")?;
    let interposed = foreign.register()?;
    root::make_folder(&root, &spec.cwd).tried(format_args!("make the working folder `/{}`", spec.cwd))?;
    for path in spec.outputs.values() {
        let above = path.parent().filter(|_| spec.take == Take::Entries);
        // Where something else lies in the way, it is for the command to clear it.
        let _ = root::make_folder(&root, above.as_ref().unwrap_or(path));
    }
    Ok(Prepared { root, foreign, interposed, disk, cpus })
}

/// Starts the command's process, which goes on when the gate is dropped: a command that takes all processes that there
/// may be would leave none for the watch.
fn start(
    spec: &Spec,
    cpus: &Cpus,
    terminal: Option<OwnedFd>,
    line: Option<UnixStream>,
) -> Result<(Pid, PipeWriter), Broken> {
    let (mut opened, gate) = io::pipe().tried("make a pipe")?;
    let null = std::fs::File::open("/dev/null").tried("open /dev/null")?;
    if spec.stdio == Stdio::Log {
        // By the machine's own descriptor the mode of its device could be changed.
        sys::replace_stdio(&null, 0).tried("have an empty input")?;
    }
    match sys::fork().tried("start the command's process")? {
        Fork::Parent(command) => {
            // The log ends when the last process of the command does.
            sys::replace_stdio(&null, 1).tried("close the log")?;
            sys::replace_stdio(&null, 2).tried("close the log")?;
            Ok((command, gate))
        }
        Fork::Child => {
            // Its own copy would keep the gate closed.
            drop(gate);
            let _ = opened.read(&mut [0]);
            let Err(Broken(reason)) = command::execute(spec, cpus, terminal, line) as Result<Infallible, Broken>;
            let line = format!("xb: {reason}\n");
            // When the log is gone nobody is left to be told.
            let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
            exit(127)
        }
    }
}

/// Takes note of ended processes until the given one has ended, or until there are no more.
fn reap_until(last: Option<Pid>) -> Result<Option<WaitStatus>, Broken> {
    loop {
        // Also those that are traced and are nobody's children here.
        match wait(WaitOptions::from_bits_retain(libc::__WALL as u32)) {
            Ok(Some((pid, status))) if Some(pid) == last => return Ok(Some(status)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CHILD) if last.is_none() => return Ok(None),
            Err(error) => return Err(error).tried("wait for the command"),
        }
    }
}

/// Whether [`TOO_LARGE`] is what it looks like, and no number that the command chose itself.
///
/// A shell passes the number on when one of its programs was ended; then the file is there that could not grow.
fn is_limit_of_files(spec: &Spec, status: Option<WaitStatus>, written: &OwnedFd) -> bool {
    let by_signal = status.is_some_and(WaitStatus::signaled);
    command::largest_file(&spec.limits).is_some_and(|size| by_signal || disk::has_file_of(written, size))
}
