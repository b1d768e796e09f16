//! The process of an emulator, and the thread that started it.
//!
//! The kernel takes the end of that thread for the end of the parent: so it waits until the process has ended.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::channel;
use std::thread::{Builder, JoinHandle};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process that is killed and waited for when this is dropped.
#[derive(Debug)]
pub struct Keeper {
    process: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let thread = Builder::new().name("machine".to_owned()).spawn(move || {
            let started = command.spawn();
            // Its ends of the sockets are the emulator's alone.
            drop(command);
            match started.and_then(|child| Ok((open(&child)?, child))) {
                Ok((process, mut child)) => {
                    let _ = sender.send(Ok(process));
                    let _ = child.wait();
                }
                Err(error) => drop(sender.send(Err(error))),
            }
        })?;
        let process = receiver.recv().map_err(io::Error::other)??;
        Ok(Self { process, thread: Some(thread) })
    }

    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

fn open(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Who has ended already cannot be killed.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
