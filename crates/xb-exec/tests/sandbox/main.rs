//! The local executor from outside: what a command gets, what it cannot get at, and what is left of it.
//!
//! Every test runs as the user who runs it, and when that is root all of them run once more as a user without any
//! rights; as each, once more where init interposes on `execve`, without those that say so themselves and without those
//! that are a burden to the machine.

mod basics;
mod contract;
mod emulation;
mod entries;
mod escape;
mod interposition;
mod limits;
mod session;
mod support;
mod users;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;

/// A user whom nothing belongs to.
const NOBODY: u32 = 65534;

/// Says how emulators are started, and that the tests run again.
const WAY: &str = "XB_EMULATION";

/// What runs again runs after what has run again before.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn everything_again_without_any_rights() {
    if !rustix::process::geteuid().is_root() || std::env::var_os(WAY).is_some() {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let readable = Command::new(&program).uid(NOBODY).gid(NOBODY).arg("--list").output();
    if !readable.is_ok_and(|listed| listed.status.success()) {
        support::skip(&format!("user {NOBODY} cannot execute `{}`", program.display()));
        return;
    }
    again(Command::new(program).uid(NOBODY).gid(NOBODY), &format!("for user {NOBODY}"));
}

#[test]
fn everything_again_by_interposition() {
    if std::env::var_os(WAY).is_none() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(WAY, "interpose").args(["--skip", "interposition::", "--skip", "limits::processes"]);
        again(&mut command, "by interposition");
    }
}

#[track_caller]
fn again(command: &mut Command, how: &str) {
    let _turn = TURN.lock();
    let status = command.args(std::env::args_os().skip(1).filter(|argument| argument != "--exact")).status().unwrap();
    assert!(status.success(), "the tests failed {how}");
}
