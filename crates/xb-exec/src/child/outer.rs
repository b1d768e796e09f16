//! The outer process: leaves the caller's namespaces, and kills the sandbox when xb goes away.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid};

use xb_interpose::descriptor;

use super::{Broken, Tried, init, namespaces, owners, report_broken};
use crate::spec::{self, Spec, Stdio};
use crate::sys::{self, Fork};

/// How long a run waits for room for its namespaces.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the sandbox's folder is opened.
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Runs a sandbox from its [`Spec`] to its end.
pub fn run(mut control: UnixStream, users: u32) -> Result<(), ()> {
    // There may be nothing to do for long. What is refused now is tried again when there is: the machine may have had no
    // room for one more.
    let left = namespaces::leave(users, Duration::ZERO);
    let done = spec::receive_spec(&mut control).tried("read what to do").and_then(|(spec, _lock)| {
        left.or_else(|_| namespaces::leave(users, PATIENCE))?;
        // The lock is held until nothing of the sandbox runs any more.
        let scratch = (users > 1).then(|| open(&spec.scratch, FOLDER, Mode::empty()));
        let scratch = scratch.transpose().tried("open the sandbox's folder")?;
        let init = start(&mut control, &spec)?;
        let is_over = wait(&control, init)?;
        match scratch {
            // Who was kept from giving back what other users own has it done here.
            Some(scratch) if !is_over => owners::give_back(&scratch).tried("take over what other users own"),
            _ => Ok(()),
        }
    });
    done.map_err(|broken| report_broken(&mut control, broken))
}

fn start(control: &mut UnixStream, spec: &Spec) -> Result<Pid, Broken> {
    let null = OwnedFd::from(File::open("/dev/null").tried("open /dev/null")?);
    let input = match spec.stdio {
        Stdio::Inherit => &descriptor::receive(&*control).tried("have a standard input")?,
        Stdio::Log | Stdio::Terminal => &null,
    };
    sys::replace_stdio(input, 0).tried("have a standard input")?;
    match sys::fork().tried("start the sandbox's first process")? {
        Fork::Child => init::run(control, spec),
        Fork::Parent(init) => {
            // The log ends when nobody can write to it any more.
            sys::replace_stdio(&null, 1).tried("close the log")?;
            sys::replace_stdio(&null, 2).tried("close the log")?;
            Ok(init)
        }
    }
}

/// Waits for init, and kills it when xb's end of the socket closes; says whether it came to its end by itself.
fn wait(control: &UnixStream, init: Pid) -> Result<bool, Broken> {
    let handle = pidfd_open(init, PidfdFlags::empty()).tried("watch the sandbox")?;
    let mut events = [
        PollFd::from_borrowed_fd(control.as_fd(), PollFlags::RDHUP),
        PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN),
    ];
    while events.iter().all(|event| event.revents().is_empty()) {
        if poll(&mut events, None).is_err_and(|error| error != rustix::io::Errno::INTR) {
            break;
        }
    }
    if events[1].revents().is_empty() {
        // It may have ended by itself in the meantime.
        let _ = pidfd_send_signal(&handle, Signal::KILL);
    }
    let ended = waitpid(Some(init), WaitOptions::empty()).tried("wait for the sandbox")?;
    Ok(ended.is_some_and(|(_, status)| status.exit_status() == Some(0)))
}
