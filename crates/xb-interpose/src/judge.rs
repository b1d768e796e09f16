//! Whether the kernel can execute a program itself, and what is to be executed where it cannot.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::{Errno, pread};
use rustix::process::Pid;

use crate::caller::{Caller, may_execute};
use crate::find::{Finder, Found, identity};
use crate::means::Means;
use crate::program::{HEAD, Program};
use crate::stack::Word;
use crate::sys::{self, Request};
use crate::vessel::{Rights, Vessels};

/// As many interpreters of interpreters as the kernel goes through, and the program itself.
const DEEPEST: usize = 5;

/// Bytes of the longest path, with the zero at its end.
const LONGEST: usize = 4096;

/// A program that a thread wants to execute.
pub struct Wanted {
    thread: Pid,
    at: i32,
    path: CString,
    follow: bool,
    /// Where the zero is that ends the path in the thread's memory.
    pub end: u64,
    /// Where its arguments are.
    pub arguments: u64,
    /// Where its environment is.
    pub environment: u64,
}

impl Wanted {
    /// None for what the kernel refuses, or what is no program that is to be started.
    pub fn of(request: &Request) -> Option<Self> {
        let [first, second, third, fourth, fifth, _] = request.arguments;
        let (at, path, arguments, environment, flags) = match request.call {
            libc::SYS_execve => (libc::AT_FDCWD, first, second, third, 0),
            _ => (first as i32, second, third, fourth, fifth as i32),
        };
        if flags & !(libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) != 0 {
            return None;
        }
        let mut space = [0; LONGEST];
        let length = sys::read_memory(request.thread, path, &mut space).ok()?;
        let text = CStr::from_bytes_until_nul(&space[..length]).ok()?.to_owned();
        if text.is_empty() && flags & libc::AT_EMPTY_PATH == 0 {
            return None;
        }
        let follow = flags & libc::AT_SYMLINK_NOFOLLOW == 0;
        let end = path.wrapping_add(text.count_bytes() as u64);
        Some(Self { thread: request.thread, at, path: text, follow, end, arguments, environment })
    }

    /// As the kernel itself calls it.
    fn name(&self) -> CString {
        let path = self.path.to_bytes();
        let text = match (self.at, path) {
            (libc::AT_FDCWD, _) | (_, [b'/', ..]) => return self.path.clone(),
            (at, []) => format!("/dev/fd/{at}").into_bytes(),
            (at, path) => [format!("/dev/fd/{at}/").as_bytes(), path].concat(),
        };
        CString::new(text).unwrap_or_default()
    }
}

/// What is to be executed in place of a program.
pub struct Plan<'a> {
    means: &'a Means,
    vessel: Option<OwnedFd>,
    first: Word,
    rest: Vec<CString>,
    /// What the program is called by.
    pub name: CString,
    /// Where the emulator finds it.
    pub program: Place,
}

/// Where another program finds a file.
pub enum Place {
    /// By a path.
    Path(CString),
    /// Nowhere, unless it is handed the open file.
    Descriptor(OwnedFd),
}

impl Plan<'_> {
    /// The file to be executed.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.vessel.as_ref().map_or_else(|| self.means.file(), AsFd::as_fd)
    }

    /// What it gets in place of the first argument.
    pub fn words(&self, program: CString) -> Vec<Word> {
        let mut words = self.means.words(program, self.first.clone(), self.vessel.is_some());
        words.extend(self.rest.iter().cloned().map(Word::Text));
        words
    }
}

/// Decides about programs.
pub struct Judge {
    /// The architectures that the kernel cannot execute.
    pub means: Vec<Means>,
    /// Where there are several users, of whom not all may do everything.
    pub vessels: Option<Vessels>,
}

/// One of the files that lead to a program, read.
struct Link {
    found: Found,
    readable: OwnedFd,
    stat: rustix::fs::Stat,
}

impl Judge {
    /// What is to be executed in place of a program, unless the kernel is to see to it: it also says best what is wrong.
    ///
    /// Paths are looked at here, and once more by whoever executes them. Who changes them in between, in the memory of
    /// its own threads or on the disk, has its own program fail or another one of its own started.
    pub fn plan(&self, wanted: &Wanted) -> Option<Plan<'_>> {
        let caller = self.vessels.as_ref().and_then(|_| Caller::of(wanted.thread));
        let (mut at, mut path, mut follow) = (wanted.at, wanted.path.clone(), wanted.follow);
        let (mut name, mut first, mut rest) = (wanted.name(), Word::First, Vec::new());
        let mut links: Vec<Link> = Vec::new();
        for _ in 0..=DEEPEST {
            let link = Link::open(wanted.thread, at, &path, follow, caller.as_ref())?;
            let program = link.program()?;
            links.push(link);
            match program {
                Program::Elf(arch) => {
                    let means = self.means.iter().find(|means| means.arch == arch)?;
                    if !links.iter().all(|link| link.may_be_executed(caller.as_ref())) {
                        return None;
                    }
                    let last = links.pop()?;
                    let vessel = self.vessel(&last)?;
                    let program = last.found.place(name.clone(), caller.as_ref())?;
                    return Some(Plan { means, vessel, first, rest, name, program });
                }
                Program::Script { interpreter, argument } => {
                    rest.splice(0..0, argument.into_iter().chain([name]));
                    first = Word::Text(interpreter.clone());
                    (at, path, follow) = (libc::AT_FDCWD, interpreter.clone(), true);
                    name = interpreter;
                }
                Program::Other => return None,
            }
        }
        None
    }

    /// The copy of the interpreter that gives a program's rights, where it gives any; none at all if that fails.
    fn vessel(&self, program: &Link) -> Option<Option<OwnedFd>> {
        let Some(vessels) = &self.vessels else {
            return Some(None);
        };
        match Rights::of(&program.readable, &program.stat) {
            Some(rights) => vessels.make(&rights).ok().map(Some),
            None => Some(None),
        }
    }
}

impl Link {
    fn open(thread: Pid, at: i32, path: &CStr, follow: bool, caller: Option<&Caller>) -> Option<Self> {
        let finder = Finder::new(thread, at, path).ok()?;
        let found = as_caller(caller, || finder.find(path, follow))?.ok()?;
        let stat = fstat(&found.file).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return None;
        }
        // Who may execute a file need not be able to read it, but the kernel reads it.
        let readable = read_only(&found.file).ok()?;
        Some(Self { found, readable, stat })
    }

    fn program(&self) -> Option<Program> {
        let mut head = [0; HEAD];
        let length = pread(&self.readable, &mut head, 0).ok()?;
        Some(Program::of(&head[..length]))
    }

    /// Whether the kernel would have come as far as to see what the file is.
    fn may_be_executed(&self, caller: Option<&Caller>) -> bool {
        if !as_caller(caller, || may_execute(&self.found.file)).unwrap_or(false) {
            return false;
        }
        let owner = (self.stat.st_uid != 0).then(|| Caller::owner(self.stat.st_uid));
        !as_caller(owner.as_ref(), || sys::is_written_to(&self.readable)).unwrap_or(false)
    }
}

impl Found {
    /// Where the emulator finds the file, which is called by `name`; nowhere when it has no path and cannot be read.
    fn place(self, name: CString, caller: Option<&Caller>) -> Option<Place> {
        if self.by_path {
            return Some(Place::Path(name));
        }
        if let Ok(path) = self.path() {
            return Some(Place::Path(path));
        }
        as_caller(caller, || read_only(&self.file))?.ok().map(Place::Descriptor)
    }

    /// The path that the file has, if it has one.
    fn path(&self) -> Result<CString, Errno> {
        let path = readlinkat(CWD, format!("/proc/self/fd/{}", self.file.as_raw_fd()), Vec::new())?;
        let there = statat(CWD, OsStr::from_bytes(path.to_bytes()), AtFlags::SYMLINK_NOFOLLOW)?;
        if identity(&there) == identity(&fstat(&self.file)?) { Ok(path) } else { Err(Errno::NOENT) }
    }
}

/// Opens for reading what is open as a place. Who has a lease on it keeps only those waiting who execute it.
fn read_only(file: &OwnedFd) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    openat(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
}

fn as_caller<T: Send>(caller: Option<&Caller>, work: impl FnOnce() -> T + Send) -> Option<T> {
    match caller {
        Some(caller) => caller.does(work),
        None => Some(work()),
    }
}
