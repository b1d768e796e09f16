//! What was computed before, by kind and key: trees, and small notes.

use rusqlite::params;
use xb_core::TreeId;

use crate::Store;
use crate::db::{Key, now};
use crate::error::{Result, StoreError};
use crate::index::Use;

impl Store {
    /// The tree that was remembered for a key, while all of it is here.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn recall(&self, kind: &str, key: &[u8]) -> Result<Option<TreeId>> {
        let sql = "SELECT tree FROM memos WHERE kind = ?1 AND key = ?2";
        let found = self.index().db.find(sql, params![kind, key], |row| row.get(0))?;
        let Some(Key(digest)) = found else {
            return Ok(None);
        };
        let tree = TreeId(digest);
        if !self.is_whole(tree)? {
            return Ok(None);
        }
        self.index().was_used(Use::Memo(kind.to_owned(), key.to_owned()))?;
        Ok(Some(tree))
    }

    /// Remembers a tree for a key.
    ///
    /// # Errors
    /// See [`StoreError`]; also when the tree is not here.
    pub fn remember(&self, kind: &str, key: &[u8], tree: TreeId) -> Result<()> {
        self.require(tree)?;
        self.index().write(|transaction| {
            let sql = "INSERT OR REPLACE INTO memos VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql)?;
            insert.execute(params![kind, key, Key(tree.0), now()])?;
            Ok(())
        })
    }

    /// The bytes that were remembered for a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn recall_bytes(&self, kind: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT value FROM notes WHERE kind = ?1 AND key = ?2";
        let found = self.index().db.find(sql, params![kind, key], |row| row.get(0))?;
        if found.is_some() {
            self.index().was_used(Use::Note(kind.to_owned(), key.to_owned()))?;
        }
        Ok(found)
    }

    /// Remembers bytes for a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remember_bytes(&self, kind: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.index().write(|transaction| {
            let sql = "INSERT OR REPLACE INTO notes VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql)?;
            insert.execute(params![kind, key, value, now()])?;
            Ok(())
        })
    }

    /// Remembers several small values of one kind, in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remember_all(&self, kind: &str, values: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
        self.index().write(|transaction| {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO notes VALUES (?1, ?2, ?3, ?4)")?;
            for (key, value) in values {
                insert.execute(params![kind, key, value, now()])?;
            }
            Ok(())
        })
    }

    /// Forgets all bytes of a kind.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_bytes(&self, kind: &str) -> Result<()> {
        self.index().write(|transaction| transaction.execute("DELETE FROM notes WHERE kind = ?1", [kind]).map(drop))
    }

    /// Fails when a tree is not wholly here.
    pub(crate) fn require(&self, tree: TreeId) -> Result<()> {
        if self.is_whole(tree)? { Ok(()) } else { Err(StoreError::missing_tree(tree)) }
    }
}
