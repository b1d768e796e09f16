//! Whether a cache that is a folder has what its names say.
//!
//! Whoever asks for something finds this out for that alone, and does without. Here everything is looked at: each blob is
//! hashed, and each entry held against the blobs that it names. No link is followed, and what has no name of a cache is
//! none of its things, and stays.

mod blobs;
mod entries;
mod shelf;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use shelf::Shelf;

use crate::remote::{BLOBS, ENTRIES};

/// What a writer has left for so long is nobody's any more.
const DEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// What was looked at, and what was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many blobs were hashed.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many entries were read.
    pub entries: u64,
    /// What was wrong, by its path.
    pub wrong: Vec<Wrong>,
    /// Files of writers that have not ended for a day: halves of blobs and of entries, which nobody asks for.
    pub leftovers: u64,
}

/// Something that is of no use to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where it is, from the folder of the cache: `cas/ab/abcd…`.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Whether it is gone.
    pub removed: bool,
}

/// A cache cannot be looked through.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be read: {error}", path.display())]
pub struct CheckError {
    path: PathBuf,
    error: io::Error,
}

/// Looks at everything in the cache of a folder. With `repair`, what is of no use to anybody is removed: it is sent again
/// when somebody builds it. What cannot be read stays: it may be of use to others.
///
/// # Errors
/// When there is no such folder, or one of those in it cannot be read.
pub fn check(folder: &Path, repair: bool) -> Result<Checked, CheckError> {
    if let Err(error) = std::fs::read_dir(folder) {
        return Err(CheckError { path: folder.to_owned(), error });
    }
    let (blobs, entries) = (Shelf::read(folder, BLOBS)?, Shelf::read(folder, ENTRIES)?);
    let mut checked = Checked::default();
    let wrong = blobs::check(folder, &blobs, &mut checked);
    let gone: BTreeSet<_> = wrong.iter().map(|fault| fault.name).collect();
    let useless = entries::check(folder, &entries, &gone, &mut checked);
    let faults = wrong.into_iter().chain(useless);
    checked.wrong = faults.map(|fault| fault.told(folder, repair)).collect();
    for leftover in blobs.leftovers.iter().chain(&entries.leftovers).filter(|path| is_dead(path)) {
        checked.leftovers += 1;
        if repair {
            // Whoever removed it before has done the same.
            let _ = std::fs::remove_file(leftover);
        }
    }
    Ok(checked)
}

fn is_dead(path: &Path) -> bool {
    let written = std::fs::symlink_metadata(path).and_then(|meta| meta.modified());
    written.is_ok_and(|written| SystemTime::now().duration_since(written).is_ok_and(|age| age > DEAD))
}

/// What is wrong with a thing.
struct Fault {
    name: xb_core::Sha256,
    /// From the folder of the cache.
    path: PathBuf,
    why: String,
    /// Whether it is of no use to anybody.
    is_useless: bool,
}

impl Fault {
    fn told(self, folder: &Path, repair: bool) -> Wrong {
        let Self { path, mut why, is_useless, .. } = self;
        let mut removed = false;
        if repair && is_useless {
            match std::fs::remove_file(folder.join(&path)) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => removed = true,
                Err(error) => why += &format!("; it cannot be removed: {error}"),
            }
        }
        Wrong { path, why, removed }
    }
}
