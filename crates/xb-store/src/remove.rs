//! Removing folders, whatever modes they have.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Context, Result};

/// Removes a folder and everything beneath; it may be gone already.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            gone(fs::remove_dir_all(path)).on("cannot remove", path)
        }
        done => gone(done).on("cannot remove", path),
    }
}

/// Removes a file; it may be gone already.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    gone(fs::remove_file(path)).on("cannot remove", path)
}

fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Makes every folder one that its owner may change; what fails shows when the folder is removed.
fn open_up(top: &Path) {
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let _ = fs::set_permissions(&folder, Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_forbid_it_are_removed_too() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("file"), "x").unwrap();
        for folder in [&inner, &top.path().join("a")] {
            fs::set_permissions(folder, Permissions::from_mode(0o000)).unwrap();
        }
        remove_tree(&top.path().join("a")).unwrap();
        assert!(!top.path().join("a").exists());
        remove_tree(&top.path().join("a")).unwrap();
    }
}
