//! `xb shell`: the sandbox that a package is built in, for a person.

use xb_graph::{Method, Run};

use super::sandbox::{Opened, open};
use crate::args::{MethodName, ShellArgs};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::logs::last_run;
use crate::output::say;

/// The shell: what the standard library's scripts may call (`prepare`, `words`) can be called in it.
const SHELL: [&str; 4] = ["/bin/bash", "--rcfile", "/xb/prelude.sh", "-i"];

/// Runs the command.
///
/// # Errors
/// When the sandbox cannot be made, nothing that failed was kept, or the command fails.
pub fn run(here: &Invocation, args: &ShellArgs) -> Result<(), Failure> {
    let opened = open(here, &args.one)?;
    let run = if args.failed { failed(&opened, args.one.how.method)? } else { chosen(&opened, args.one.how.method)? };
    let action = opened.action(&args.one.work, run)?;
    if args.failed && opened.session.executors.local.kept(action.id).is_none() {
        return Err(nothing_kept(&opened));
    }
    if args.command.is_empty() && !here.is_quiet() {
        say(format!(
            "the sandbox of {}, by {}: `sh /xb/run.sh` runs the {}, `exit` leaves",
            action.title, run.method, action.step
        ));
    }
    let command = match &args.command[..] {
        [] => SHELL.map(str::to_owned).to_vec(),
        given => given.to_vec(),
    };
    opened.enter(&action, &command, args.failed)
}

/// By the method that was asked for; else on the package's own architecture.
fn chosen(opened: &Opened, method: MethodName) -> Result<&Run, Failure> {
    let cross = opened.builds().find(|(each, _)| *each == Method::Cross);
    match cross.filter(|_| method == MethodName::Cross) {
        Some((_, run)) => Ok(run),
        None => opened.own(),
    }
}

/// The run that failed last, by the method that was asked for: of the build, else of the check.
fn failed(opened: &Opened, method: MethodName) -> Result<&Run, Failure> {
    let method = match method {
        MethodName::Auto => None,
        MethodName::Cross => Some(Method::Cross),
        MethodName::Emulate => Some(Method::Emulate),
        MethodName::Native => Some(Method::Native),
    };
    let build = failed_step(opened, "build", method, opened.builds())?;
    let failed = match build {
        None => failed_step(opened, "check", method, opened.checks())?,
        build => build,
    };
    failed.ok_or_else(|| nothing_kept(opened))
}

/// The run of a step, if the step failed the last time.
fn failed_step<'o>(
    opened: &Opened,
    step: &str,
    method: Option<Method>,
    mut runs: impl Iterator<Item = (Method, &'o Run)>,
) -> Result<Option<&'o Run>, Failure> {
    let Opened { session, graph, target, .. } = opened;
    let last = last_run(&session.store, &session.project, graph, target, step, method)?;
    let failed = last.filter(|last| !last.succeeded);
    Ok(failed.and_then(|last| runs.find(|(method, _)| *method == last.method)).map(|(_, run)| run))
}

fn nothing_kept(opened: &Opened) -> Failure {
    Failure::user(format!("nothing is kept of a failed build of {} as it is described now", opened.target.id))
        .help("build it with `--keep-failed` first")
}
