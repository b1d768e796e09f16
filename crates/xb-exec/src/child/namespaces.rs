//! Leaving the caller's namespaces, with one user and one group unless more are asked for.

use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use rustix::thread::{UnshareFlags, set_thread_groups};

use super::mapper::Mapper;
use super::{Broken, Tried};
use crate::sys;

/// Leaves every namespace of the caller, and becomes user 0 of a new one.
///
/// Unless more `users` are asked for, the caller's is the only one that exists in it: this is what an unprivileged user
/// may do without help from the host, and root does the same so that a build sees no difference.
///
/// Those of a sandbox that has ended may still count for a moment: as long as `patience` lasts, room for more is waited
/// for.
pub fn leave(users: u32, patience: Duration) -> Result<(), Broken> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    if user == 0 && !is_denied() {
        set_thread_groups(&[]).tried("leave the groups of root")?;
    }
    let all = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWCGROUP;
    let mapper = if users > 1 { Some(Mapper::start(users)?) } else { None };
    unshare(all, patience).tried("make namespaces (`xb doctor` says what this machine lacks)")?;
    if let Some(mapper) = mapper {
        return mapper.map();
    }
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {user} 1"))?;
    write("/proc/self/gid_map", &format!("0 {group} 1"))
}

fn unshare(namespaces: UnshareFlags, patience: Duration) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let began = Instant::now();
    loop {
        match sys::unshare(namespaces) {
            Err(error) if is_out_of_room(&error) && began.elapsed() < patience => sleep(PAUSE),
            done => return done,
        }
    }
}

fn is_out_of_room(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOSPC | Errno::USERS))
}

/// Whether nobody here may change groups, as where a user's namespace maps that user only.
fn is_denied() -> bool {
    std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|word| word.trim() == "deny")
}

fn write(path: &str, text: &str) -> Result<(), Broken> {
    std::fs::write(path, text).tried(format_args!("write `{text}` to {path}"))
}
