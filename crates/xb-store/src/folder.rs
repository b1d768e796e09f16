//! Folders of one's own: locked as long as they are in use, so that those of the dead can be told and removed.
//!
//! Whoever holds a descriptor of a folder's lock uses the folder; a lock outlives a process that is killed as long as
//! another one, to which the descriptor was handed, goes on. So a folder that is locked is never removed nor used a
//! second time, and one whose lock can be had is used by nobody. Whoever drops a [`LockedFolder`] says that nobody goes
//! on.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lock::Lock;
use crate::remove::remove_folder;

/// The time between the making of a folder and its locking, on all but the slowest machines.
const LOCKED_WITHIN: Duration = Duration::from_secs(2);

/// A folder that nobody else uses: one that was made goes when this is dropped, unless it is kept.
#[derive(Debug)]
pub struct LockedFolder {
    path: PathBuf,
    lock: Lock,
    kept: bool,
}

impl LockedFolder {
    /// Makes one in `parent`, under a new name that begins with `prefix`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(parent: &Path, prefix: &str) -> io::Result<Self> {
        let make = || {
            let path = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?.keep();
            let mut folder = Self::lock(path)?;
            folder.kept = false;
            Ok(folder)
        };
        match make() {
            // On a machine that stood still since, somebody took it for a dead one's.
            Err(error) if is_taken(&error) && parent.is_dir() => make(),
            made => made,
        }
    }

    /// Takes over one that nobody uses, and keeps it.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when somebody does, [`io::ErrorKind::NotFound`] when it is not there.
    pub fn lock(path: PathBuf) -> io::Result<Self> {
        let lock = Lock::from(File::open(&path)?);
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => in_use(&path),
            TryLockError::Error(error) => error,
        })?;
        if lock.metadata()?.nlink() == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { path, lock, kept: true })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What keeps everybody else out: whoever holds it uses the folder.
    pub fn lock_file(&self) -> &File {
        &self.lock
    }

    /// Keeps it under another name, in place of what had that name before.
    ///
    /// # Errors
    /// When the system refuses, or somebody uses what had that name before.
    pub fn keep_as(&mut self, path: &Path) -> io::Result<()> {
        let _before = match Self::lock(path.to_owned()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            locked => Some(locked?),
        };
        remove_folder(path)?;
        fs::rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        self.kept = true;
        Ok(())
    }
}

impl Drop for LockedFolder {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed by a later xb.
            let _ = remove_folder(&self.path);
        }
    }
}

/// Removes a folder unless somebody uses it or was faster, and says whether it did.
///
/// # Errors
/// When the system refuses.
pub fn remove_unused(path: &Path) -> io::Result<bool> {
    match LockedFolder::lock(path.to_owned()) {
        Err(error) if is_taken(&error) => Ok(false),
        locked => locked.and_then(|_folder| remove_folder(path)).map(|()| true),
    }
}

/// Removes the folders of the dead in `parent` whose names begin with `prefix`, and returns how many they were; those
/// that cannot be removed stay.
pub fn remove_stale(parent: &Path, prefix: &str) -> u64 {
    may_be_dead(parent, prefix).filter(|path| remove_unused(path).unwrap_or(false)).count() as u64
}

/// The folders that [`remove_stale`] would remove, or has left.
pub fn list_stale(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    may_be_dead(parent, prefix).filter(|path| LockedFolder::lock(path.clone()).is_ok()).collect()
}

fn may_be_dead(parent: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = entries.filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix));
    ours.map(|entry| entry.path()).filter(|path| may_be_stale(path))
}

/// Whether who made a folder has had the time to lock it: a younger one is nobody's to take.
fn may_be_stale(path: &Path) -> bool {
    is_older(path, LOCKED_WITHIN)
}

/// Whether what is in a folder last changed longer ago; one from the future did not.
pub fn is_older(path: &Path, age: Duration) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|about| about.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|since| since >= age))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::NotFound)
}

fn in_use(path: &Path) -> io::Error {
    let folder = path.display();
    let text = format!("another xb is working in `{folder}`: end that shell or build first, then try again");
    io::Error::new(io::ErrorKind::ResourceBusy, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_ago(path: &Path) {
        let before = std::time::SystemTime::now() - 2 * LOCKED_WITHIN;
        File::open(path).unwrap().set_modified(before).unwrap();
    }

    #[test]
    fn a_folder_is_used_by_one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let mut first = LockedFolder::create(parent.path(), "run-").unwrap();
        let path = parent.path().join("kept");
        first.keep_as(&path).unwrap();
        let second = LockedFolder::lock(path.clone()).unwrap_err();
        assert!(second.to_string().contains("another xb is working in"), "{second}");
        assert!(!remove_unused(&path).unwrap());
        let mut third = LockedFolder::create(parent.path(), "run-").unwrap();
        assert_eq!(third.keep_as(&path).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        fs::write(path.join("of the first"), "").unwrap();
        drop(first);
        third.keep_as(&path).unwrap();
        assert!(!path.join("of the first").exists());
        drop(third);
        assert!(remove_unused(&path).unwrap());
        assert!(!remove_unused(&path).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_is_in_use_as_long_as_anybody_holds_its_lock() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kept");
        let mut ours = LockedFolder::create(parent.path(), "run-").unwrap();
        ours.keep_as(&path).unwrap();
        let handed_on = ours.lock_file().try_clone().unwrap();
        ours.lock.close_as_the_dead_do();
        drop(ours);
        assert!(!remove_unused(&path).unwrap());
        drop(handed_on);
        assert!(remove_unused(&path).unwrap());
    }

    #[test]
    fn only_the_folders_of_the_dead_go() {
        let parent = tempfile::tempdir().unwrap();
        let alive = LockedFolder::create(parent.path(), "run-").unwrap();
        let dead = ["run-1", "run-2", "other"].map(|name| parent.path().join(name));
        for path in &dead {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), "").unwrap();
            long_ago(path);
        }
        long_ago(alive.path());
        fs::create_dir(parent.path().join("run-being-made")).unwrap();
        assert_eq!(remove_stale(parent.path(), "run-"), 2);
        assert_eq!(dead.map(|path| path.exists()), [false, false, true]);
        assert!(alive.path().exists() && parent.path().join("run-being-made").exists());
        assert_eq!(remove_stale(&parent.path().join("nothing"), "run-"), 0);
    }
}
