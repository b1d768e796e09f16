//! Removing files and folders, whatever a sandbox made of them.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, chmodat, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::error::{Context, Result};

/// A folder on the way down, and those of its folders that still have to go.
struct Level {
    name: CString,
    pending: Vec<CString>,
}

/// [`remove_folder`], with the errors of the store.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    remove_folder(path).on("cannot remove", path)
}

/// Removes a file; it may be gone already.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.on("cannot remove", path),
    }
}

/// Removes a folder with all that is in it.
///
/// Modes do not matter, links are not followed, and neither depth nor width is bounded: one descriptor and one name
/// per level are held, never a path. Nobody else may be writing there.
///
/// # Errors
/// When the system refuses; a folder that is not there is no error.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let top = match open(CWD, path) {
        Err(Errno::NOENT) => return Ok(()),
        top => top?,
    };
    empty(top)?;
    match unlinkat(CWD, path, AtFlags::REMOVEDIR) {
        Err(Errno::NOENT) => Ok(()),
        done => Ok(done?),
    }
}

fn empty(mut folder: OwnedFd) -> rustix::io::Result<()> {
    let mut levels = vec![Level { name: CString::default(), pending: remove_files(&folder)? }];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.pending.pop() {
            if unlinkat(&folder, &name, AtFlags::REMOVEDIR).is_ok() {
                continue;
            }
            folder = open(&folder, &name)?;
            let pending = remove_files(&folder)?;
            levels.push(Level { name, pending });
        } else if let Some(Level { name, .. }) = levels.pop().filter(|_| !levels.is_empty()) {
            folder = open(&folder, "..")?;
            unlinkat(&folder, &name, AtFlags::REMOVEDIR)?;
        }
    }
    Ok(())
}

/// Removes everything in a folder but folders, and returns those.
fn remove_files(folder: &OwnedFd) -> rustix::io::Result<Vec<CString>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let folder_for_sure = entry.file_type() == FileType::Directory;
        match folder_for_sure {
            true => folders.push(name.to_owned()),
            false => match unlinkat(folder, name, AtFlags::empty()) {
                Err(Errno::ISDIR) => folders.push(name.to_owned()),
                done => done?,
            },
        }
    }
    Ok(folders)
}

/// Opens a folder, after giving ourselves the right to change it.
fn open(at: impl rustix::fd::AsFd, name: impl rustix::path::Arg + Copy) -> rustix::io::Result<OwnedFd> {
    let at = at.as_fd();
    let mode = statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode;
    if FileType::from_raw_mode(mode) == FileType::Directory && mode & 0o700 != 0o700 {
        chmodat(at, name, Mode::RWXU, AtFlags::empty())?;
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn hostile_folders_go_and_what_they_point_to_stays() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "").unwrap();
        let inside = tempfile::tempdir().unwrap();
        let top = inside.path().join("top");
        fs::create_dir_all(top.join("locked/below/empty")).unwrap();
        fs::write(top.join("locked/file"), "").unwrap();
        symlink(outside.path(), top.join("link")).unwrap();
        for (path, mode) in [("locked/below", 0o000), ("locked", 0o500)] {
            fs::set_permissions(top.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        remove_folder(&top).unwrap();
        assert!(!top.exists());
        assert!(outside.path().join("kept").exists());
        remove_folder(&top).unwrap();
    }

    #[test]
    fn depth_is_not_bounded_by_paths_or_descriptors() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().join("top");
        fs::create_dir(&top).unwrap();
        let mut folder = open(CWD, &top).unwrap();
        for _ in 0..5000 {
            rustix::fs::mkdirat(&folder, "a", Mode::RWXU).unwrap();
            folder = open(&folder, "a").unwrap();
        }
        remove_folder(&top).unwrap();
        assert!(!top.exists());
    }
}
