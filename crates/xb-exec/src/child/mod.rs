//! The child's side of the sandbox: one program, three processes.
//!
//! The *outer* process is started by xb; it leaves the caller's namespaces, starts the first process of the new pid
//! namespace and waits. That *init* sets up mounts, starts the command, watches the limits and reports; when it
//! ends the kernel kills whatever is left. The *command* gives up every privilege and executes the program.
//!
//! No path of the machine is reachable once init has changed the root, and no descriptor of xb's is open in the
//! command. Nothing here depends on the host but its kernel and the device nodes of `/dev`.

mod caps;
mod command;
mod cpus;
mod devices;
mod disk;
mod foreign;
mod held;
mod init;
mod mapper;
mod memory;
mod namespaces;
mod outer;
mod outputs;
mod owners;
mod pace;
mod proc;
mod processes;
mod root;
mod terminal;
mod vessels;
mod watch;

use std::os::unix::net::UnixStream;
use std::process::exit;

use xb_interpose::{Broken, Tried};

use crate::spec::{self, Report};
use crate::sys;

/// The first argument that makes a program that offers the sandbox its child.
pub const ARGUMENT: &str = "__sandbox";

/// Becomes the sandbox's child when the program was started as one; returns at once otherwise.
///
/// The first thing that `main` of a program with a [`LocalExecutor`](crate::LocalExecutor) does: it also sees to it that
/// the program can wait for children.
pub fn maybe_run_as_child() {
    if std::env::args_os().nth(1).is_some_and(|first| first == ARGUMENT) {
        sandbox_main();
    }
    sys::expect_children();
}

/// The sandbox's child: reads what to do from its standard input, and never returns.
///
/// Its second argument tells how many users there are: that is settled before anything else is known.
pub fn sandbox_main() -> ! {
    sys::expect_children();
    let users = std::env::args().nth(2).and_then(|users| users.parse().ok()).unwrap_or(1);
    let code = match sys::take_stdio(0) {
        Ok(control) => match outer::run(UnixStream::from(control), users) {
            Ok(()) => 0,
            Err(()) => 1,
        },
        Err(_) => 2,
    };
    exit(code)
}

/// Tells xb that the sandbox could not be set up.
fn report_broken(control: &mut UnixStream, Broken(reason): Broken) {
    // When xb is gone nobody is left to be told.
    let _ = spec::send(control, &Report::Broken { reason });
}
