//! Entries: each names blobs that are there.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;
use xb_core::Sha256;

use super::shelf::Shelf;
use super::{Checked, Fault};
use crate::remote::{BLOBS, MOST_ENTRY, place_of};
use crate::shares::entry_blobs;

/// Reads all entries, and gives those that are of no use: those that name a blob which is not there as it should be.
pub(super) fn check(cache: &Path, shelf: &Shelf, gone: &BTreeSet<Sha256>, checked: &mut Checked) -> Vec<Fault> {
    checked.entries = shelf.things.len() as u64;
    let looked = shelf.things.par_iter().filter_map(|(name, path)| {
        let fault = |why: String, is_useless| Fault { name: *name, path: path.clone(), why, is_useless };
        match read(&cache.join(path)) {
            Ok(Some(bytes)) => lacking(cache, &bytes, gone).map(|why| fault(why, true)),
            Ok(None) => Some(fault("it is no file of the size of an entry".to_owned(), true)),
            // Who has an entry replaced or removed meanwhile is not wrong.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(fault(format!("it cannot be read: {error}"), false)),
        }
    });
    looked.collect()
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let meta = std::fs::symlink_metadata(path)?;
    if !meta.is_file() || meta.len() > MOST_ENTRY {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_ENTRY).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// What an entry lacks, if it is not all there.
fn lacking(cache: &Path, bytes: &[u8], gone: &BTreeSet<Sha256>) -> Option<String> {
    let Some(blobs) = entry_blobs(bytes).filter(|_| !bytes.is_empty()) else {
        return Some("it is no result of Bazel's protocol".to_owned());
    };
    blobs.into_iter().find_map(|blob| {
        let path = cache.join(place_of(BLOBS, blob.sha256));
        match std::fs::symlink_metadata(path) {
            _ if gone.contains(&blob.sha256) => Some(format!("{blob}, which it names, is another one")),
            Ok(meta) if meta.is_file() && meta.len() == blob.size => None,
            Ok(meta) => Some(format!("{blob}, which it names, is {} bytes long, not {}", meta.len(), blob.size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(format!("{blob}, which it names, is gone")),
            // Nothing is known of it.
            Err(_) => None,
        }
    })
}
