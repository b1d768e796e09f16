//! A sandbox for a person: `xb shell` and `xb run`.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio as ProcessStdio};
use std::sync::{Arc, Mutex, PoisonError};

use xb_build::ExecutorError;
use xb_graph::{Limits, ResolvedAction};
use xb_interpose::descriptor;

use crate::executor::{Inner, LocalExecutor};
use crate::run;
use crate::scratch::{Scratch, kept_path};
use crate::spec::{self, Report, Spec, Stdio};
use crate::terminal::pass_through;

/// What a person does in a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The program and its arguments, in place of the action's.
    pub command: Option<Vec<String>>,
    /// Whether it gets a terminal of its own, with job control: only when xb has one itself.
    pub terminal: bool,
    /// Whether it goes on with what the last failed run of the action left, when that was kept; what is written
    /// then stays.
    pub resume: bool,
    /// How many jobs it should run at once (`$jobs`).
    pub jobs: u32,
}

/// Ends a session from another thread; clones end the same one.
#[derive(Clone, Debug, Default)]
pub struct HangUp(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    control: Option<UnixStream>,
    is_cut: bool,
}

impl HangUp {
    /// Kills everything in the sandbox, or in that which would be started next.
    pub fn hang_up(&self) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.is_cut = true;
        cut(&line);
    }

    fn connect(&self, control: &UnixStream) -> io::Result<()> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.control = Some(control.try_clone()?);
        if line.is_cut {
            cut(&line);
        }
        Ok(())
    }
}

/// The child kills everything when its end of the socket closes.
fn cut(line: &Line) {
    if let Some(control) = &line.control {
        // It may be closed already.
        let _ = control.shutdown(Shutdown::Both);
    }
}

impl LocalExecutor {
    /// Runs a command in the sandbox of an action, with the standard streams of this program, and returns its exit
    /// code. There are no limits but on users, and no outputs are taken in.
    ///
    /// # Errors
    /// When there could be no sandbox, or `hang_up` ended it: a sentence for a person.
    pub fn run_interactive(
        &self,
        action: &ResolvedAction,
        session: &Session,
        hang_up: &HangUp,
    ) -> Result<i32, ExecutorError> {
        let wrong =
            |error: io::Error| ExecutorError::Machine(format!("cannot open a sandbox for {}: {error}", action.title));
        let scratch = scratch(&self.inner, action, session).map_err(wrong)?;
        let mut spec = run::spec(&self.inner, action, &scratch, session.jobs)?;
        adapt(&mut spec, session);
        let program = self.inner.child(spec.limits.users);
        match interact(program, &spec, &scratch, hang_up).map_err(wrong)? {
            Report::Ended(ended) => Ok(ended.exit_code),
            Report::Broken { reason } => Err(run::broken(action, &reason)),
            Report::Terminal => Err(run::out_of_turn(action)),
        }
    }
}

fn scratch(inner: &Inner, action: &ResolvedAction, session: &Session) -> io::Result<Scratch> {
    let kept = kept_path(&inner.scratch, action.id);
    if session.resume && kept.is_dir() {
        Scratch::reopen(kept, &inner.alive)
    } else {
        Scratch::new(&inner.scratch, &inner.alive)
    }
}

fn adapt(spec: &mut Spec, session: &Session) {
    let Limits { users, features, .. } = std::mem::take(&mut spec.limits);
    spec.limits = Limits { memory: 0, processes: 0, seconds: 0, disk: 0, log: 0, cpus: 0, users, features };
    spec.outputs.clear();
    spec.stdio = if session.terminal { Stdio::Terminal } else { Stdio::Inherit };
    if let Some(command) = &session.command {
        spec.command.clone_from(command);
    }
    if let Some(kind) = std::env::var("TERM").ok().filter(|_| session.terminal) {
        spec.env.entry("TERM".to_owned()).or_insert(kind);
    }
}

/// Starts a child and talks with it to its end.
pub fn interact(mut program: Command, spec: &Spec, scratch: &Scratch, hang_up: &HangUp) -> io::Result<Report> {
    let (mut control, theirs) = UnixStream::pair()?;
    hang_up.connect(&control)?;
    let (output, errors) = match spec.stdio {
        Stdio::Terminal | Stdio::Log => (ProcessStdio::null(), ProcessStdio::null()),
        Stdio::Inherit => (ProcessStdio::inherit(), ProcessStdio::inherit()),
    };
    let mut child = program.stdin(OwnedFd::from(theirs)).stdout(output).stderr(errors).spawn()?;
    // The command holds our end of the child's socket.
    drop(program);
    let report = converse(&mut control, spec, scratch);
    // Whoever may hang up has it, too, so that dropping it would not close it. It may be closed already.
    let _ = control.shutdown(Shutdown::Both);
    child.wait()?;
    report
}

fn converse(control: &mut UnixStream, spec: &Spec, scratch: &Scratch) -> io::Result<Report> {
    spec::send_spec(control, spec, scratch.lock())?;
    match spec.stdio {
        Stdio::Inherit => descriptor::send(&*control, rustix::stdio::stdin())?,
        Stdio::Terminal | Stdio::Log => {}
    }
    report(control, |terminal| pass_through(&terminal))
}

/// The last report; a terminal that is announced before is handed to `serve`.
fn report(control: &mut UnixStream, serve: impl FnOnce(OwnedFd) -> io::Result<()>) -> io::Result<Report> {
    match spec::receive(control)? {
        Report::Terminal => {
            serve(descriptor::receive(&*control)?)?;
            spec::receive(control)
        }
        report => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_that_cannot_be_opened_says_why_also_on_a_terminal() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        spec::send(&mut theirs, &Report::Broken { reason: "no room".to_owned() }).unwrap();
        let report = report(&mut ours, |_| panic!("there is no terminal")).unwrap();
        assert!(matches!(report, Report::Broken { reason } if reason == "no room"));
    }

    #[test]
    fn a_terminal_comes_before_the_report() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        spec::send(&mut theirs, &Report::Terminal).unwrap();
        descriptor::send(&theirs, rustix::stdio::stdin()).unwrap();
        spec::send(&mut theirs, &Report::Broken { reason: "later".to_owned() }).unwrap();
        let mut served = false;
        let report = report(&mut ours, |_| {
            served = true;
            Ok(())
        });
        assert!(matches!(report.unwrap(), Report::Broken { reason } if reason == "later"));
        assert!(served);
    }
}
