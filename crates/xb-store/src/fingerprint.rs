//! What source files were when they were last read, so that an unchanged folder costs only the walk.
//!
//! A file that changed within the last second before it was read is not believed unchanged next time: another
//! change within the same tick of the file system's clock would not show.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::params;
use rustc_hash::FxHashMap;
use rustix::fs::Stat;
use xb_core::ContentId;

use crate::Store;
use crate::db::{Key, lock, now};
use crate::error::Result;

/// Everything that changes when a file does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print([u8; 56]);

impl Print {
    pub(crate) fn of(stat: &Stat) -> Self {
        let fields = [
            stat.st_size,
            stat.st_mtime,
            stat.st_mtime_nsec.cast_signed(),
            stat.st_ctime,
            stat.st_ctime_nsec.cast_signed(),
            stat.st_ino.cast_signed(),
            stat.st_dev.cast_signed(),
        ];
        let mut bytes = [0; 56];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        Self(bytes)
    }
}

/// The fingerprints of one folder.
pub(crate) struct Fingerprints {
    /// The folder's path and a slash.
    prefix: Vec<u8>,
    known: FxHashMap<Vec<u8>, (Vec<u8>, ContentId)>,
    fresh: Mutex<Vec<(Vec<u8>, Print, ContentId)>>,
    now: i64,
}

impl Fingerprints {
    pub(crate) fn load(store: &Store, folder: &Path) -> Result<Self> {
        let mut prefix = folder.as_os_str().as_encoded_bytes().to_vec();
        prefix.push(b'/');
        let mut end = prefix.clone();
        // The byte after `/`: every path beneath the folder lies between.
        end.pop();
        end.push(b'/' + 1);
        let sql = "SELECT path, print, digest FROM fingerprints WHERE path > ?1 AND path < ?2";
        let rows = store.index().db.list(sql, params![prefix, end], |row| {
            let Key(digest) = row.get(2)?;
            Ok((row.get(0)?, (row.get(1)?, ContentId(digest))))
        })?;
        Ok(Self { prefix, known: rows.into_iter().collect(), fresh: Mutex::default(), now: now() })
    }

    /// The contents of a file that is still what it was.
    pub(crate) fn find(&self, path: &str, print: &Print) -> Option<ContentId> {
        let (known, id) = self.known.get(&self.key(path))?;
        (known == print.0.as_slice()).then_some(*id)
    }

    /// Notes what a file was before and after it was read.
    pub(crate) fn note(&self, path: &str, before: &Stat, after: &Stat, id: ContentId) {
        let print = Print::of(after);
        let changed = after.st_mtime.max(after.st_ctime);
        if Print::of(before) == print && changed + 1 < self.now {
            lock(&self.fresh).push((self.key(path), print, id));
        }
    }

    /// Remembers what was noted.
    pub(crate) fn save(self, store: &Store) -> Result<()> {
        let fresh = self.fresh.into_inner().unwrap_or_default();
        if fresh.is_empty() {
            return Ok(());
        }
        store.index().write(|transaction| {
            let sql = "INSERT OR REPLACE INTO fingerprints VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare_cached(sql)?;
            for (path, print, id) in &fresh {
                insert.execute(params![path, print.0, Key(id.0)])?;
            }
            Ok(())
        })
    }

    fn key(&self, path: &str) -> Vec<u8> {
        [&self.prefix, path.as_bytes()].concat()
    }
}
