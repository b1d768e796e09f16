//! A folder, laid out as Bazel's disk cache is: `ac/ab/abcd…` and `cas/ab/abcd…`.
//!
//! What is there under its final name was written aside in the same folder and renamed, so that a disk that is full, or
//! a writer that is killed, leaves no half of it. Modes are those that the umask leaves, so that a team can share it.
//! Nothing waits for the disk: what a loss of power took from a blob shows when it is read.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use xb_build::BoxFuture;
use xb_core::Sha256;
use xb_http::Patience;

use super::{Address, Lump, MOST_ENTRY, Remote, RemoteError, Result, entry_name, too_long};
use crate::Blob;
use crate::apart::apart;

/// The folder of entries.
pub const ENTRIES: &str = "ac";
/// The folder of blobs.
pub const BLOBS: &str = "cas";

/// How the name of a file begins that is not written to its end.
pub const ASIDE: &str = ".xb-";

/// The mode of files, before the umask.
pub const FILE_MODE: u32 = 0o666;
/// The mode of folders, before the umask.
pub const FOLDER_MODE: u32 = 0o777;

/// A folder that is a remote.
pub(super) struct Folder {
    address: Address,
    folder: PathBuf,
    parallel: usize,
}

impl Folder {
    pub fn new(address: &Address, folder: &Path, patience: &Patience) -> Self {
        Self { address: address.clone(), folder: folder.to_owned(), parallel: patience.parallel.max(1) }
    }

    /// The place of one thing, and what it is called.
    fn place(&self, kind: &str, name: Sha256, what: String) -> Place {
        let path = self.folder.join(place_of(kind, name));
        let folder = path.parent().unwrap_or(&self.folder).to_owned();
        Place { remote: self.address.clone(), path, folder, what }
    }

    fn entry_place(&self, key: Sha256) -> Place {
        self.place(ENTRIES, key, entry_name(key))
    }

    fn blob_place(&self, blob: Blob) -> Place {
        self.place(BLOBS, blob.sha256, blob.to_string())
    }
}

/// Where a thing is in a cache: `cas/ab/abcd…`.
pub fn place_of(kind: &str, name: Sha256) -> PathBuf {
    let name = name.to_string();
    [kind, name.get(..2).unwrap_or_default(), &name].iter().collect()
}

impl Remote for Folder {
    fn address(&self) -> &Address {
        &self.address
    }

    fn parallel(&self) -> usize {
        self.parallel
    }

    fn entry(&self, key: Sha256) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        let place = self.entry_place(key);
        Box::pin(apart(move || place.read(|size| (size > MOST_ENTRY).then(too_long))))
    }

    fn put_entry(&self, key: Sha256, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        let place = self.entry_place(key);
        Box::pin(apart(move || match bytes.len() as u64 > MOST_ENTRY {
            true => Err(place.refused(too_long())),
            false => place.write(&bytes),
        }))
    }

    fn blob(&self, blob: Blob) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        let place = self.blob_place(blob);
        Box::pin(apart(move || {
            let wrong = |size| (size != blob.size).then(|| format!("it is {size} bytes long, not {}", blob.size));
            let bytes = place.read(wrong)?;
            match bytes.as_ref().and_then(|bytes| blob.differs(bytes)) {
                Some(why) => Err(place.lied(why)),
                None => Ok(bytes),
            }
        }))
    }

    fn lacks<'a>(&'a self, blobs: &'a [Blob]) -> BoxFuture<'a, Result<HashSet<Blob>>> {
        let places: Vec<_> = blobs.iter().map(|blob| (*blob, self.blob_place(*blob))).collect();
        Box::pin(apart(move || {
            let lacking = places.into_iter().map(|(blob, place)| Ok((!place.has(blob.size)?).then_some(blob)));
            lacking.filter_map(Result::transpose).collect()
        }))
    }

    fn put_blobs(&self, blobs: Vec<Lump>) -> BoxFuture<'_, Result<()>> {
        let places: Vec<_> = blobs.into_iter().map(|(blob, bytes)| (self.blob_place(blob), bytes)).collect();
        Box::pin(apart(move || places.iter().try_for_each(|(place, bytes)| place.write(bytes))))
    }
}

/// Where one thing is.
struct Place {
    remote: Address,
    folder: PathBuf,
    path: PathBuf,
    what: String,
}

impl Place {
    /// All bytes of a file, unless something is wrong with its size.
    fn read(&self, wrong: impl Fn(u64) -> Option<String>) -> Result<Option<Vec<u8>>> {
        // What is no file must not be waited for.
        let options = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&self.path);
        let file = match options {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| self.failed("read", error))?,
        };
        let meta = file.metadata().map_err(|error| self.failed("read", error))?;
        if !meta.is_file() {
            return Err(self.lied("it is no file".to_owned()));
        }
        let size = meta.len();
        if let Some(why) = wrong(size) {
            return Err(self.lied(why));
        }
        let mut bytes = Vec::new();
        let read = file.take(size).read_to_end(&mut bytes);
        read.map_err(|error| self.failed("read", error))?;
        Ok(Some(bytes))
    }

    /// Whether there is a file of a size.
    fn has(&self, size: u64) -> Result<bool> {
        match std::fs::metadata(&self.path) {
            Ok(meta) => Ok(meta.is_file() && meta.len() == size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("read", error)),
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<()> {
        self.try_write(bytes).map_err(|error| self.failed("written", error))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
        let mode = Permissions::from_mode(FILE_MODE);
        let mut aside = tempfile::Builder::new().prefix(ASIDE).permissions(mode).tempfile_in(&self.folder)?;
        aside.write_all(bytes)?;
        aside.persist(&self.path)?;
        Ok(())
    }

    fn failed(&self, action: &'static str, error: io::Error) -> RemoteError {
        RemoteError::Folder { remote: self.remote.clone(), action, what: self.what.clone(), error }
    }

    fn lied(&self, why: String) -> RemoteError {
        RemoteError::Lied { remote: self.remote.clone(), what: self.what.clone(), why }
    }

    fn refused(&self, why: String) -> RemoteError {
        RemoteError::Refused { remote: self.remote.clone(), what: self.what.clone(), why, passing: false }
    }
}
