//! The folder of one sandbox, and what becomes of folders whose xb was killed.
//!
//! As long as a sandbox's folder is in use there is a lock on it, which xb shares with the first processes of the
//! sandbox: it outlives an xb that is killed, until nothing in the sandbox runs any more. So a folder without a lock
//! is used by nobody, and a folder with one is never removed nor used a second time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use xb_store::remove_folder;

use crate::alive::{Alive, Guard};

/// What the names of sandboxes' folders begin with.
const PREFIX: &str = "run-";

/// The time between the making of a folder and its locking, on all but the slowest machines.
const LOCKED_WITHIN: Duration = Duration::from_secs(2);

/// What the names of the folders of failed sandboxes begin with.
const KEPT: &str = "failed-";

/// The folder of one sandbox: removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    kept: bool,
    lock: File,
    /// Goes last, so that who waits for the folder to be gone waits for that.
    _alive: Guard,
}

impl Scratch {
    /// Makes one in `parent`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(parent: &Path, alive: &Alive) -> io::Result<Self> {
        let alive = alive.enter();
        let (path, lock) = make_locked(parent)?;
        let scratch = Self { lock, path, kept: false, _alive: alive };
        for name in ["upper", "work"] {
            fs::create_dir(scratch.path.join(name))?;
        }
        // The root of the overlay shows the mode of this folder.
        fs::set_permissions(scratch.upper(), fs::Permissions::from_mode(0o755))?;
        Ok(scratch)
    }

    /// Takes over the folder of a sandbox that was kept: dropping it does not remove it.
    ///
    /// # Errors
    /// When it is not there, or somebody works in it.
    pub fn reopen(path: PathBuf, alive: &Alive) -> io::Result<Self> {
        let alive = alive.enter();
        let lock = lock(&path)?;
        remove_folder(&path.join("work"))?;
        fs::create_dir(path.join("work"))?;
        Ok(Self { path, kept: true, lock, _alive: alive })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What keeps everybody else out: whoever holds it uses the folder.
    pub fn lock(&self) -> &File {
        &self.lock
    }

    /// What the command wrote to its root.
    pub fn upper(&self) -> PathBuf {
        self.path.join("upper")
    }

    /// Keeps it under a name of its own, in place of what had that name before.
    ///
    /// # Errors
    /// When the system refuses, or somebody works in what had that name before.
    pub fn keep_as(mut self, path: &Path) -> io::Result<()> {
        let _before = match lock(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            locked => Some(locked?),
        };
        remove_folder(path)?;
        fs::rename(&self.path, path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed by a later xb.
            let _ = remove_folder(&self.path);
        }
    }
}

/// A new folder, locked. On a machine that stands still between the two, somebody may take it for a dead one's.
fn make_locked(parent: &Path) -> io::Result<(PathBuf, File)> {
    let make = || {
        let path = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?.keep();
        lock(&path).map(|lock| (path, lock))
    };
    let is_taken = |error: &io::Error| matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::NotFound);
    match make() {
        Err(error) if is_taken(&error) && parent.is_dir() => make(),
        made => made,
    }
}

/// Where the folder of a failed sandbox is kept.
pub fn kept_path(parent: &Path, action: xb_core::ActionId) -> PathBuf {
    parent.join(format!("{KEPT}{}", action.0.hex()))
}

/// The folders of failed sandboxes that were kept in `scratch` longer ago than `age`.
///
/// # Errors
/// When they cannot be listed: a sentence for a person.
pub fn list_kept(scratch: &Path, age: Duration) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: io::Error| format!("cannot read `{}`: {error}", scratch.display());
    let entries = match fs::read_dir(scratch) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(wrong)?,
    };
    let mut kept = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrong)?.path();
        let is_kept = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(KEPT));
        if is_kept && is_older(&path, age) {
            kept.push(path);
        }
    }
    Ok(kept)
}

/// Removes what [`list_kept`] lists, but those that somebody works in, and returns how many they were.
///
/// # Errors
/// When one cannot be removed: a sentence for a person.
pub fn remove_kept(scratch: &Path, age: Duration) -> Result<u64, String> {
    let mut removed = 0;
    for path in list_kept(scratch, age)? {
        let wrong = |error: io::Error| format!("cannot remove what is kept in `{}`: {error}", path.display());
        removed += u64::from(remove_unused(&path).map_err(wrong)?);
    }
    Ok(removed)
}

/// Whether a folder was made, or entered by a session, longer ago; one from the future was not.
fn is_older(path: &Path, age: Duration) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|about| about.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|since| since >= age))
}

/// Whether it is removed now, which it is not when somebody uses it or was faster.
fn remove_unused(path: &Path) -> io::Result<bool> {
    match lock(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::NotFound) => Ok(false),
        locked => locked.and_then(|_lock| remove_folder(path)).map(|()| true),
    }
}

/// Removes the folders of sandboxes whose xb was killed, and returns how many they were; those that cannot be removed
/// stay.
pub fn remove_stale(parent: &Path) -> u64 {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let is_removed = |path: &PathBuf| is_older(path, LOCKED_WITHIN) && remove_unused(path).unwrap_or(false);
    runs.map(|entry| entry.path()).filter(is_removed).count() as u64
}

fn lock(path: &Path) -> io::Result<File> {
    let folder = File::open(path)?;
    folder.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => in_use(path),
        TryLockError::Error(error) => error,
    })?;
    if folder.metadata()?.nlink() == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(folder)
}

fn in_use(path: &Path) -> io::Error {
    let folder = path.display();
    let text = format!("another xb is working in `{folder}`: end that shell or build first, then try again");
    io::Error::new(io::ErrorKind::ResourceBusy, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(format!("{KEPT}{name}"));
        Scratch::new(parent, &Alive::default()).unwrap().keep_as(&path).unwrap();
        path
    }

    #[test]
    fn a_kept_folder_is_used_by_one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = kept(parent.path(), "a");
        let first = Scratch::reopen(path.clone(), &Alive::default()).unwrap();
        fs::write(path.join("work/mine"), "").unwrap();
        let second = Scratch::reopen(path.clone(), &Alive::default()).unwrap_err();
        assert!(second.to_string().contains("another xb is working in"), "{second}");
        let replaced = Scratch::new(parent.path(), &Alive::default()).unwrap().keep_as(&path).unwrap_err();
        assert_eq!(replaced.kind(), io::ErrorKind::ResourceBusy);
        assert!(path.join("work/mine").exists());
        drop(first);
        Scratch::new(parent.path(), &Alive::default()).unwrap().keep_as(&path).unwrap();
        assert!(!path.join("work/mine").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn kept_folders_go_unless_somebody_uses_them() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(remove_kept(&parent.path().join("nothing"), Duration::ZERO), Ok(0));
        let paths = ["a", "b", "c"].map(|name| kept(parent.path(), name));
        let used = Scratch::reopen(paths[1].clone(), &Alive::default()).unwrap();
        let running = Scratch::new(parent.path(), &Alive::default()).unwrap();
        assert_eq!(remove_kept(parent.path(), Duration::ZERO), Ok(2));
        assert_eq!(paths.each_ref().map(|path| path.exists()), [false, true, false]);
        assert!(running.path().exists());
        drop(used);
        assert_eq!(remove_kept(parent.path(), Duration::ZERO), Ok(1));
    }

    #[test]
    fn a_folder_is_in_use_as_long_as_anybody_holds_its_lock() {
        let parent = tempfile::tempdir().unwrap();
        let path = kept(parent.path(), "a");
        let xb = Scratch::reopen(path.clone(), &Alive::default()).unwrap();
        let sandbox = xb.lock().try_clone().unwrap();
        drop(xb);
        assert_eq!(remove_kept(parent.path(), Duration::ZERO), Ok(0));
        drop(sandbox);
        assert_eq!(remove_kept(parent.path(), Duration::ZERO), Ok(1));
    }
}
