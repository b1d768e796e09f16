//! Leaving the caller's namespaces, with one user and one group.

use rustix::process::{getegid, geteuid};
use rustix::thread::{UnshareFlags, set_thread_groups};

use super::{Broken, Tried};
use crate::sys;

/// Leaves every namespace of the caller, and becomes user 0 of a new one.
///
/// The caller's user is the only one that exists in it: this is what an unprivileged user may do without help from
/// the host, and root does the same so that a build sees no difference.
pub fn leave() -> Result<(), Broken> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    if user == 0 {
        set_thread_groups(&[]).tried("leave the groups of root")?;
    }
    let all = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWCGROUP;
    sys::unshare(all).tried("make namespaces (`xb doctor` says what this machine lacks)")?;
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {user} 1"))?;
    write("/proc/self/gid_map", &format!("0 {group} 1"))
}

fn write(path: &str, text: &str) -> Result<(), Broken> {
    std::fs::write(path, text).tried(format_args!("write `{text}` to {path}"))
}
