//! A sandbox's child that is started before there is anything for it to do.
//!
//! Starting the program and leaving the machine's namespaces takes as long as all the rest of a small run, and depends
//! on nothing that the run says: one child does so while the run before it is still going on.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A child that waits to be told what to do: when its socket closes instead, it ends.
#[derive(Debug)]
pub struct Idle {
    /// The process.
    pub child: Child,
    /// Our end of the socket that is its standard input.
    pub control: UnixStream,
    /// Where its output and its errors can be read.
    pub log: PipeReader,
}

impl Idle {
    /// Starts one.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(mut program: Command) -> io::Result<Self> {
        let (control, theirs) = UnixStream::pair()?;
        let (log, write) = io::pipe()?;
        // A group of its own: what a terminal sends to xb's is for xb to act on.
        program.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(write.try_clone()?).stderr(write).process_group(0);
        let child = program.spawn()?;
        Ok(Self { child, control, log })
    }

    fn end(mut self) {
        drop((self.control, self.log));
        // It was ours: that it cannot be waited for means that it is gone.
        let _ = self.child.wait();
    }
}

/// Room for one idle child, which is ended when this is dropped.
#[derive(Debug, Default)]
pub struct Standby(Mutex<Room>);

#[derive(Debug, Default)]
struct Room {
    idle: Option<Idle>,
    is_closed: bool,
}

impl Standby {
    /// The child that waits, or a new one.
    ///
    /// # Errors
    /// When there is none and the system refuses another.
    pub fn take(&self, program: impl FnOnce() -> Command) -> io::Result<Idle> {
        let waiting = self.with(|room| room.idle.take());
        match waiting.and_then(|mut idle| idle.child.try_wait().is_ok_and(|ended| ended.is_none()).then_some(idle)) {
            Some(idle) => Ok(idle),
            None => Idle::start(program()),
        }
    }

    /// Has a child wait for the next run. Without one, that run starts its own.
    pub fn refill(&self, program: impl FnOnce() -> Command) {
        self.with(|room| {
            if room.idle.is_none() && !room.is_closed {
                room.idle = Idle::start(program()).ok();
            }
        });
    }

    /// Ends the child that waits, and has no more of them.
    pub fn close(&self) {
        let idle = self.with(|room| {
            room.is_closed = true;
            room.idle.take()
        });
        idle.into_iter().for_each(Idle::end);
    }

    fn with<T>(&self, change: impl FnOnce(&mut Room) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// What waits for its input to end, as the sandbox's child does.
    fn patient() -> Command {
        Command::new("cat")
    }

    #[test]
    fn who_waits_is_taken_once() {
        let standby = Standby::default();
        standby.refill(patient);
        standby.refill(|| panic!("one waits already"));
        let first = standby.take(|| panic!("one waits")).unwrap();
        let second = standby.take(patient).unwrap();
        assert_ne!(first.child.id(), second.child.id());
        first.end();
        second.end();
    }

    #[test]
    fn who_died_waiting_is_not_taken() {
        let standby = Standby::default();
        standby.refill(|| Command::new("false"));
        let dead = standby.with(|room| room.idle.as_mut().unwrap().child.wait()).unwrap();
        assert_eq!((dead.code(), dead.signal()), (Some(1), None));
        standby.take(patient).unwrap().end();
    }

    #[test]
    fn nobody_waits_after_the_end() {
        let standby = Standby::default();
        standby.refill(patient);
        standby.close();
        standby.refill(|| panic!("it is closed"));
        standby.take(patient).unwrap().end();
    }
}
