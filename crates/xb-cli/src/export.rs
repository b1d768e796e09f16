//! `--out`: results as folders of the user's own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use xb_build::Cancel;
use xb_core::TreeId;
use xb_store::{Contents, LockedFolder, Store, remove_stale};

use crate::failure::Failure;
use crate::interrupt;
use crate::project::{real, without_dots};
use crate::report::Built;

/// What the names of unfinished copies begin with.
const ASIDE: &str = ".xb-out-";

const KIND: &str = "exported-v3";

/// Copies the result to a folder; several to one folder each, beneath it.
///
/// A folder that still is what an earlier copy made of it is replaced; any other must be empty or not there, so that
/// nothing goes that is not in the store or was not made by xb.
///
/// # Errors
/// When the folder holds something else, or cannot be written.
pub fn copy(store: &Store, built: &[Built], out: &Path) -> Result<(), Failure> {
    let folders: Vec<_> = built.iter().map(Built::folder_name).collect();
    check(store, &folders, out)?;
    built.iter().zip(&folders).try_for_each(|(one, folder)| copy_one(store, one, &place(built.len(), folder, out)))
}

/// Where [`copy`] puts one of so many results.
pub fn place(results: usize, folder: &str, out: &Path) -> PathBuf {
    let out = without_dots(out);
    if results == 1 { out } else { out.join(folder) }
}

/// Refuses, before anything is built, folders that [`copy`] would refuse whatever they hold by then.
///
/// # Errors
/// When a folder of the results is a file, or holds something and never was a copy, or two would have the same one.
pub fn check(store: &Store, folders: &[String], out: &Path) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = folders.iter().find(|folder| !seen.insert(*folder)) {
        return Err(Failure::user(format!("two results would be copied to `{}`", out.join(twice).display()))
            .help("ask for them one after another, each with a folder of its own"));
    }
    if absolute(out)?.starts_with(store.folder()) {
        return Err(Failure::user(format!("`{}` lies in the store", out.display())).help("name a folder of your own"));
    }
    folders.iter().try_for_each(|folder| {
        let to = absolute(&place(folders.len(), folder, out))?;
        remove_stale(&to, ASIDE);
        if is_free(&to)? || !made_before(store, &to)?.is_empty() { Ok(()) } else { Err(not_ours(&to, false)) }
    })
}

/// The one name of a folder, which may not be there yet: without links and without `..`.
fn absolute(to: &Path) -> Result<PathBuf, Failure> {
    real(to).map_err(|error| cannot_copy(to, &error))
}

fn cannot_copy(to: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("cannot copy the result to `{}`: {error}", to.display()))
}

/// That there is no place for an unfinished copy; the error itself names that by a name that nobody gave.
fn no_place_in(parent: &Path, to: &Path, error: &io::Error) -> Failure {
    let (to, parent, reason) = (to.display(), parent.display(), error.kind());
    Failure::environment(format!("cannot copy the result to `{to}`: no folder can be made in `{parent}` ({reason})"))
        .help("name a folder where you may write")
}

/// That a folder holds something else than a copy; an earlier one may be noted.
fn not_ours(to: &Path, noted: bool) -> Failure {
    let to = to.display();
    let failure = if noted {
        Failure::user(format!("`{to}` is not as xb made it"))
            .note("something in it was changed, or the result that it was copied from is not in the store any more")
    } else {
        Failure::user(format!("`{to}` is not empty, and was not made by xb"))
            .note("of what it made long ago, `xb gc` may have dropped the note")
    };
    failure.help("name another folder, or remove this one")
}

fn copy_one(store: &Store, one: &Built, to: &Path) -> Result<(), Failure> {
    let to = absolute(to)?;
    let failed = |error: io::Error| cannot_copy(&to, &error);
    remove_stale(&to, ASIDE);
    let free = is_free(&to)?;
    let before = made_before(store, &to)?;
    if !free && !is_ours(store, &to, &before)? {
        return Err(not_ours(&to, !before.is_empty()));
    }
    // Beside the folder, to take its place at once; within one that is empty, which may be where somebody stands.
    let fill = free && to.exists();
    let parent = if fill { Some(&*to) } else { to.parent() };
    let parent = parent.ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    fs::create_dir_all(parent).map_err(failed)?;
    remove_stale(parent, ASIDE);
    let aside = LockedFolder::create(parent, ASIDE).map_err(|error| no_place_in(parent, &to, &error))?;
    let made = aside.path().join("made");
    let cancel = interrupt::cancel();
    copy_tree(&one.path, &made, &cancel).map_err(failed)?;
    if cancel.is_cancelled() {
        return Err(Failure::interrupted());
    }
    // Whoever is killed before the end leaves one of the two; in a folder that was empty, or on a file system that cannot
    // exchange, perhaps a part.
    remember(store, &to, before.into_iter().chain([one.tree]))?;
    if fill { move_into(&made, &to) } else { replace(&made, &to) }.map_err(failed)?;
    remember(store, &to, [one.tree])
}

/// Puts a folder in the place of another one, at once where the file system can.
///
/// # Errors
/// When it cannot.
pub fn replace(made: &Path, to: &Path) -> io::Result<()> {
    let exchange = rustix::fs::RenameFlags::EXCHANGE;
    match rustix::fs::renameat_with(rustix::fs::CWD, made, rustix::fs::CWD, to, exchange) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => fs::rename(made, to),
        // Not every file system can.
        Err(Errno::INVAL | Errno::NOSYS) => {
            xb_store::remove_folder(to)?;
            fs::rename(made, to)
        }
        Err(error) => Err(error.into()),
    }
}

fn move_into(made: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(made)? {
        let entry = entry?;
        fs::rename(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn is_free(to: &Path) -> Result<bool, Failure> {
    match fs::read_dir(to) {
        // A link that leads nowhere is something, too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fs::symlink_metadata(to).is_err()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Failure::user(format!("the result cannot be copied to `{}`: it is no folder", to.display()))
                .help("name a folder that is empty or not there yet"))
        }
        Err(error) => Err(cannot_copy(to, &error)),
        Ok(mut entries) => Ok(entries.next().is_none()),
    }
}

/// What earlier copies put there.
fn made_before(store: &Store, to: &Path) -> Result<Vec<TreeId>, Failure> {
    let note = store.recall_bytes(KIND, &key(to))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&note).lines().filter_map(|line| line.parse().ok()).collect())
}

fn remember(store: &Store, to: &Path, trees: impl IntoIterator<Item = TreeId>) -> Result<(), Failure> {
    let lines: Vec<String> = trees.into_iter().map(|tree| tree.to_string()).collect();
    Ok(store.remember_bytes(KIND, &key(to), lines.join("\n").as_bytes())?)
}

/// Whether the folder holds what an earlier copy put there, byte for byte; modes that are not copied do not count.
fn is_ours(store: &Store, to: &Path, made: &[TreeId]) -> Result<bool, Failure> {
    if made.is_empty() {
        return Ok(false);
    }
    // What is not in the store any more cannot be compared with.
    let is_there = |tree: &TreeId| store.materialise(*tree).is_ok_and(|tree| are_equal(&tree, to).unwrap_or(false));
    Ok(made.iter().any(is_there))
}

/// Whether two folders hold the same names, links and bytes, all the way down.
fn are_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let mut waiting = vec![(one.to_owned(), other.to_owned())];
    while let Some((one, other)) = waiting.pop() {
        let (names, other_names) = (names(&one)?, names(&other)?);
        if names != other_names {
            return Ok(false);
        }
        for name in names {
            let (one, other) = (one.join(&name), other.join(&name));
            let (kind, other_kind) = (one.symlink_metadata()?.file_type(), other.symlink_metadata()?.file_type());
            if kind != other_kind {
                return Ok(false);
            }
            if kind.is_dir() {
                waiting.push((one, other));
            } else if kind.is_symlink() {
                if fs::read_link(&one)? != fs::read_link(&other)? {
                    return Ok(false);
                }
            } else if !kind.is_file() || !have_equal_bytes(&one, &other)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn names(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

fn have_equal_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (part, other_part) = (one.fill_buf()?, other.fill_buf()?);
        let length = part.len().min(other_part.len());
        if part[..length] != other_part[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(part.len() == other_part.len());
        }
        one.consume(length);
        other.consume(length);
    }
}

fn key(to: &Path) -> Vec<u8> {
    to.as_os_str().as_encoded_bytes().to_vec()
}

/// Copies a tree until `cancel`: links as they are, and everything writable by its owner. Set-id bits are left out, since
/// anybody may come to where the copy lies; what ships them is a package or an image.
fn copy_tree(from: &Path, to: &Path, cancel: &Cancel) -> io::Result<()> {
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = waiting.pop() {
        DirBuilder::new().mode(0o755).create(&to)?;
        for entry in fs::read_dir(&from)? {
            if cancel.is_cancelled() {
                return Ok(());
            }
            let entry = entry?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                waiting.push((from, to));
            } else if kind.is_symlink() {
                symlink(fs::read_link(&from)?, &to)?;
            } else {
                let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
                copy_file(&from, &to, if executable { 0o755 } else { 0o644 })?;
            }
        }
    }
    Ok(())
}

/// Copies a file, which at no moment has another mode.
fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.set_permissions(fs::Permissions::from_mode(mode))
}
