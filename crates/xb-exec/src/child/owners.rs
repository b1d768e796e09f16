//! Giving back what other users of the sandbox own: outside, only the first user may remove it or take it in.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, chmodat, chownat, openat, statat};
use rustix::io::Errno;

const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;

/// Makes the first user the owner of everything beneath a folder, however deep; nobody else may be at work in it.
///
/// A set-id program of another user is none any more: it would be the first user's.
pub fn give_back(top: &OwnedFd) -> Result<(), Errno> {
    let mut folder = open(top, c".")?;
    let mut pending = vec![folders(&folder)?];
    while let Some(names) = pending.last_mut() {
        match names.pop() {
            Some(name) => {
                folder = open(&folder, &name)?;
                pending.push(folders(&folder)?);
            }
            None => {
                pending.pop();
                if !pending.is_empty() {
                    folder = open(&folder, c"..")?;
                }
            }
        }
    }
    Ok(())
}

/// Makes the first user the owner of everything in a folder, and gives the names of the folders in it.
fn folders(folder: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        own(folder, name, &stat)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn own(folder: &OwnedFd, name: &CStr, stat: &Stat) -> Result<(), Errno> {
    if (stat.st_uid, stat.st_gid) == (0, 0) {
        return Ok(());
    }
    chownat(folder, name, Some(Uid::ROOT), Some(Gid::ROOT), AtFlags::SYMLINK_NOFOLLOW)?;
    // The kernel takes both bits away with the owner.
    let mine = [(stat.st_uid, SET_USER), (stat.st_gid, SET_GROUP)];
    let kept = mine.into_iter().filter(|(id, _)| *id == 0).map(|(_, bit)| stat.st_mode & bit).sum::<u32>();
    if kept != 0 && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        let mode = stat.st_mode & 0o7777 & !(SET_USER | SET_GROUP) | kept;
        chmodat(folder, name, Mode::from_raw_mode(mode), AtFlags::empty())?;
    }
    Ok(())
}

fn open(at: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    openat(at, name, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};

    use super::*;

    /// Changing owners takes root: without, there is nothing to give back.
    #[test]
    fn set_id_programs_stay_whose_they_are_or_are_none() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b/c");
        fs::create_dir_all(&deep).unwrap();
        symlink("/nowhere", deep.join("link")).unwrap();
        let cases = [(0, 5, 0o6755, 0o4755), (7, 0, 0o6755, 0o2755), (7, 7, 0o6711, 0o711), (0, 0, 0o6755, 0o6755)];
        for (number, (user, group, mode, _)) in cases.into_iter().enumerate() {
            let file = deep.join(number.to_string());
            fs::write(&file, "").unwrap();
            lchown(&file, Some(user), Some(group)).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        }
        for path in ["a/b/c/link", "a/b/c", "a/b", "a"] {
            lchown(top.path().join(path), Some(9), Some(9)).unwrap();
        }
        give_back(&open(rustix::fs::CWD, &CString::new(top.path().to_str().unwrap()).unwrap()).unwrap()).unwrap();
        for (number, (.., expected)) in cases.into_iter().enumerate() {
            let data = fs::metadata(deep.join(number.to_string())).unwrap();
            assert_eq!((data.uid(), data.gid(), data.mode() & 0o7777), (0, 0, expected), "{number}");
        }
        for path in ["a/b/c/link", "a/b/c", "a/b", "a"] {
            let data = fs::symlink_metadata(top.path().join(path)).unwrap();
            assert_eq!((data.uid(), data.gid()), (0, 0), "{path}");
        }
    }
}
