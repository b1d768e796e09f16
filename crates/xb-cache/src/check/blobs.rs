//! Blobs: each is named by its SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;
use sha2::Digest as _;
use xb_core::Sha256;

use super::shelf::Shelf;
use super::{Checked, Fault};

/// So many bytes are hashed at once.
const PIECE: usize = 1 << 17;

/// Hashes all blobs, and gives those that are wrong.
pub(super) fn check(cache: &Path, shelf: &Shelf, checked: &mut Checked) -> Vec<Fault> {
    let looked = shelf.things.par_iter().map(|(name, path)| {
        let fault = |why: String, is_useless| Fault { name: *name, path: path.clone(), why, is_useless };
        match hash(&cache.join(path)) {
            Ok(Some((found, size))) if found == *name => Ok(size),
            Ok(Some((found, _))) => Err(fault(format!("its SHA-256 is {found}"), true)),
            Ok(None) => Err(fault("it is no file".to_owned(), true)),
            Err(error) => Err(fault(format!("it cannot be read: {error}"), false)),
        }
    });
    let looked: Vec<_> = looked.collect();
    checked.blobs = looked.len() as u64;
    checked.bytes = looked.iter().flatten().sum();
    looked.into_iter().filter_map(Result::err).collect()
}

/// The SHA-256 and the size of a file; nothing where it is none.
fn hash(path: &Path) -> io::Result<Option<(Sha256, u64)>> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let (mut sum, mut size, mut piece) = (sha2::Sha256::new(), 0, vec![0; PIECE]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Some((Sha256(sum.finalize().into()), size))),
            Ok(read) => {
                sum.update(piece.get(..read).unwrap_or_default());
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
