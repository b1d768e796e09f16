//! Real machines: what a command finds there, what it leaves, and what becomes of machines that are lost.
//!
//! QEMU and what runs in it come from the machine's own Debian mirror, once; `XB_TEST_STORE` names a store to keep
//! between runs. All tests share one executor with one machine, as a build does. When root runs them, the most
//! important ones run once more as a user without any rights.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod basics;
mod contract;
mod limits;
mod lost;
mod outputs;
mod support;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// A user whom nothing belongs to.
const NOBODY: u32 = 65534;

#[test]
fn the_first_of_it_again_without_any_rights() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Some(copy) = support::parts_for_everybody() else {
        return;
    };
    let program = std::env::current_exe().unwrap();
    let readable = Command::new(&program).uid(NOBODY).gid(NOBODY).arg("--list").output();
    if !readable.is_ok_and(|listed| listed.status.success()) {
        support::skip(&format!("user {NOBODY} cannot execute `{}`", program.display()));
        return;
    }
    let mut tests = Command::new(program);
    tests.uid(NOBODY).gid(NOBODY).arg("basics::").env(support::PARTS, copy.path()).env_remove(support::STORE);
    assert!(tests.status().unwrap().success(), "the tests failed for user {NOBODY}");
}
