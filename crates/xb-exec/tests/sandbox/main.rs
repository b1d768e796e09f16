//! The local executor from outside: what a command gets, what it cannot get at, and what is left of it.
//!
//! Every test runs as the user who runs it, and when that is root all of them run once more as a user without any
//! rights.

mod basics;
mod emulation;
mod escape;
mod limits;
mod session;
mod support;
mod users;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// A user whom nothing belongs to.
const NOBODY: u32 = 65534;

#[test]
fn everything_again_without_any_rights() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let readable = Command::new(&program).uid(NOBODY).gid(NOBODY).arg("--list").output();
    if !readable.is_ok_and(|listed| listed.status.success()) {
        support::skip(&format!("user {NOBODY} cannot execute `{}`", program.display()));
        return;
    }
    let status = Command::new(program)
        .uid(NOBODY)
        .gid(NOBODY)
        .args(std::env::args_os().skip(1).filter(|argument| argument != "--exact"))
        .status()
        .unwrap();
    assert!(status.success(), "the tests failed for user {NOBODY}");
}
