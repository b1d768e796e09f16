//! A root as it would be without Docker.

use std::fs;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::Dockers;
use crate::start::MTIME;

/// Removes what Docker put into the root. What it mounted there stays, since nobody can remove it.
pub fn root(dockers: &Dockers) {
    for file in &dockers.files {
        let _ = fs::remove_file(format!("/{file}"));
    }
    let folder = format!("/{}", dockers.folder);
    let _ = if dockers.is_theirs { fs::remove_dir(&folder) } else { dated(&folder) };
}

/// Gives a folder the time that all has in a root.
fn dated(folder: &str) -> std::io::Result<()> {
    let time = Timespec { tv_sec: MTIME.into(), tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, folder, &times, AtFlags::empty())?)
}
