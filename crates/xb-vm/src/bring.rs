//! The trees that a machine is made of, and who brings them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use xb_build::{BoxFuture, ExecutorError};
use xb_core::{Arch, TreeId};

/// The trees that a machine is made of; they are part of no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Programs of this machine with their libraries: QEMU, and what makes images of folders.
    pub emulator: TreeId,
    /// Of the other machine: a kernel with its modules, busybox, bubblewrap with its libraries.
    pub machine: TreeId,
}

/// Brings the trees that a machine is made of, when the first is started.
pub type Bring = dyn Fn() -> BoxFuture<'static, Result<Parts, ExecutorError>> + Send + Sync;

/// A tree with programs, as a folder: they are run with its own libraries, by its own loader.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folder.
    pub folder: PathBuf,
    /// The architecture of its programs.
    pub arch: Arch,
}

impl Programs {
    /// The words that run a program of the tree, followed by its arguments.
    pub fn words(&self, program: &str) -> [PathBuf; 4] {
        let libraries = self.libraries();
        [libraries.join(self.loader()), "--library-path".into(), libraries, self.folder.join("usr/bin").join(program)]
    }

    /// Where the libraries are.
    pub fn libraries(&self) -> PathBuf {
        self.folder.join("usr/lib").join(self.arch.triplet())
    }

    /// The name of the dynamic loader.
    pub const fn loader(&self) -> &'static str {
        match self.arch {
            Arch::Amd64 => "ld-linux-x86-64.so.2",
            Arch::Arm64 => "ld-linux-aarch64.so.1",
        }
    }
}

/// The only entry of a folder whose name begins with `prefix`: names of Debian's kernels have versions in them.
///
/// # Errors
/// When there is none: a sentence for a person.
pub fn only(folder: &Path, prefix: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read `{}`: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(prefix)));
    match found.pop() {
        Some(path) if found.is_empty() => Ok(path),
        Some(_) => Err(format!("there are several `{prefix}...` in `{}`", folder.display())),
        None => Err(format!("there is no `{prefix}...` in `{}`", folder.display())),
    }
}
