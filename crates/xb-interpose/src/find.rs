//! Finding the file that another thread names, where that thread would find it.

use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    CWD, FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, Stat, fstat, fstatfs, openat, openat2, readlinkat,
};
use rustix::io::Errno;
use rustix::process::Pid;

/// As many links as the kernel follows for one path.
const MOST_LINKS: usize = 40;

/// The root of every `/proc`.
const PROC_ROOT: u64 = 1;

const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// A file that was found.
pub struct Found {
    /// Opened as a place only.
    pub file: OwnedFd,
    /// Whether another program finds it by the same path.
    pub by_path: bool,
}

/// Who looks, and where its path begins.
pub struct Finder {
    thread: i32,
    /// None where it is the one of this process.
    root: Option<OwnedFd>,
    start: Start,
}

enum Start {
    Root,
    Folder(OwnedFd),
    /// By a descriptor, which another program may not have.
    Descriptor(OwnedFd),
}

impl Finder {
    /// For a path beneath a descriptor of the thread, or beneath its working folder, which is `AT_FDCWD`.
    pub fn new(thread: Pid, at: i32, path: &CStr) -> Result<Self, Errno> {
        let thread = thread.as_raw_pid();
        let open = |name: &str| openat(CWD, format!("/proc/{thread}/{name}"), PLACE, Mode::empty());
        let is_own = readlinkat(CWD, format!("/proc/{thread}/root"), Vec::new())?.as_bytes() == b"/";
        let root = if is_own { None } else { Some(open("root")?) };
        let start = match (path.to_bytes().first(), at) {
            (Some(b'/'), _) => Start::Root,
            (_, libc::AT_FDCWD) => Start::Folder(open("cwd")?),
            (_, at) => Start::Descriptor(open(&format!("fd/{at}"))?),
        };
        Ok(Self { thread, root, start })
    }

    /// Finds the file. An empty path is that of the descriptor itself.
    pub fn find(self, path: &CStr, follow: bool) -> Result<Found, Errno> {
        let is_in_sight = !matches!(self.start, Start::Descriptor(_));
        if path.is_empty() {
            return match self.start {
                Start::Root => Err(Errno::NOENT),
                Start::Folder(file) | Start::Descriptor(file) => Ok(Found { file, by_path: false }),
            };
        }
        if self.root.is_none() {
            let flags = if follow { PLACE } else { PLACE | OFlags::NOFOLLOW };
            let start = match &self.start {
                Start::Root => CWD,
                Start::Folder(folder) | Start::Descriptor(folder) => folder.as_fd(),
            };
            match openat2(start, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
                // Links of `/proc` mean something else to who follows them.
                Err(Errno::LOOP) => {}
                done => return done.map(|file| Found { file, by_path: is_in_sight }),
            }
        }
        let root = match self.root {
            Some(root) => root,
            None => openat(CWD, "/", PLACE, Mode::empty())?,
        };
        let here = match self.start {
            Start::Root => root.try_clone().map_err(|_| Errno::MFILE)?,
            Start::Folder(folder) | Start::Descriptor(folder) => folder,
        };
        let mut walk = Walk { thread: self.thread, root, by_path: is_in_sight };
        let file = walk.along(here, path.to_bytes(), follow)?;
        Ok(Found { file, by_path: walk.by_path })
    }
}

/// A path that is followed name by name.
struct Walk {
    thread: i32,
    root: OwnedFd,
    by_path: bool,
}

impl Walk {
    fn along(&mut self, start: OwnedFd, path: &[u8], follow: bool) -> Result<OwnedFd, Errno> {
        let mut here = start;
        let mut names: VecDeque<Vec<u8>> = names(path).collect();
        let mut links = 0;
        while let Some(name) = names.pop_front() {
            if name == b".." && is_same(&here, &self.root)? {
                continue;
            }
            let name = CString::new(name).map_err(|_| Errno::NOENT)?;
            let next = openat(&here, &name, PLACE | OFlags::NOFOLLOW, Mode::empty())?;
            let is_link = FileType::from_raw_mode(fstat(&next)?.st_mode) == FileType::Symlink;
            if !is_link || (names.is_empty() && !follow) {
                here = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::LOOP);
            }
            match self.target(&here, &name)? {
                Target::File(file) => here = file,
                Target::Path(path) => {
                    if path.first() == Some(&b'/') {
                        here = self.root.try_clone().map_err(|_| Errno::MFILE)?;
                    }
                    self::names(&path).rev().for_each(|name| names.push_front(name));
                }
            }
        }
        Ok(here)
    }

    fn target(&mut self, folder: &OwnedFd, name: &CStr) -> Result<Target, Errno> {
        if fstatfs(folder)?.f_type != PROC_SUPER_MAGIC {
            return Ok(Target::Path(readlinkat(folder, name, Vec::new())?.into_bytes()));
        }
        if fstat(folder)?.st_ino != PROC_ROOT {
            // What such a link says is no path; the kernel knows where it leads.
            self.by_path = false;
            return openat(folder, name, PLACE, Mode::empty()).map(Target::File);
        }
        let process = || process(self.thread).ok_or(Errno::SRCH);
        Ok(Target::Path(match name.to_bytes() {
            b"self" => process()?.to_string().into_bytes(),
            b"thread-self" => format!("{}/task/{}", process()?, self.thread).into_bytes(),
            _ => readlinkat(folder, name, Vec::new())?.into_bytes(),
        }))
    }
}

enum Target {
    File(OwnedFd),
    Path(Vec<u8>),
}

/// A name that is empty, as after a last `/`, is a folder's own.
fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|byte| *byte == b'/').map(|name| if name.is_empty() { b".".to_vec() } else { name.to_vec() })
}

/// The process of a thread.
fn process(thread: i32) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let number = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    number.trim().parse().ok()
}

/// Whether two open files are the same one.
pub fn is_same(one: impl AsFd, other: impl AsFd) -> Result<bool, Errno> {
    Ok(identity(&fstat(one)?) == identity(&fstat(other)?))
}

/// What tells a file from all others.
pub const fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;

    use super::*;

    fn own() -> Pid {
        rustix::thread::gettid()
    }

    fn find(at: i32, path: &str, follow: bool) -> Result<(bool, (u64, u64)), Errno> {
        let path = CString::new(path).unwrap();
        let found = Finder::new(own(), at, &path)?.find(&path, follow)?;
        Ok((found.by_path, identity(&fstat(&found.file)?)))
    }

    #[test]
    fn a_file_is_found_by_every_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("d")).unwrap();
        std::fs::write(path.join("d/file"), "x").unwrap();
        symlink("../d/./file", path.join("d/link")).unwrap();
        symlink("round", path.join("round")).unwrap();
        let open = |name: &str| std::fs::File::open(path.join(name)).unwrap();
        let (place, file) = (open("d"), open("d/file"));
        let (at, descriptor) = (place.as_raw_fd(), file.as_raw_fd());
        let wanted = identity(&fstat(&file).unwrap());
        let text = path.display();
        for by_path in [format!("{text}/d/file"), format!("{text}/d/link"), format!("{text}//d/../d/file")] {
            assert_eq!(find(libc::AT_FDCWD, &by_path, true), Ok((true, wanted)), "{by_path}");
        }
        let ways = [
            (at, "file".to_owned()),
            (at, "link".to_owned()),
            (descriptor, String::new()),
            (libc::AT_FDCWD, format!("/proc/self/fd/{descriptor}")),
            (libc::AT_FDCWD, format!("/dev/fd/{at}/link")),
            (libc::AT_FDCWD, format!("/proc/thread-self/fd/{at}/../d/file")),
        ];
        for (at, way) in &ways {
            assert_eq!(find(*at, way, true), Ok((false, wanted)), "{way}");
        }
        assert_ne!(find(at, "link", false).unwrap().1, wanted);
        assert_eq!(find(libc::AT_FDCWD, &format!("{text}/round"), true), Err(Errno::LOOP));
        assert_eq!(find(libc::AT_FDCWD, &format!("{text}/d/nothing"), true), Err(Errno::NOENT));
        assert_eq!(find(descriptor, "x", true), Err(Errno::NOTDIR));
        let executable = identity(&fstat(std::fs::File::open("/proc/self/exe").unwrap()).unwrap());
        assert_eq!(find(libc::AT_FDCWD, "/proc/self/exe", true), Ok((false, executable)));
        assert_eq!(find(libc::AT_FDCWD, "/proc/self/exe/", true), Err(Errno::NOTDIR));
    }
}
