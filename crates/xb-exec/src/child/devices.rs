//! A minimal `/dev`.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, symlinkat};
use rustix::io::Errno;

use super::root::{attach, attach_at_folder, clone_mount, new_mount};
use super::{Broken, Tried};

/// The device nodes that a build may use: the host's own, since nobody else can make them.
const NODES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links by their names.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// The folder of `/dev` for what the sandbox itself needs.
pub const OWN: &str = ".xb";

/// Mounts `/dev` and returns it.
///
/// Files in `/dev/shm` are memory: they may take half of `memory`, when that is not zero.
pub fn mount(root: &OwnedFd, memory: u64) -> Result<OwnedFd, Broken> {
    let dev = new_mount("tmpfs", &[("mode", "0755"), ("size", "1m")]).tried("make `/dev`")?;
    attach_at_folder(&dev, root, "dev")?;
    fill(&dev, memory).tried("fill `/dev`")?;
    Ok(dev)
}

fn fill(dev: &OwnedFd, memory: u64) -> io::Result<()> {
    for name in NODES {
        touch(dev, name, 0o666)?;
        attach(&clone_mount(CWD, format!("/dev/{name}"))?, dev, name)?;
    }
    for (name, target) in LINKS {
        symlinkat(target, dev, name)?;
    }
    for name in ["pts", "shm", OWN] {
        mkdirat(dev, name, Mode::from_raw_mode(0o755))?;
    }
    let terminals = [("ptmxmode", "0666"), ("mode", "0620")];
    attach(&new_mount("devpts", &terminals)?, dev, "pts")?;
    let half = if memory == 0 { "50%".to_owned() } else { (memory / 2).to_string() };
    attach(&new_mount("tmpfs", &[("mode", "1777"), ("size", &half)])?, dev, "shm")?;
    Ok(())
}

/// Makes an empty file.
pub fn touch(at: impl AsFd, name: &str, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::from_raw_mode(mode))
}
