//! Trees that garbage collection keeps for ever, by name.

use rusqlite::params;
use xb_core::TreeId;

use crate::Store;
use crate::db::{Key, now};
use crate::error::Result;

impl Store {
    /// Keeps a tree under a name, in place of what had the name before.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError); also when the tree is not here.
    pub fn add_root(&self, name: &str, tree: TreeId) -> Result<()> {
        self.require(tree)?;
        self.index().write(|transaction| {
            let sql = "INSERT OR REPLACE INTO roots VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![name, Key(tree.0), now()])?;
            Ok(())
        })
    }

    /// Keeps several trees under their names, in one transaction.
    ///
    /// # Errors
    /// See [`add_root`](Self::add_root).
    pub fn add_roots(&self, roots: &[(String, TreeId)]) -> Result<()> {
        roots.iter().try_for_each(|(_, tree)| self.require(*tree))?;
        self.index().write(|transaction| {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO roots VALUES (?1, ?2, ?3)")?;
            for (name, tree) in roots {
                insert.execute(params![name, Key(tree.0), now()])?;
            }
            Ok(())
        })
    }

    /// Every root, sorted by name.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn roots(&self) -> Result<Vec<(String, TreeId)>> {
        let sql = "SELECT name, tree FROM roots ORDER BY name";
        self.index().db.list(sql, [], |row| {
            let Key(digest) = row.get(1)?;
            Ok((row.get(0)?, TreeId(digest)))
        })
    }

    /// Keeps what had this name no longer; says whether there was something.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn remove_root(&self, name: &str) -> Result<bool> {
        self.index().write(|transaction| {
            let removed = transaction.execute("DELETE FROM roots WHERE name = ?1", [name])?;
            Ok(removed > 0)
        })
    }
}
