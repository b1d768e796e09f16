//! What lies in `ac` or `cas`, by its names.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use xb_core::Sha256;

use super::CheckError;
use crate::remote::ASIDE;

/// The things of one kind.
#[derive(Default)]
pub(super) struct Shelf {
    /// Names, and paths from the folder of the cache, in their order.
    pub things: Vec<(Sha256, PathBuf)>,
    /// What writers have not ended, whole paths.
    pub leftovers: Vec<PathBuf>,
}

impl Shelf {
    /// Lists the things of a kind: `cas/ab/abcd…`. No link to a folder is followed.
    pub fn read(cache: &Path, kind: &str) -> Result<Self, CheckError> {
        let mut shelf = Self::default();
        let kind = Path::new(kind);
        for folder in list(&cache.join(kind))? {
            let begin = folder.file_name();
            if begin.len() != 2 || !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            for file in list(&folder.path())? {
                let name = file.file_name();
                if name.as_encoded_bytes().starts_with(ASIDE.as_bytes()) {
                    shelf.leftovers.extend(file.file_type().is_ok_and(|kind| kind.is_file()).then(|| file.path()));
                } else if let Some(thing) = named(&name).filter(|_| starts_with(&name, &begin)) {
                    shelf.things.push((thing, kind.join(&begin).join(name)));
                }
            }
        }
        shelf.things.sort();
        Ok(shelf)
    }
}

/// What is in a folder; nothing where there is none, or a link.
fn list(path: &Path) -> Result<Vec<DirEntry>, CheckError> {
    let wrong = |error| CheckError { path: path.to_owned(), error };
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    }
    std::fs::read_dir(path).and_then(Iterator::collect).map_err(wrong)
}

/// The digest that a name is, in the one form in which it is asked for.
fn named(name: &OsStr) -> Option<Sha256> {
    let text = name.to_str()?;
    text.parse().ok().filter(|digest: &Sha256| digest.to_string() == text)
}

fn starts_with(name: &OsStr, begin: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(begin.as_encoded_bytes())
}
