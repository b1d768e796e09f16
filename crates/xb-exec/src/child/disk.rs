//! What the sandbox has written to the disk.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstatvfs, openat, statat};
use rustix::io::Errno;

use super::pace::{LONGEST, Pace};
use super::{Broken, Tried};

/// Deeper folders are not counted.
const DEEPEST: usize = 500;

/// Counts are made even when the file system seems not to fill up.
const RARELY: Duration = Duration::from_secs(10);

/// With less than this to write nobody gets far.
const HARDLY_ANYTHING: u64 = 64 << 20;

/// A limit on what is written.
pub struct Disk {
    written: Arc<OwnedFd>,
    limit: u64,
    free: u64,
    last: Instant,
    counting: Pace,
    used: u64,
}

impl Disk {
    /// To be called in the sandbox's own folder.
    pub fn new(limit: u64) -> Result<Self, Broken> {
        let written = Arc::new(open(CWD, "upper").tried("watch the disk")?);
        let counting = Pace::new(Duration::ZERO);
        Ok(Self { free: free(&written), written, limit, last: Instant::now(), counting, used: 0 })
    }

    /// The folder that everything is written to.
    pub fn written(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.written)
    }

    /// Whether more was written than is allowed; `held` tells what is in files without names.
    ///
    /// The free space of the file system says whether it can be so at no cost; only then the files are counted.
    pub fn is_exceeded(&mut self, held: impl FnOnce(Instant) -> u64) -> bool {
        let taken = self.free.saturating_sub(free(&self.written));
        let suspicious = taken > self.limit / 2 || self.last.elapsed() > RARELY;
        if self.limit == 0 || !suspicious || !self.counting.is_due() {
            return false;
        }
        // In this order a file that loses its name meanwhile is not counted twice.
        self.used = self.counting.work(|until| held(until) + used(&self.written, until).bytes);
        self.last = Instant::now();
        self.used > self.limit
    }

    /// Whether hardly anything can be written, because of the limit as far as that is known, or of the file system.
    pub fn is_nearly_full(&self) -> bool {
        let of_limit = self.limit > 0 && self.used > self.limit / 10 * 9;
        of_limit || fstatvfs(&self.written).is_ok_and(|system| system.f_bavail * system.f_frsize < HARDLY_ANYTHING)
    }
}

fn free(folder: &OwnedFd) -> u64 {
    fstatvfs(folder).map_or(u64::MAX, |system| system.f_bfree * system.f_frsize)
}

/// Whether a file of this size was written, or of a larger one.
pub fn has_file_of(written: &OwnedFd, size: u64) -> bool {
    used(written, Instant::now() + LONGEST).largest >= size
}

/// What is beneath a folder.
#[derive(Default)]
struct Used {
    /// What all of it takes.
    bytes: u64,
    /// The size of the largest file.
    largest: u64,
}

/// Looks beneath a folder; what disappears meanwhile is not counted.
fn used(top: &OwnedFd, until: Instant) -> Used {
    let mut way: Vec<Dir> = open(top, ".").and_then(Dir::new).into_iter().collect();
    let mut used = Used::default();
    while Instant::now() <= until
        && let Some(folder) = way.last_mut()
    {
        let Some(Ok(entry)) = folder.read() else {
            way.pop();
            continue;
        };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok((stat, below)) = measured(folder, name) else {
            continue;
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::RegularFile {
            used.largest = used.largest.max(u64::try_from(stat.st_size).unwrap_or(0));
        }
        // A file of several names is met once for each of them.
        let names = if kind == FileType::Directory { 1 } else { stat.st_nlink.max(1) };
        used.bytes += u64::try_from(stat.st_blocks).unwrap_or(0) * 512 / names;
        if way.len() < DEEPEST {
            way.extend(below);
        }
    }
    used
}

/// What an entry takes, and the folder it is, if it is one that can be opened.
fn measured(folder: &Dir, name: &CStr) -> Result<(Stat, Option<Dir>), Errno> {
    let folder = folder.fd()?;
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    Ok((stat, is_folder.then(|| open(folder, name).and_then(Dir::new).ok()).flatten()))
}

fn open(at: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::{fs, iter, thread};

    use super::*;

    #[test]
    fn deep_folders_are_counted_with_the_stack_of_the_watch() {
        let top = tempfile::tempdir().unwrap();
        let below: std::path::PathBuf = iter::repeat_n("d", DEEPEST + 100).collect();
        fs::create_dir_all(top.path().join(&below)).unwrap();
        let near: std::path::PathBuf = iter::repeat_n("d", DEEPEST - 2).collect();
        fs::write(top.path().join(near).join("file"), vec![1; 1 << 20]).unwrap();
        let folder = open(CWD, top.path()).unwrap();
        let counting = move || used(&folder, Instant::now() + LONGEST);
        let thread = thread::Builder::new().stack_size(super::super::watch::STACK).spawn(counting).unwrap();
        assert!(thread.join().unwrap().bytes >= 1 << 20);
    }

    #[test]
    fn a_file_counts_once_however_many_names_it_has() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("file"), vec![1; 1 << 20]).unwrap();
        for name in 0..9 {
            fs::hard_link(top.path().join("file"), top.path().join(name.to_string())).unwrap();
        }
        let counted = used(&open(CWD, top.path()).unwrap(), Instant::now() + LONGEST).bytes;
        assert!((1 << 19..3 << 20).contains(&counted), "{counted}");
    }
}
