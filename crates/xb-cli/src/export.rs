//! `--out`: results as folders of the user's own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use xb_build::Cancel;
use xb_store::{Contents, Store};

use crate::failure::Failure;
use crate::interrupt;
use crate::report::Built;

const KIND: &str = "exported-v2";

/// Copies the result to a folder; several to one folder each, beneath it.
///
/// A folder that still is what an earlier copy made of it is replaced; any other must be empty or not there, so that
/// nothing goes that is not in the store or was not made by xb.
///
/// # Errors
/// When the folder holds something else, or cannot be written.
pub fn copy(store: &Store, built: &[Built], out: &Path) -> Result<(), Failure> {
    built.iter().try_for_each(|one| copy_one(store, one, &place(built, one, out)))
}

/// Where [`copy`] puts one of the results.
pub fn place(built: &[Built], one: &Built, out: &Path) -> PathBuf {
    if built.len() == 1 { out.to_owned() } else { out.join(one.folder_name()) }
}

fn copy_one(store: &Store, one: &Built, to: &Path) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::environment(format!("cannot copy the result to `{}`: {error}", to.display()));
    let to = std::path::absolute(to).map_err(failed)?;
    if !is_free(&to).map_err(failed)? && !is_ours(store, &to)? {
        return Err(Failure::user(format!("`{}` is not as xb made it, or was not made by xb", to.display()))
            .help("name another folder, or remove this one"));
    }
    let aside = aside(&to);
    let _ = fs::remove_dir_all(&aside);
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    let cancel = interrupt::cancel();
    let copied = copy_tree(&one.path, &aside, &cancel).map_err(failed);
    if copied.is_err() || cancel.is_cancelled() {
        // What failed matters more than what is left of it.
        let _ = fs::remove_dir_all(&aside);
        copied?;
        return Err(Failure::interrupted());
    }
    if to.exists() {
        fs::remove_dir_all(&to).map_err(failed)?;
    }
    fs::rename(&aside, &to).map_err(failed)?;
    store.remember_bytes(KIND, &key(&to), one.tree.to_string().as_bytes())?;
    Ok(())
}

fn is_free(to: &Path) -> io::Result<bool> {
    match fs::read_dir(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(mut entries) => Ok(entries.next().is_none()),
    }
}

/// Whether the folder holds what an earlier copy put there, byte for byte.
fn is_ours(store: &Store, to: &Path) -> Result<bool, Failure> {
    let Some(made) = store.recall_bytes(KIND, &key(to))? else {
        return Ok(false);
    };
    Ok(store.ingest(to)?.to_string().as_bytes() == made)
}

fn key(to: &Path) -> Vec<u8> {
    to.as_os_str().as_encoded_bytes().to_vec()
}

/// A name beside the folder, on the same file system.
fn aside(to: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".xb-out-");
    name.push(to.file_name().unwrap_or_default());
    to.with_file_name(name)
}

/// Copies a tree until `cancel`: modes and links as they are, everything writable by its owner but for set-id files,
/// whose mode is part of the tree.
fn copy_tree(from: &Path, to: &Path, cancel: &Cancel) -> io::Result<()> {
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    let mut modes = Vec::new();
    while let Some((from, to)) = waiting.pop() {
        DirBuilder::new().mode(0o755).create(&to)?;
        modes.push((to.clone(), fs::symlink_metadata(&from)?.permissions().mode()));
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
                fs::copy(&from, &to)?;
                let mode = entry.metadata()?.permissions().mode();
                let mode = if is_special(mode) { mode } else { mode | 0o200 };
                fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
            }
        }
    }
    // A folder that forbids writing is filled before it does.
    for (folder, mode) in modes.into_iter().filter(|(_, mode)| is_special(*mode)) {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Whether set-id or sticky bits make the mode a part of the tree.
fn is_special(mode: u32) -> bool {
    mode & 0o7000 != 0
}
