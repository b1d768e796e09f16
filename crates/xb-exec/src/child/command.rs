//! The command: a process with nothing but what the action says, which gives up every privilege and executes.

use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, ioctl_tiocsctty, set_dumpable_behavior, setrlimit, setsid,
};
use rustix::thread::set_no_new_privs;
use xb_core::Arch;
use xb_graph::Limits;
use xb_interpose::install_filter;
use xb_run::filter::filter;

use super::cpus::Cpus;
use super::{Broken, Tried, caps};
use crate::spec::Spec;
use crate::sys;

/// Executes the command; comes back only when that failed.
///
/// With a terminal, that is where its standard streams lead, and what controls it. With a line, init is asked about each
/// program before it is executed.
pub fn execute(
    spec: &Spec,
    cpus: &Cpus,
    terminal: Option<OwnedFd>,
    line: Option<UnixStream>,
) -> Result<Infallible, Broken> {
    let (program, arguments) =
        spec.command.split_first().ok_or_else(|| Broken("the action has no command".to_owned()))?;
    setsid().tried("start a session")?;
    if let Some(terminal) = terminal {
        ioctl_tiocsctty(&terminal).tried("be controlled by the terminal")?;
        (0..3).try_for_each(|stream| sys::replace_stdio(&terminal, stream)).tried("use the terminal")?;
    }
    prefer_for_oom_killer();
    limit(spec)?;
    cpus.confine()?;
    sys::disable_address_randomisation().tried("fix the layout of memory")?;
    rustix::process::chdir(format!("/{}", spec.cwd).as_str()).tried(format_args!("enter `/{}`", spec.cwd))?;
    sys::reset_signals();
    sys::close_from_on_exec(3).tried("close descriptors")?;
    let is_alone = spec.limits.users <= 1;
    if is_alone {
        // Set-id programs have nobody to become: nothing is lost by this.
        set_no_new_privs(true).tried("forbid new privileges")?;
    }
    let is_asked_about = line.is_some();
    let arch = Arch::host().ok_or("its architecture is not known").tried("filter system calls")?;
    install_filter(&filter(arch, is_alone, is_asked_about), line).tried("install the filter of system calls")?;
    caps::drop_all_but_kept()?;
    if is_asked_about {
        // Init has to see what is to be executed, and nobody else is in the sandbox yet to look.
        set_dumpable_behavior(DumpableBehavior::Dumpable).tried("show itself to init")?;
    }
    let error = Command::new(program).args(arguments).env_clear().envs(&spec.env).exec();
    Err(error).tried(format_args!("execute `{program}`"))
}

/// When the machine runs out of memory, this goes first.
fn prefer_for_oom_killer() {
    // A process that hides as init does has files in `/proc` that belong to the machine's root. Nobody but init is in
    // the sandbox yet to look, and what is executed later hides or not as it likes.
    let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    // Only a wish: nothing depends on it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

fn limit(spec: &Spec) -> Result<(), Broken> {
    const STACK: u64 = 8 << 20;
    let fixed = [
        (Resource::Core, Some(0), Some(0)),
        (Resource::Nofile, Some(4096), Some(1 << 20)),
        (Resource::Stack, Some(STACK), None),
        (Resource::Cpu, None, None),
        (Resource::Data, None, None),
        (Resource::As, None, None),
        (Resource::Rss, None, None),
        (Resource::Fsize, largest_file(&spec.limits), largest_file(&spec.limits)),
        (Resource::Nproc, some(spec.limits.processes), some(spec.limits.processes)),
    ];
    for (resource, soft, hard) in fixed {
        // What the caller may not have, the command cannot have either.
        let most = getrlimit(resource).maximum;
        let wanted = Rlimit { current: lower(soft, most), maximum: lower(hard, most) };
        setrlimit(resource, wanted).tried(format_args!("limit {resource:?}"))?;
    }
    Ok(())
}

/// The size that no file may grow beyond, if there is one.
pub fn largest_file(limits: &Limits) -> Option<u64> {
    lower(some(limits.disk), getrlimit(Resource::Fsize).maximum)
}

fn some(limit: u64) -> Option<u64> {
    (limit > 0).then_some(limit)
}

fn lower(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
