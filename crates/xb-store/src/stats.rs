//! How much is in the store.

use crate::Store;
use crate::error::Result;
use crate::shelves::weights;

/// How much is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Contents.
    pub contents: u64,
    /// Their bytes, in all of their forms.
    pub bytes: u64,
    /// Directories.
    pub directories: u64,
    /// Materialised trees.
    pub trees: u64,
    /// Results of actions.
    pub results: u64,
    /// Memos and notes.
    pub memos: u64,
    /// Roots.
    pub roots: u64,
}

impl Store {
    /// How much is in the store.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub fn stats(&self) -> Result<Stats> {
        self.index().flush()?;
        let db = &self.index().db;
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            let counted = db.find(&sql, [], |row| row.get::<_, i64>(0))?;
            Ok(counted.unwrap_or_default().cast_unsigned())
        };
        Ok(Stats {
            contents: count("contents")?,
            bytes: weights(self.layout())?.into_values().sum(),
            directories: count("directories")?,
            trees: count("materialised")?,
            results: count("results")?,
            memos: count("memos")? + count("notes")?,
            roots: count("roots")?,
        })
    }
}
