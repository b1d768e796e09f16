//! The command: a process with nothing but what the action says, which gives up every privilege and executes.

use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, ioctl_tiocsctty, set_dumpable_behavior, setrlimit, setsid,
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity, set_no_new_privs};
use xb_graph::Limits;

use super::{Broken, Tried, caps, seccomp};
use crate::spec::Spec;
use crate::sys;

/// Executes the command; comes back only when that failed.
///
/// With a terminal, that is where its standard streams lead, and what controls it.
pub fn execute(spec: &Spec, terminal: Option<OwnedFd>) -> Result<Infallible, Broken> {
    let (program, arguments) =
        spec.command.split_first().ok_or_else(|| Broken("the action has no command".to_owned()))?;
    setsid().tried("start a session")?;
    if let Some(terminal) = terminal {
        ioctl_tiocsctty(&terminal).tried("be controlled by the terminal")?;
        (0..3).try_for_each(|stream| sys::replace_stdio(&terminal, stream)).tried("use the terminal")?;
    }
    prefer_for_oom_killer();
    limit(spec)?;
    choose_cpus(spec.first_cpu, spec.limits.cpus)?;
    sys::disable_address_randomisation().tried("fix the layout of memory")?;
    rustix::process::chdir(format!("/{}", spec.cwd).as_str()).tried(format_args!("enter `/{}`", spec.cwd))?;
    sys::reset_signals();
    sys::close_from_on_exec(3).tried("close descriptors")?;
    caps::drop_all_but_kept()?;
    // There is one user, so set-id programs have nobody to become: nothing is lost by this.
    set_no_new_privs(true).tried("forbid new privileges")?;
    sys::install_filter(&seccomp::filter()).tried("install the filter of system calls")?;
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

/// Leaves `count` of the CPUs that may be used, from the one numbered `first` on and around.
fn choose_cpus(first: u32, count: u32) -> Result<(), Broken> {
    if count == 0 {
        return Ok(());
    }
    let all = sched_getaffinity(None).tried("see the CPUs")?;
    let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect();
    let mut chosen = CpuSet::new();
    around(&all, first as usize, count as usize).for_each(|cpu| chosen.set(cpu));
    sched_setaffinity(None, &chosen).tried("choose CPUs")
}

/// At most `count` of `all`, each once, from the place `first` on; after the last comes the first.
fn around(all: &[usize], first: usize, count: usize) -> impl Iterator<Item = usize> {
    let first = first % all.len().max(1);
    all.iter().copied().cycle().skip(first).take(count.min(all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_taken_in_turn() {
        let take = |first, count| around(&[2, 3, 7], first, count).collect::<Vec<_>>();
        assert_eq!(take(0, 2), [2, 3]);
        assert_eq!(take(2, 2), [7, 2]);
        assert_eq!(take(4, 1), [3]);
        assert_eq!(take(1, 9), [3, 7, 2]);
        assert_eq!(around(&[], 1, 2).count(), 0);
    }
}
