//! One running sandbox, as xb sees it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, sleep_until};
use xb_run::Log;

use crate::scratch::Scratch;
use crate::spec::{self, Report, Spec};
use crate::standby::{Idle, Standby};

/// A sandbox whose child was started: dropping it kills everything in it and removes its folder, in the background.
pub struct Sandbox {
    /// Empty only while it is dropped.
    parts: Option<(Child, Scratch)>,
    control: Option<UnixStream>,
    log: Option<OwnedFd>,
}

/// How a sandbox came to its end.
pub enum End {
    /// By itself.
    Reported(Report),
    /// It took too long.
    TimedOut,
}

impl Sandbox {
    /// Has a child do what the spec says.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(
        standby: &Standby,
        program: impl FnOnce() -> Command,
        spec: &Spec,
        scratch: Scratch,
    ) -> io::Result<Self> {
        let started = standby.start(program, |control| spec::send_spec(control, spec, scratch.lock()))?;
        let Idle { child, control, log } = started;
        let ready = control.set_nonblocking(true);
        let sandbox = Self { parts: Some((child, scratch)), control: Some(control), log: Some(log.into()) };
        ready.map(|()| sandbox)
    }

    /// Reads the log until the sandbox has ended.
    ///
    /// # Errors
    /// When the child ended without a report.
    pub async fn follow(
        &mut self,
        limit: Option<Duration>,
        log: &mut Log,
        mut show: impl FnMut(String),
    ) -> io::Result<End> {
        let mut output = Receiver::from_owned_fd(self.log.take().ok_or_else(gone)?)?;
        let control = self.control.take().ok_or_else(gone)?;
        let mut control = tokio::net::UnixStream::from_std(control)?;
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let overdue = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        // The report ends when its length says so: the child may take its time to end.
        let report = spec::receive_later(&mut control);
        let ended = async { tokio::try_join!(read_log(&mut output, log, &mut show), report) };
        let end = tokio::select! {
            ended = ended => ended.map(|((), report)| End::Reported(report)),
            () = overdue => Ok(End::TimedOut),
        };
        log.flush(show);
        self.control = Some(control.into_std()?);
        end
    }

    /// Its folder. After a report that the command ended nothing writes there any more.
    ///
    /// # Errors
    /// Never, but while it is dropped.
    pub fn scratch(&self) -> io::Result<&Scratch> {
        self.parts.as_ref().map(|(_, scratch)| scratch).ok_or_else(gone)
    }

    /// Waits until nothing of the sandbox is there any more, and hands its folder over.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish(mut self) -> io::Result<Scratch> {
        self.control = None;
        let (mut child, scratch) = self.parts.take().ok_or_else(gone)?;
        child.wait()?;
        Ok(scratch)
    }
}

fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

async fn read_log(from: &mut Receiver, log: &mut Log, show: &mut impl FnMut(String)) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer).await? {
            0 => break,
            length => log.push(&buffer[..length], &mut *show),
        }
    }
    Ok(())
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Its end of the socket closes, and the child kills everything.
        self.control = None;
        let Some((mut child, scratch)) = self.parts.take() else {
            return;
        };
        let cleaning = std::thread::Builder::new().spawn(move || {
            let _ = child.wait();
            drop(scratch);
        });
        // Without a thread the closure is dropped: the folder goes at once as far as it can.
        drop(cleaning);
    }
}
