//! A sandbox's child that is started before there is anything for it to do.
//!
//! Starting the program and leaving the machine's namespaces is a good part of a small run, and depends on nothing that
//! the run says: one child does so while the run before it is still going on.

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

    /// Tells it what to do; a child that cannot be told is ended.
    fn told(mut self, tell: impl FnOnce(&mut UnixStream) -> io::Result<()>) -> io::Result<Self> {
        match tell(&mut self.control) {
            Ok(()) => Ok(self),
            Err(error) => {
                self.end();
                Err(error)
            }
        }
    }

    fn end(mut self) {
        // Nothing of it needs an orderly end; that it is gone already is no error.
        let _ = self.child.kill();
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
    /// Tells the child that waits what to do, or a new one, when there is none or it is gone.
    ///
    /// # Errors
    /// When the system refuses a new one.
    pub fn start(
        &self,
        program: impl FnOnce() -> Command,
        tell: impl Fn(&mut UnixStream) -> io::Result<()>,
    ) -> io::Result<Idle> {
        let waiting = self.with(|room| room.idle.take());
        match waiting.and_then(|idle| idle.told(&tell).ok()) {
            Some(idle) => Ok(idle),
            None => Idle::start(program())?.told(tell),
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
    use std::io::Write;
    use std::time::{Duration, Instant};

    use super::*;

    /// What waits for its input to end, as the sandbox's child does.
    fn patient() -> Command {
        Command::new("cat")
    }

    fn tell(control: &mut UnixStream) -> io::Result<()> {
        control.write_all(b"what to do")
    }

    #[test]
    fn who_waits_is_taken_once() {
        let standby = Standby::default();
        standby.refill(patient);
        standby.refill(|| panic!("one waits already"));
        let first = standby.start(|| panic!("one waits"), tell).unwrap();
        let second = standby.start(patient, tell).unwrap();
        assert_ne!(first.child.id(), second.child.id());
        first.end();
        second.end();
    }

    #[test]
    fn who_died_waiting_is_not_taken() {
        let standby = Standby::default();
        standby.refill(|| Command::new("false"));
        let dead = standby.with(|room| {
            let child = &mut room.idle.as_mut().unwrap().child;
            child.wait().unwrap();
            child.id()
        });
        let alive = standby.start(patient, tell).unwrap();
        assert_ne!(alive.child.id(), dead);
        alive.end();
    }

    #[test]
    fn nobody_waits_after_the_end_whatever_they_do() {
        let standby = Standby::default();
        let began = Instant::now();
        standby.refill(|| {
            let mut stubborn = Command::new("sleep");
            stubborn.arg("60");
            stubborn
        });
        standby.close();
        assert!(began.elapsed() < Duration::from_secs(30));
        standby.refill(|| panic!("it is closed"));
        standby.start(patient, tell).unwrap().end();
    }
}
