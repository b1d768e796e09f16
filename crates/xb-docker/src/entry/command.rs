//! The command's process: as it is where a shell prepares it, and asked about before each program.

use std::convert::Infallible;
use std::fmt::Display;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{DumpableBehavior, Resource, Rlimit, chdir, getrlimit, set_dumpable_behavior, setrlimit, setsid};
use rustix::thread::set_no_new_privs;
use xb_core::Arch;
use xb_interpose::{
    Broken, Tried, close_from_on_exec, disable_address_randomisation, install_filter, replace_stdio, reset_signals,
};
use xb_run::filter::filter;

use super::{BROKEN, Task};
use crate::start::{FILES, NOT_FOUND, STACK};

/// Executes the command; comes back with an exit code only when that failed.
pub fn execute(task: &Task, line: UnixStream) -> i32 {
    if let Err(broken) = replace_stdio(rustix::stdio::stdout(), 2).tried("have one stream") {
        return say(&broken, BROKEN);
    }
    if chdir(format!("/{}", task.cwd).as_str()).is_err() {
        return say(&"cannot enter the working folder", NOT_FOUND);
    }
    if let Err(broken) = prepare(line) {
        return say(&broken, BROKEN);
    }
    let Err(broken) = become_it(task);
    say(&broken, NOT_FOUND)
}

/// Says what is wrong where the command's errors go, and gives the exit code.
pub fn say(what: &dyn Display, code: i32) -> i32 {
    // When nobody listens, nobody is left to be told.
    let _ = rustix::io::write(rustix::stdio::stderr(), format!("xb: {what}\n").as_bytes());
    code
}

fn prepare(line: UnixStream) -> Result<(), Broken> {
    setsid().tried("start a session")?;
    for (resource, wanted) in [(Resource::Nofile, FILES), (Resource::Stack, STACK)] {
        let maximum = getrlimit(resource).maximum;
        let current = Some(maximum.map_or(wanted, |most| most.min(wanted)));
        setrlimit(resource, Rlimit { current, maximum }).tried(format_args!("limit {resource:?}"))?;
    }
    disable_address_randomisation().tried("fix the layout of memory")?;
    reset_signals();
    close_from_on_exec(3).tried("close descriptors")?;
    // The container has forbidden them already.
    set_no_new_privs(true).tried("forbid new privileges")?;
    // Who answers has to see what is to be executed, and nobody else is in the container yet to look.
    set_dumpable_behavior(DumpableBehavior::Dumpable).tried("show itself to who answers")?;
    let arch = Arch::host().ok_or("its architecture is not known").tried("filter system calls")?;
    install_filter(&filter(arch, true, true), Some(line)).tried("have programs asked about before they are executed")
}

fn become_it(task: &Task) -> Result<Infallible, Broken> {
    let (program, arguments) =
        task.command.split_first().ok_or_else(|| Broken("the action has no command".to_owned()))?;
    let error = Command::new(program).args(arguments).env_clear().envs(&task.env).exec();
    Err(error).tried(format_args!("execute `{program}`"))
}
