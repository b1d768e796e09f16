//! The root of an action: a tree of what was sent, in the store that sandboxes are made from.

use std::io::{self, Read};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use rayon::prelude::*;
use xb_core::{ContentId, TreeId};
use xb_remote::{DigestFunction, Hashing};
use xb_store::Contents;
use xb_translate::{Came, Names};

use super::Trouble;
use super::room::Intake;
use crate::Shelf;
use crate::shelf::{Name, blob, is_damage};

/// No folder of a root lists more, in bytes.
const MOST_DIRECTORY: u64 = 64 << 20;

/// How many of the things that are lacking are named: their names are kept, and clients ask which of all they are.
const MOST_NAMED: usize = 1000;

/// The tree of a root. What the store has already is not read again, and the rest is counted.
pub(super) fn root(shelf: &Shelf, names: &Names<'_>, root: &Digest, intake: &Intake) -> Result<TreeId, Trouble> {
    let came = Came::read(root.clone(), names.function, &intake.known(), |folder| directory(shelf, folder))?;
    let files: Vec<_> = came.files().into_iter().collect();
    let mut contents = names.here(&files);
    let lacking: Vec<_> = files.into_iter().filter(|file| !contents.contains_key(file)).collect();
    let taken = lacking.par_iter().map(|file| Ok((take(shelf, names.store, file, intake)?, file.clone())));
    let taken: Vec<(Option<ContentId>, Digest)> = taken.collect::<Result<_, Trouble>>()?;
    let missing = taken.iter().filter(|(content, _)| content.is_none()).map(|(_, file)| file.clone());
    let missing: Vec<_> = missing.take(MOST_NAMED).collect();
    if !missing.is_empty() {
        return Err(Trouble::Lacks(missing));
    }
    let taken: Vec<_> = taken.into_iter().filter_map(|(content, file)| Some((content?, file))).collect();
    names.came(&taken);
    contents.extend(taken.into_iter().map(|(content, file)| (file, content)));
    let placed = came.to_store(&contents);
    let mut placed = placed.map_err(|why| Trouble::Wrong(format!("the root is no tree: {why}")))?;
    for directory in std::mem::take(&mut placed.directories) {
        names.store.add_directory(directory).map_err(|error| Trouble::Here(error.to_string()))?;
    }
    let tree = placed.tree;
    intake.learn(placed);
    Ok(tree)
}

fn directory(shelf: &Shelf, named: &Digest) -> Result<Vec<u8>, Trouble> {
    let lacks = || Trouble::Lacks(vec![named.clone()]);
    let blob = blob(named).ok_or_else(lacks)?;
    shelf.bytes(Name::blob(blob.sha256), blob.size.min(MOST_DIRECTORY))?.ok_or_else(lacks)
}

/// Takes a file into the store; none where it is not here, or no longer what its name says.
fn take(shelf: &Shelf, store: &dyn Contents, named: &Digest, intake: &Intake) -> Result<Option<ContentId>, Trouble> {
    let Some(blob) = blob(named) else { return Ok(None) };
    if blob.size == 0 {
        return Ok(Some(store.add_content(&mut io::empty())?));
    }
    let name = Name::blob(blob.sha256);
    let Some((file, size)) = shelf.opened(name)?.filter(|(_, size)| *size == blob.size) else { return Ok(None) };
    let hashing = Hashing::new(DigestFunction::Sha256);
    let mut hashed = Hashed { from: (&file).take(size), hashing, is_damaged: false };
    let taken = store.add_content(&mut hashed);
    intake.took(taken.as_ref().map_or(0, |content| content.0.size()));
    if hashed.is_damaged || taken.is_ok() && hashed.hashing.digest().hash != blob.sha256.to_string() {
        shelf.remove_damaged(name, &file);
        return Ok(None);
    }
    Ok(Some(taken?))
}

/// Hashes what is read through it.
struct Hashed<R> {
    from: R,
    hashing: Hashing,
    /// Whether the disk said that it has lost what was there.
    is_damaged: bool,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into);
        let length = read.inspect_err(|error| self.is_damaged = is_damage(error))?;
        io::Write::write_all(&mut self.hashing, &into[..length])?;
        Ok(length)
    }
}
