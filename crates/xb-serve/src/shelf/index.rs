//! What is on the shelf, and in which order it was used.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lru::LruCache;

use xb_cache::layout::ASIDE;

use super::{Kind, Name, OWN_ASIDE};

/// After so long, nobody writes any more what was not written to its end.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What is on the shelf, with sizes in bytes, what was used last first.
pub(super) struct Index {
    things: LruCache<Name, u64>,
    bytes: u64,
}

impl Index {
    /// What is in a folder, in the order of the times of its files. What writers that died have left is removed.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            for shard in entries(&folder.join(kind.folder()))? {
                for file in entries(&shard?.path())? {
                    let file = file?;
                    let (name, meta) = (file.file_name(), file.metadata());
                    // Others may remove what is there meanwhile.
                    let Some(meta) = there(meta)? else { continue };
                    let at = meta.modified()?;
                    let name = name.to_str().unwrap_or_default();
                    let is_old = || at.elapsed().is_ok_and(|age| age > ABANDONED);
                    if name.starts_with(OWN_ASIDE) || (name.starts_with(ASIDE) && is_old()) {
                        there(fs::remove_file(file.path()))?;
                    }
                    if let (Ok(sha256), true) = (name.parse(), meta.is_file()) {
                        found.push((at, Name { kind, sha256 }, meta.len()));
                    }
                }
            }
        }
        found.sort_by_key(|(at, name, _): &(SystemTime, Name, u64)| (*at, *name));
        let mut index = Self { things: LruCache::unbounded(), bytes: 0 };
        found.into_iter().for_each(|(_, name, size)| index.put(name, size));
        Ok(index)
    }

    /// Takes note of a thing, which is used now.
    pub fn put(&mut self, name: Name, size: u64) {
        let before = self.things.put(name, size).unwrap_or(0);
        self.bytes = self.bytes - before + size;
    }

    /// Forgets a thing that is not there any more.
    pub fn forget(&mut self, name: Name) {
        self.bytes -= self.things.pop(&name).unwrap_or(0);
    }

    /// What was used least, which is forgotten with that.
    pub fn least_used(&mut self) -> Option<(Name, u64)> {
        let (name, size) = self.things.pop_lru()?;
        self.bytes -= size;
        Some((name, size))
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many things there are.
    pub fn count(&self) -> usize {
        self.things.len()
    }
}

/// What was done with a thing, if it was there.
fn there<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// What is in a folder; nothing in what is none.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None.into_iter().flatten())
        }
        Err(error) => Err(error),
    }
}
