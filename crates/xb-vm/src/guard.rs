//! What starts the emulator, and what makes images: the program itself, started again, which ties its own life to that
//! of xb and then becomes the other program.
//!
//! The kernel kills who asked for it when its parent dies, and keeps that wish when a program becomes another. So no
//! machine outlives an xb that was killed, whatever runs in it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, exit};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// The first argument that makes a program the guard of another: the number of who started it follows, and then the
/// words of the other.
const ARGUMENT: &str = "__machine";

/// The exit code of a guard that could not become the other program.
const FAILED: i32 = 127;

/// A command to which the words of a program are added, and which does not outlive the thread that starts it.
pub fn command(guard: &Path) -> Command {
    let mut command = Command::new(guard);
    command.arg(ARGUMENT).arg(std::process::id().to_string());
    command
}

/// Becomes the guard of a machine when the program was started as one; returns at once otherwise.
///
/// Among the first things that `main` of a program with a [`VmExecutor`](crate::VmExecutor) does.
pub fn maybe_run_as_guard() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == ARGUMENT) {
        let parent = words.next().unwrap_or_default();
        exit(become_emulator(&parent, words.collect()))
    }
}

fn become_emulator(parent: &OsStr, words: Vec<OsString>) -> i32 {
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return FAILED;
    }
    // Whose parent died before this wish was made has another one now.
    let is_there = getppid().is_some_and(|pid| parent == OsStr::new(&pid.as_raw_nonzero().to_string()));
    let Some((program, arguments)) = words.split_first().filter(|_| is_there) else {
        return FAILED;
    };
    let error = Command::new(program).args(arguments).env_clear().exec();
    // The standard error leads to the log of the console.
    let line = format!("xb: cannot start `{}`: {error}\n", program.display());
    let _ = std::io::stderr().write_all(line.as_bytes());
    FAILED
}
