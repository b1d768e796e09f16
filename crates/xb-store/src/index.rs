//! What the store knows to be here: contents and directories, in memory and in the database.
//!
//! Facts are gathered in memory and written together: ten thousand directories cost one transaction, not ten
//! thousand. [`Index::write`] puts what was gathered into the very transaction of whatever names it (a result, a
//! memo, a root), so the database never names something that it does not hold. What was gathered and not written
//! when the process dies is lost and harmless: files without a row are not believed in, and `gc` removes them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::{Transaction, params};
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ContentId, Digest, TreeId};
use xb_graph::decode_directory;
use xb_graph::reapi::{Directory, encode};

use crate::db::{Database, Key, lock};
use crate::epoch::Boot;
use crate::error::{Result, StoreError};

/// So many facts are written without waiting for something that names them.
const ENOUGH: usize = 16_384;

/// With so many directories in memory, those that are written are forgotten.
const CROWDED: usize = 200_000;

pub(crate) struct Index {
    pub(crate) db: Database,
    boot: Boot,
    known: RwLock<Known>,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Known {
    directories: FxHashMap<TreeId, (Arc<Directory>, bool)>,
    contents: FxHashSet<ContentId>,
    materialised: FxHashSet<TreeId>,
}

#[derive(Default)]
struct Gathered {
    contents: Vec<ContentId>,
    directories: Vec<(TreeId, Arc<Directory>)>,
    whole: Vec<TreeId>,
    materialised: Vec<TreeId>,
    used: Vec<Use>,
}

/// Something that was used, for the garbage collector to know.
#[derive(Clone, Debug)]
pub(crate) enum Use {
    Result(Digest),
    Memo(String, Vec<u8>),
    Note(String, Vec<u8>),
    Materialised(TreeId),
}

impl Index {
    pub(crate) fn open(path: &Path, boot: Boot) -> Result<Self> {
        Ok(Self { db: Database::open(path)?, boot, known: RwLock::default(), gathered: Mutex::default() })
    }

    /// Does `work` in one transaction, after everything that was gathered.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut taken = None;
        let done = self.db.write(|transaction| {
            // Taken only inside the transaction: whoever comes next waits for it, and finds everything written.
            let gathered = taken.insert(std::mem::take(&mut *lock(&self.gathered)));
            gathered.write(transaction, &self.boot)?;
            work(transaction)
        });
        if let (Err(_), Some(gathered)) = (&done, taken) {
            lock(&self.gathered).put_back(gathered);
        }
        done
    }

    /// Writes what was gathered.
    pub(crate) fn flush(&self) -> Result<()> {
        if lock(&self.gathered).len() == 0 {
            return Ok(());
        }
        self.write(|_| Ok(()))?;
        self.make_room();
        Ok(())
    }

    fn gather(&self, fact: impl FnOnce(&mut Gathered)) -> Result<()> {
        let len = {
            let mut gathered = lock(&self.gathered);
            fact(&mut gathered);
            gathered.len()
        };
        if len < ENOUGH { Ok(()) } else { self.flush() }
    }

    fn make_room(&self) {
        let gathered = lock(&self.gathered);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.directories.len() > CROWDED && gathered.len() == 0 {
            known.directories.clear();
        }
    }

    /// Forgets what is in memory, since the store may change without it. What could not be written is forgotten
    /// too: its files have no row, and who sweeps takes them.
    pub(crate) fn forget(&self) {
        *lock(&self.gathered) = Gathered::default();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    fn recall<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, fact: impl FnOnce(&mut Known)) {
        fact(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether a content is here.
    pub(crate) fn has_content(&self, id: ContentId) -> Result<bool> {
        if self.recall(|known| known.contents.contains(&id)) {
            return Ok(true);
        }
        let sql = "SELECT 1 FROM contents WHERE digest = ?1";
        let found = self.db.find(sql, [Key(id.0)], |_| Ok(()))?.is_some();
        if found {
            self.learn(|known| {
                known.contents.insert(id);
            });
        }
        Ok(found)
    }

    /// Notes that a form of a content now lies in its place.
    pub(crate) fn content_is_here(&self, id: ContentId) -> Result<()> {
        self.gather(|gathered| gathered.contents.push(id))?;
        self.learn(|known| {
            known.contents.insert(id);
        });
        Ok(())
    }

    /// A directory, if it is here, and whether everything beneath is known to be.
    pub(crate) fn directory(&self, id: TreeId) -> Result<Option<(Arc<Directory>, bool)>> {
        if id.0.size() == 0 {
            return Ok(Some((Arc::default(), true)));
        }
        if let Some(found) = self.recall(|known| known.directories.get(&id).cloned()) {
            return Ok(Some(found));
        }
        let sql = "SELECT bytes, whole FROM directories WHERE digest = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?));
        let Some((bytes, whole)) = self.db.find(sql, [Key(id.0)], read)? else {
            return Ok(None);
        };
        let directory = decode_directory(id, &bytes)
            .map_err(|error| StoreError::Damaged { what: format!("the directory {id}"), reason: error.reason })?;
        let found = (Arc::new(directory), whole);
        self.learn(|known| {
            known.directories.insert(id, found.clone());
        });
        Ok(Some(found))
    }

    /// Notes a directory, whose digest is `id`.
    pub(crate) fn add_directory(&self, id: TreeId, directory: Directory) -> Result<()> {
        if id.0.size() == 0 || self.recall(|known| known.directories.contains_key(&id)) {
            return Ok(());
        }
        let directory = Arc::new(directory);
        self.gather(|gathered| gathered.directories.push((id, Arc::clone(&directory))))?;
        self.learn(|known| {
            known.directories.insert(id, (directory, false));
        });
        Ok(())
    }

    /// Notes that everything beneath these directories is here.
    pub(crate) fn are_whole(&self, ids: &[TreeId]) -> Result<()> {
        self.learn(|known| {
            for id in ids {
                if let Some((_, whole)) = known.directories.get_mut(id) {
                    *whole = true;
                }
            }
        });
        self.gather(|gathered| gathered.whole.extend_from_slice(ids))
    }

    /// Whether a tree was materialised.
    pub(crate) fn has_materialised(&self, tree: TreeId) -> Result<bool> {
        if self.recall(|known| known.materialised.contains(&tree)) {
            return Ok(true);
        }
        let sql = "SELECT 1 FROM materialised WHERE tree = ?1";
        Ok(self.db.find(sql, [Key(tree.0)], |_| Ok(()))?.is_some())
    }

    /// Notes that a materialised tree now lies in its place.
    pub(crate) fn is_materialised(&self, tree: TreeId) -> Result<()> {
        self.learn(|known| {
            known.materialised.insert(tree);
        });
        self.gather(|gathered| gathered.materialised.push(tree))
    }

    /// Notes that something was used.
    pub(crate) fn was_used(&self, used: Use) -> Result<()> {
        self.gather(|gathered| gathered.used.push(used))
    }
}

impl Gathered {
    fn len(&self) -> usize {
        let used = self.used.len() + self.materialised.len();
        self.contents.len() + self.directories.len() + self.whole.len() + used
    }

    fn put_back(&mut self, mut taken: Self) {
        taken.contents.append(&mut self.contents);
        taken.directories.append(&mut self.directories);
        taken.whole.append(&mut self.whole);
        taken.materialised.append(&mut self.materialised);
        taken.used.append(&mut self.used);
        *self = taken;
    }

    fn write(&self, transaction: &Transaction<'_>, boot: &Boot) -> rusqlite::Result<()> {
        if !self.contents.is_empty() || !self.materialised.is_empty() {
            self.write_files(transaction, boot.epoch(transaction)?)?;
        }
        self.write_directories(transaction)?;
        self.used.iter().try_for_each(|used| used.write(transaction))
    }

    fn write_files(&self, transaction: &Transaction<'_>, epoch: i64) -> rusqlite::Result<()> {
        let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO contents VALUES (?1, ?2)")?;
        for id in &self.contents {
            insert.execute(params![Key(id.0), epoch])?;
        }
        let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO materialised VALUES (?1, ?2, ?3)")?;
        for tree in &self.materialised {
            insert.execute(params![Key(tree.0), epoch, crate::db::now()])?;
        }
        Ok(())
    }

    fn write_directories(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO directories VALUES (?1, ?2, 0)")?;
        for (id, directory) in &self.directories {
            insert.execute(params![Key(id.0), encode(directory.as_ref()).0])?;
        }
        let mut update = transaction.prepare_cached("UPDATE directories SET whole = 1 WHERE digest = ?1")?;
        for id in &self.whole {
            update.execute([Key(id.0)])?;
        }
        Ok(())
    }
}

impl Use {
    fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let now = crate::db::now();
        match self {
            Self::Result(action) => transaction
                .prepare_cached("UPDATE results SET used = ?2 WHERE action = ?1")?
                .execute(params![Key(*action), now])?,
            Self::Memo(kind, key) => transaction
                .prepare_cached("UPDATE memos SET used = ?3 WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind, key, now])?,
            Self::Note(kind, key) => transaction
                .prepare_cached("UPDATE notes SET used = ?3 WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind, key, now])?,
            Self::Materialised(tree) => transaction
                .prepare_cached("UPDATE materialised SET used = ?2 WHERE tree = ?1")?
                .execute(params![Key(tree.0), now])?,
        };
        Ok(())
    }
}
