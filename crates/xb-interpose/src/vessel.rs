//! Programs that give rights to who executes them: set-id programs, and those with capabilities of their file.
//!
//! The kernel gives such rights for the file that it executes, and what it executes is not the program. So it executes a
//! copy of the interpreter that was made for this once, with the program's owner, bits and capabilities: this is what
//! flag C of binfmt_misc is for. Who gets hold of such a copy can do nothing with it: it does what it is there for only
//! when init itself has started it (`helper/interpreter.c`).

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, Stat, StatVfsMountFlags, Uid, XattrFlags, fchmod, fchown, fgetxattr, fsetxattr,
    fstatvfs, openat, unlinkat,
};
use rustix::io::Errno;

const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
const GROUP_EXECUTES: u32 = 0o010;

/// The attribute that capabilities of a file are in.
const CAPABILITIES: &str = "security.capability";

/// Where copies are made, and where they are executed from.
pub struct Vessels {
    made_in: OwnedFd,
    folder: String,
    interpreter: &'static [u8],
    next: AtomicU32,
}

/// The rights that a program gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Rights {
    user: u32,
    group: u32,
    mode: u32,
    capabilities: Option<Vec<u8>>,
}

impl Rights {
    /// None for a program that gives none, or whose file system lets it give none.
    pub fn of(file: impl AsFd, stat: &Stat) -> Option<Self> {
        if fstatvfs(&file).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::NOSUID)) {
            return None;
        }
        let mut space = [0; 64];
        let capabilities = fgetxattr(&file, CAPABILITIES, &mut space).ok().map(|length| space[..length].to_vec());
        let by_group = stat.st_mode & (SET_GROUP | GROUP_EXECUTES) == SET_GROUP | GROUP_EXECUTES;
        let gives = stat.st_mode & SET_USER != 0 || by_group || capabilities.is_some();
        gives.then_some(Self { user: stat.st_uid, group: stat.st_gid, mode: stat.st_mode & 0o6777, capabilities })
    }
}

impl Vessels {
    /// Those that are made of an `interpreter` in a folder, which is open and found by this path; nobody but this process
    /// writes there.
    pub const fn new(made_in: OwnedFd, folder: String, interpreter: &'static [u8]) -> Self {
        Self { made_in, folder, interpreter, next: AtomicU32::new(0) }
    }

    /// A copy that gives these rights to who executes it: as an open file that has no name any more.
    pub fn make(&self, rights: &Rights) -> Result<OwnedFd, Errno> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let made = self.write(&name, rights).and_then(|()| {
            let path = format!("{}/{name}", self.folder);
            openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())
        });
        // Without a name it stays as long as somebody executes it.
        let _ = unlinkat(&self.made_in, &name, AtFlags::empty());
        made
    }

    fn write(&self, name: &str, rights: &Rights) -> Result<(), Errno> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&self.made_in, name, flags, Mode::from_raw_mode(0o600))?;
        rustix::io::write(&file, self.interpreter)?;
        fchown(&file, Some(Uid::from_raw(rights.user)), Some(Gid::from_raw(rights.group)))?;
        // A change of owner takes set-id bits and capabilities away.
        fchmod(&file, Mode::from_raw_mode(rights.mode))?;
        if let Some(capabilities) = &rights.capabilities {
            fsetxattr(&file, CAPABILITIES, capabilities, XattrFlags::empty())?;
        }
        Ok(())
    }
}
