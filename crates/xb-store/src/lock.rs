//! Locks on files that end when who has them says so.
//!
//! The system ends a lock with the last copy of its descriptor, and a process that any thread starts holds copies of all
//! of them until it executes its program: a lock that is merely closed would stay for as long, and who asked for it next
//! would be told that somebody has it.

use std::fs::{File, OpenOptions};
use std::ops::Deref;
use std::path::Path;

use crate::error::{Context, Result};

/// A file whose lock goes when this is dropped, whoever else has its descriptor.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// The lock of a file that is made where there is none; nobody has it yet.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).on("cannot open", path)?;
        Ok(file.into())
    }

    #[cfg(test)]
    pub(crate) fn close_as_the_dead_do(&mut self) {
        self.0 = File::open("/dev/null").unwrap();
    }
}

impl From<File> for Lock {
    fn from(file: File) -> Self {
        Self(file)
    }
}

impl Deref for Lock {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Should the system refuse, closing it does the same a little later.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_though_a_process_that_is_being_started_has_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::open(&path).unwrap();
        first.try_lock().unwrap();
        let copy = first.try_clone().unwrap();
        let second = Lock::open(&path).unwrap();
        assert!(second.try_lock().is_err());
        drop(first);
        second.try_lock().unwrap();
        drop(copy);
        assert!(Lock::open(&path).unwrap().try_lock().is_err());
    }
}
