//! A fresh `/proc` whose settings of the machine cannot be changed.

use std::os::fd::OwnedFd;

use rustix::fs::AtFlags;
use rustix::fs::{Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use rustix::system::uname;

use super::root::{attach, attach_at_folder, clone_mount, new_mount};
use super::{Broken, Tried};
use crate::emulator::kernel_version;
use crate::spec::Spec;

/// Mounts `/proc` and returns it.
///
/// Who is root on the machine owns the machine's settings even in a user namespace and without any capability.
/// So everything in `/proc` that is not about processes and could be written to is made read-only.
pub fn mount(root: &OwnedFd, spec: &Spec) -> Result<OwnedFd, Broken> {
    let proc = new_mount("proc", &[]).tried("mount `/proc`")?;
    attach_at_folder(&proc, root, "proc")?;
    set(&proc, "sys/user/max_user_namespaces", "0").tried("forbid user namespaces")?;
    if spec.limits.processes > 0 && has_pids_of_its_own() {
        let most = spec.limits.processes.clamp(301, 4 << 20);
        let _ = set(&proc, "sys/kernel/pid_max", &most.to_string());
    }
    for name in settings(&proc).tried("read `/proc`")? {
        protect(&proc, &name).tried(format_args!("protect `/proc/{name}`"))?;
    }
    Ok(proc)
}

/// Whether a sandbox has a highest process number of its own; before, there was one for the whole machine, which root may
/// set even from a sandbox.
fn has_pids_of_its_own() -> bool {
    kernel_version(&uname().release().to_string_lossy()) >= (6, 14)
}

fn set(proc: &OwnedFd, name: &str, value: &str) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(proc, name, flags, Mode::empty())?;
    rustix::io::write(&file, value.as_bytes()).map(drop)
}

/// The names in `/proc` that are not about processes: folders, and files that somebody may write to.
fn settings(proc: &OwnedFd) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::new(openat(proc, ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            continue;
        }
        let stat = statat(proc, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        let writable = stat.st_mode & 0o222 != 0;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => names.push(name),
            FileType::RegularFile if writable => names.push(name),
            _ => {}
        }
    }
    Ok(names)
}

fn protect(proc: &OwnedFd, name: &str) -> Result<(), Broken> {
    let copy = clone_mount(proc, name).tried("copy it read-only")?;
    attach(&copy, proc, name).tried("attach")
}
