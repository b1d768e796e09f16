//! What a thread may do with a file, where there are several users.

use std::os::fd::{AsFd, AsRawFd};
use std::thread;

use rustix::fs::{Access, AtFlags, CWD, Gid, accessat};
use rustix::process::{DumpableBehavior, Pid, set_dumpable_behavior};
use rustix::thread::set_thread_groups;

use crate::sys;

/// As whom a thread opens files.
pub struct Caller {
    user: u32,
    group: u32,
    groups: Vec<Gid>,
}

/// Enough for who opens a file, in bytes.
const STACK: usize = 256 << 10;

/// The capability to search and to execute what others have closed: `CAP_DAC_OVERRIDE`.
const OVERRIDES: u64 = 1 << 1;

impl Caller {
    /// None for who may open what this process may, and for who is gone.
    pub fn of(thread: Pid) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", thread.as_raw_pid())).ok()?;
        Self::parse(&status)
    }

    fn parse(status: &str) -> Option<Self> {
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        // The last of four is that of files.
        let of_files = |name: &str| line(name)?.split_ascii_whitespace().nth(3)?.parse().ok();
        let capabilities = u64::from_str_radix(line("CapEff:")?.trim(), 16).ok()?;
        let groups = line("Groups:")?.split_ascii_whitespace().filter_map(|group| group.parse().ok());
        let (user, group) = (of_files("Uid:")?, of_files("Gid:")?);
        let is_privileged = capabilities & OVERRIDES != 0;
        (!is_privileged).then(|| Self { user, group, groups: groups.map(Gid::from_raw).collect() })
    }

    /// Somebody who owns files of a user and of no group.
    pub const fn owner(user: u32) -> Self {
        Self { user, group: 0, groups: Vec::new() }
    }

    /// Does something as the caller; none when that cannot be done.
    ///
    /// A thread does it: who becomes another is not killed any more when its parent ends, and init has to be.
    pub fn does<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Option<T> {
        let done = thread::scope(|scope| {
            let becomes = || {
                // Without its groups it finds less.
                let _ = set_thread_groups(&self.groups);
                sys::open_files_as(self.user, self.group);
                work()
            };
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, becomes).ok()?.join().ok()
        });
        // The kernel may show init to others now, where it is set up to do so.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        done
    }
}

/// Whether this thread, as who it opens files now, may execute a file.
pub fn may_execute(file: impl AsFd) -> bool {
    let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_opens_files_is_told_by_the_kernel() {
        let status = |capabilities: &str| {
            format!("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nCapEff:\t{capabilities}\n")
        };
        let caller = Caller::parse(&status("0000000000000400")).unwrap();
        assert_eq!((caller.user, caller.group), (4, 8));
        assert_eq!(caller.groups, [9, 10].map(Gid::from_raw));
        assert!(Caller::parse(&status("00000000800005ff")).is_none());
        assert!(Caller::parse("Uid:\t1\n").is_none());
    }
}
