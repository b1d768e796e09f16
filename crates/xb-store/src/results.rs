//! What actions left, by their keys.

use rusqlite::params;
use xb_core::ActionId;
use xb_graph::ActionResult;

use crate::Store;
use crate::db::{Key, now};
use crate::error::{Result, StoreError};
use crate::index::Use;

impl Store {
    pub(crate) fn find_result(&self, action: ActionId) -> Result<Option<ActionResult>> {
        let sql = "SELECT result FROM results WHERE action = ?1";
        let text: Option<String> = self.index().db.find(sql, [Key(action.0)], |row| row.get(0))?;
        // A result that this xb cannot read is one that it does not know.
        let Some(result) = text.and_then(|text| serde_json::from_str(&text).ok()) else {
            return Ok(None);
        };
        if !self.is_here(&result)? {
            return Ok(None);
        }
        self.index().was_used(Use::Result(action.0))?;
        Ok(Some(result))
    }

    /// Whether everything that a result names is here.
    fn is_here(&self, result: &ActionResult) -> Result<bool> {
        for tree in result.outputs.values() {
            if !self.is_whole(*tree)? {
                return Ok(false);
            }
        }
        result.log.map_or(Ok(true), |log| self.has_content(log))
    }

    pub(crate) fn record_result(&self, action: ActionId, result: &ActionResult) -> Result<()> {
        if !self.is_here(result)? {
            return Err(StoreError::Missing { what: format!("a tree or the log of the result of {action}") });
        }
        let text = serde_json::to_string(result).map_err(|error| StoreError::Database(error.to_string()))?;
        self.index().write(|transaction| {
            let sql = "INSERT OR REPLACE INTO results VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare_cached(sql)?;
            insert.execute(params![Key(action.0), text, now()])?;
            Ok(())
        })
    }

    /// Forgets what an action left, so that it runs again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_result(&self, action: ActionId) -> Result<()> {
        self.index().write(|transaction| {
            let sql = "DELETE FROM results WHERE action = ?1";
            transaction.execute(sql, [Key(action.0)])?;
            Ok(())
        })
    }
}
