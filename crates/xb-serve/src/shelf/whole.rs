//! Blobs as they are given away: whole, and still what their names say.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustix::io::Errno;
use sha2::Digest as _;
use xb_core::Sha256;

use super::{Name, Shelf};

/// A blob that is read from its beginning to its end. Where its bytes are not those of its name the last of them are not
/// given, and it is removed.
pub(crate) struct Whole {
    shelf: Arc<Shelf>,
    name: Name,
    file: File,
    left: u64,
    hash: sha2::Sha256,
}

impl Whole {
    /// A blob of `size` bytes that was [`opened`](Shelf::opened).
    pub fn new(shelf: Arc<Shelf>, name: Name, file: File, size: u64) -> Self {
        Self { shelf, name, file, left: size, hash: sha2::Sha256::new() }
    }
}

impl Read for Whole {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || into.is_empty() {
            return Ok(0);
        }
        let read = (&mut self.file).take(self.left).read(into);
        let length = read.inspect_err(|error| self.shelf.failed_to_read(self.name, &self.file, error))?;
        self.hash.update(&into[..length]);
        self.left -= length as u64;
        let is_at_end = self.left == 0 || length == 0;
        if is_at_end && (self.left > 0 || Sha256(self.hash.finalize_reset().into()) != self.name.sha256) {
            self.shelf.remove_damaged(self.name, &self.file);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the disk has other bytes under its name"));
        }
        Ok(length)
    }
}

impl Shelf {
    /// Removes a blob that the disk itself says that it cannot give any more.
    pub(super) fn failed_to_read(&self, name: Name, file: &File, error: &io::Error) {
        if is_damage(error) {
            self.remove_damaged(name, file);
        }
    }

    /// Removes a blob that is not what its name says, as was seen in `file`, unless another has taken its place.
    pub(crate) fn remove_damaged(&self, name: Name, file: &File) {
        let path = self.path(name);
        let mut index = self.index();
        let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
        let is_it = fs::symlink_metadata(&path).ok().map(of) == file.metadata().ok().map(of);
        if is_it && fs::remove_file(&path).is_ok() {
            index.forget(name);
            self.metrics.damaged();
            self.tell(&index);
        }
    }
}

/// Whether an error of the disk says that it has lost what was there.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(number, Some(Errno::IO | Errno::UCLEAN | Errno::BADMSG))
}
