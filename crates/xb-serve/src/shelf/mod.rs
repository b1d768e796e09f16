//! The folder in which things are.

mod incoming;
mod index;
mod named;
mod outgoing;
mod refusal;
#[cfg(test)]
mod tests;
mod whole;

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, OFlags, Timespec, Timestamps};
use xb_cache::layout::{BLOBS, ENTRIES, place_of};
use xb_cache::{Blob, MOST_ENTRY};
use xb_core::Sha256;
use xb_store::remove_folder;

pub(crate) use incoming::{Incoming, Sink};
use index::Index;
pub(crate) use named::blob;
pub(crate) use outgoing::{outgoing, part};
pub(crate) use refusal::Refusal;
pub(crate) use whole::{Whole, is_damage};

use crate::metrics::Metrics;

/// The file whose lock says that a server is at the folder.
const LOCK: &str = ".xb-serve.lock";

/// How the name of a file begins that a server has not written to its end: what is left of these is the next one's to
/// remove, since there is one at a time. It begins as those of others do.
const OWN_ASIDE: &str = ".xb-serve-";

/// The time of a file tells when it was last used, to this precision: what is used all the time is not written to all
/// the time.
const USED_PRECISION: Duration = Duration::from_secs(3600);

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Entry,
    Blob,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Entry, Self::Blob];

    /// Its folder, and how it is called in urls.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Entry => ENTRIES,
            Self::Blob => BLOBS,
        }
    }
}

/// How a thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub kind: Kind,
    pub sha256: Sha256,
}

impl Name {
    pub fn blob(sha256: Sha256) -> Self {
        Self { kind: Kind::Blob, sha256 }
    }

    pub fn entry(sha256: Sha256) -> Self {
        Self { kind: Kind::Entry, sha256 }
    }

    /// Whether it is the blob of no bytes, which is always there.
    pub fn is_of_nothing(self) -> bool {
        self == Self::blob(Blob::of(b"").sha256)
    }
}

/// A folder in which things are, and no more of them than its quota allows.
pub struct Shelf {
    folder: PathBuf,
    quota: u64,
    index: Mutex<Index>,
    pub(crate) metrics: Arc<Metrics>,
    /// Held as long as the shelf is there.
    _lock: File,
}

impl Shelf {
    /// The shelf in a folder, which is made where there is none; of more than `quota` bytes, what was used least goes.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or another server is at it.
    pub fn open(folder: &Path, quota: Option<u64>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = lock(folder)?;
        let index = Mutex::new(Index::read(folder)?);
        let quota = quota.unwrap_or(u64::MAX);
        let shelf = Self { folder: folder.to_owned(), quota, index, metrics: Arc::default(), _lock: lock };
        shelf.make_room();
        Ok(shelf)
    }

    /// The shelf in one of so many folders beneath another one, the first at which no server is.
    ///
    /// # Errors
    /// As [`Self::open`], and where a server is at each of them.
    pub fn open_one_of(beneath: &Path, most: usize, quota: Option<u64>) -> io::Result<Self> {
        // What somebody sends here is for nobody else.
        DirBuilder::new().recursive(true).mode(0o700).create(beneath)?;
        for number in 0..most {
            match Self::open(&beneath.join(number.to_string()), quota) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
                shelf => return shelf,
            }
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("a server is at each of its {most} folders")))
    }

    /// Removes those of the folders beneath another one at which no server is, and says how many they were; what cannot
    /// be removed stays.
    pub fn remove_idle(beneath: &Path) -> u64 {
        let is_removed = |path: &PathBuf| lock(path).and_then(|_lock| remove_folder(path)).is_ok();
        folders(beneath).filter(is_removed).count() as u64
    }

    /// How many folders beneath another one there are at which no server is.
    pub fn count_idle(beneath: &Path) -> u64 {
        let is_idle = |path: &PathBuf| match File::open(path.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        folders(beneath).filter(is_idle).count() as u64
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How large a thing can be that is taken.
    pub(crate) fn most(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Entry => MOST_ENTRY.min(self.quota),
            Kind::Blob => self.quota,
        }
    }

    /// How large a thing is, if it is there: somebody may have put it there, or removed it, beside the server. It counts
    /// as used.
    pub(crate) fn size(&self, name: Name) -> io::Result<Option<u64>> {
        let path = self.path(name);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => {
                self.used(name, &path, &meta);
                Ok(Some(meta.len()))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.gone(name, &path);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A thing to be read, and its size, if it is there. What is no file is nothing, and is not waited for.
    pub(crate) fn opened(&self, name: Name) -> io::Result<Option<(File, u64)>> {
        let path = self.path(name);
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
        let file = match File::options().read(true).custom_flags(flags.bits().cast_signed()).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.gone(name, &path);
                return Ok(None);
            }
            // What a link leads to is somebody else's.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => return Ok(None),
            Err(error) => return Err(error),
        };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Ok(None);
        }
        // What was not on the disk yet when the power was lost.
        if name.kind == Kind::Blob && meta.len() == 0 && !name.is_of_nothing() {
            self.remove_damaged(name, &file);
            return Ok(None);
        }
        self.used(name, &path, &meta);
        Ok(Some((file, meta.len())))
    }

    /// Takes note of a use. The time of the file is of use only for the order after the next start.
    fn used(&self, name: Name, path: &Path, meta: &fs::Metadata) {
        let now = SystemTime::now();
        // A time to come is that of a clock that was wrong.
        let is_fresh = meta.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age <= USED_PRECISION));
        if !is_fresh {
            let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
            let times = Timestamps { last_access: now, last_modification: now };
            let _ = rustix::fs::utimensat(rustix::fs::CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW);
        }
        self.index().put(name, meta.len());
    }

    /// The bytes of an entry, if it is there and all that it names is; otherwise it is of no use to anybody.
    ///
    /// All of these count as used: they go together.
    pub(crate) fn entry(&self, key: Sha256) -> io::Result<Option<Vec<u8>>> {
        // A file that was cut by a loss of power says that all went well and that there is nothing.
        let bytes = self.bytes(Name::entry(key), MOST_ENTRY)?.filter(|bytes| !bytes.is_empty());
        let is_whole = match &bytes {
            Some(bytes) => self.has_all_of(bytes)?,
            None => false,
        };
        self.metrics.looked_up(ENTRIES, is_whole);
        Ok(bytes.filter(|_| is_whole))
    }

    /// All bytes of a thing, if it is there and has at most so many; a blob that is not what its name says is removed.
    pub(crate) fn bytes(&self, name: Name, most: u64) -> io::Result<Option<Vec<u8>>> {
        if name.is_of_nothing() {
            return Ok(Some(Vec::new()));
        }
        let Some((file, size)) = self.opened(name)?.filter(|(_, size)| *size <= most) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = (&file).take(size).read_to_end(&mut bytes);
        read.inspect_err(|error| self.failed_to_read(name, &file, error))?;
        if name.kind == Kind::Blob && Blob::of(&bytes).sha256 != name.sha256 {
            self.remove_damaged(name, &file);
            return Ok(None);
        }
        self.metrics.sent(size);
        Ok(Some(bytes))
    }

    /// Whether a blob is there. The blob of nothing is everywhere.
    pub(crate) fn has(&self, blob: Blob) -> io::Result<bool> {
        if Name::blob(blob.sha256).is_of_nothing() {
            return Ok(blob.size == 0);
        }
        Ok(self.size(Name::blob(blob.sha256))? == Some(blob.size))
    }

    /// Begins to take a thing of `size` bytes, where that is known.
    pub(crate) fn begin(&self, name: Name, size: Option<u64>) -> Result<Incoming, Refusal> {
        let most = self.most(name.kind);
        if size.is_some_and(|size| size > most) {
            return Err(Refusal::TooLarge { most });
        }
        Ok(Incoming::new(self.path(name), name, size, most)?)
    }

    /// Puts in its place what has come to its end.
    pub(crate) fn finish(&self, mut incoming: Incoming) -> Result<(), Refusal> {
        incoming.check()?;
        {
            // Nobody makes room between the one and the other.
            let mut index = self.index();
            let (name, size) = incoming.persist()?;
            index.put(name, size);
        }
        self.make_room();
        Ok(())
    }

    /// Takes a thing that has come as a whole; it is to be of `size` bytes. A blob that is there stays as it is.
    pub(crate) fn put(&self, name: Name, size: u64, bytes: &[u8]) -> Result<(), Refusal> {
        if name.kind == Kind::Blob && self.size(name)? == Some(size) && size == bytes.len() as u64 {
            return Ok(());
        }
        let mut incoming = self.begin(name, Some(size))?;
        incoming.take(bytes)?;
        self.finish(incoming)?;
        self.metrics.received(size);
        Ok(())
    }

    /// Removes what was used least, until the rest is within the quota.
    fn make_room(&self) {
        let mut index = self.index();
        while index.bytes() > self.quota {
            let Some((name, size)) = index.least_used() else { break };
            // Whoever reads it has it open; what cannot be removed now is found at the next start.
            let _ = fs::remove_file(self.path(name));
            self.metrics.evicted(size);
        }
        self.tell(&index);
    }

    /// Forgets a thing, unless it has come meanwhile.
    fn gone(&self, name: Name, path: &Path) {
        let mut index = self.index();
        if !path.exists() {
            index.forget(name);
            self.tell(&index);
        }
    }

    fn tell(&self, index: &Index) {
        self.metrics.kept(index.bytes(), index.count());
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(place_of(name.kind.folder(), name.sha256))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn folders(beneath: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(beneath).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

/// Keeps other servers away from a folder, as long as what is returned is held.
fn lock(folder: &Path) -> io::Result<File> {
    let is_busy = || io::Error::new(io::ErrorKind::ResourceBusy, "another server is at it");
    let lock = match File::create(folder.join(LOCK)) {
        // Who had it has removed the folder.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(is_busy()),
        lock => lock?,
    };
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => is_busy(),
        TryLockError::Error(error) => error,
    })?;
    // Who had it has removed the folder.
    if lock.metadata()?.nlink() == 0 { Err(is_busy()) } else { Ok(lock) }
}
