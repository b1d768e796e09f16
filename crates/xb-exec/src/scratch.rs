//! The folder of one sandbox, and what becomes of folders whose xb was killed.
//!
//! Its lock is shared with the first processes of the sandbox, so it outlives an xb that is killed until nothing in the
//! sandbox runs any more.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use xb_build::{Alive, Guard};
use xb_store::{LockedFolder, is_older, remove_folder, remove_unused};

/// What the names of sandboxes' folders begin with.
const PREFIX: &str = "run-";

/// What the names of the folders of failed sandboxes begin with.
const KEPT: &str = "failed-";

/// The folder of one sandbox: removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: LockedFolder,
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
        let scratch = Self { folder: LockedFolder::create(parent, PREFIX)?, _alive: alive };
        for name in ["upper", "work"] {
            fs::create_dir(scratch.path().join(name))?;
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
        let scratch = Self { folder: LockedFolder::lock(path)?, _alive: alive };
        remove_folder(&scratch.work())?;
        fs::create_dir(scratch.work())?;
        Ok(scratch)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What keeps everybody else out: whoever holds it uses the folder.
    pub fn lock(&self) -> &File {
        self.folder.lock_file()
    }

    /// What the command wrote to its root.
    pub fn upper(&self) -> PathBuf {
        self.path().join("upper")
    }

    /// What overlayfs works in.
    fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// Keeps it under a name of its own, in place of what had that name before.
    ///
    /// # Errors
    /// When the system refuses, or somebody works in what had that name before.
    pub fn keep_as(mut self, path: &Path) -> io::Result<()> {
        self.folder.keep_as(path)
    }
}

/// In what is kept, nothing of overlayfs stays: it closes its folders, so that a person could not remove them.
impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed with the whole.
        let _ = remove_folder(&self.work());
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

/// Removes the folders of sandboxes whose xb was killed, and returns how many they were; those that cannot be removed
/// stay.
pub fn remove_stale(parent: &Path) -> u64 {
    xb_store::remove_stale(parent, PREFIX)
}

/// The folders that [`remove_stale`] would remove, or has left.
pub fn list_stale(parent: &Path) -> Vec<PathBuf> {
    xb_store::list_stale(parent, PREFIX)
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
    fn a_folder_that_its_maker_has_not_locked_yet_is_not_taken() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run-young");
        fs::create_dir(&path).unwrap();
        assert!(list_stale(parent.path()).is_empty());
        let before = std::time::SystemTime::now() - Duration::from_secs(24 * 60 * 60);
        File::open(&path).unwrap().set_modified(before).unwrap();
        assert_eq!(list_stale(parent.path()), [path]);
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
}
