//! What processes hold in files without a name: nobody finds it in a folder, nor in anybody's mapped memory.
//!
//! A file that is open nowhere is not seen: one that is only mapped, or on its way through a socket.

use std::collections::HashSet;
use std::time::Instant;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, statat, statfs};
use rustix::io::Errno;

use super::processes::Process;
use crate::sys;

/// What is held, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Files in memory.
    pub memory: u64,
    /// Files of the root.
    pub disk: u64,
}

/// Where a file is.
enum Place {
    Memory,
    Root,
    Elsewhere,
}

/// What the processes hold, each file counted once; what is closed meanwhile is not counted.
pub fn count(processes: &[Process], until: Instant) -> Held {
    let mut held = Held { memory: segments(), disk: 0 };
    let mut seen = HashSet::new();
    for folder in tables(processes) {
        let Ok(mut descriptors) = open(&format!("{folder}/fd")) else {
            continue;
        };
        while let Some(Ok(entry)) = descriptors.read() {
            if Instant::now() > until {
                return held;
            }
            // The link is followed by the kernel: the file is not opened, so it can neither block nor notice.
            let Ok(stat) = descriptors.fd().and_then(|at| statat(at, entry.file_name(), AtFlags::empty())) else {
                continue;
            };
            // A file of a layer never loses its name: it is only hidden.
            if !has_no_name(&stat) || !seen.insert((stat.st_dev, stat.st_ino)) {
                continue;
            }
            let bytes = u64::try_from(stat.st_blocks).unwrap_or(0) * 512;
            match place(&format!("{folder}/fd/{}", entry.file_name().to_string_lossy())) {
                Place::Memory => held.memory += bytes,
                Place::Root => held.disk += bytes,
                Place::Elsewhere => {}
            }
        }
    }
    held
}

/// A folder in `/proc` for each table of descriptors: threads can have tables of their own.
fn tables(processes: &[Process]) -> impl Iterator<Item = String> {
    let mut last = None;
    processes.iter().flat_map(Process::threads).filter(move |folder| {
        let thread = folder.rsplit('/').next().and_then(|number| number.parse().ok());
        let is_same = last.zip(thread).is_some_and(|(last, thread)| sys::share_descriptors(last, thread));
        last = thread;
        !is_same
    })
}

fn has_no_name(stat: &Stat) -> bool {
    stat.st_nlink == 0 && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// The numbers of devices do not tell: those of the root's files can be of the file system beneath.
fn place(path: &str) -> Place {
    match statfs(path).map(|system| system.f_type) {
        Ok(libc::TMPFS_MAGIC | libc::HUGETLBFS_MAGIC) => Place::Memory,
        Ok(libc::OVERLAYFS_SUPER_MAGIC) => Place::Root,
        _ => Place::Elsewhere,
    }
}

/// Memory in segments of System V, which stay when nobody has them: in bytes.
fn segments() -> u64 {
    let text = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    text.lines().filter_map(|line| line.split_ascii_whitespace().nth(14)?.parse::<u64>().ok()).sum()
}

fn open(folder: &str) -> Result<Dir, Errno> {
    Dir::new(openat(CWD, folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
