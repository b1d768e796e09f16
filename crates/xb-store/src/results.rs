//! What actions left, by their keys.

use rusqlite::params;
use rustc_hash::FxHashMap;
use xb_core::{ActionId, Digest};
use xb_graph::ActionResult;

use crate::Store;
use crate::db::{Key, now};
use crate::error::{Result, StoreError};
use crate::index::Use;

impl Store {
    pub(crate) fn find_result(&self, action: ActionId) -> Result<Option<ActionResult>> {
        Ok(self.find_results(&[action])?.pop().flatten())
    }

    /// What several actions left, in their order, by one query.
    pub(crate) fn find_results(&self, actions: &[ActionId]) -> Result<Vec<Option<ActionResult>>> {
        let keys: Vec<String> = actions.iter().map(|action| hex(&Key(action.0).bytes())).collect();
        let keys = serde_json::to_string(&keys).map_err(|error| StoreError::Database(error.to_string()))?;
        let sql = "SELECT action, result FROM results WHERE action IN (SELECT unhex(value) FROM json_each(?1))";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Key>(0)?.0, row.get::<_, String>(1)?));
        let texts: FxHashMap<Digest, String> = self.index().db.list(sql, [keys], read)?.into_iter().collect();
        actions.iter().map(|action| self.usable(*action, texts.get(&action.0))).collect()
    }

    /// A result, if this xb can read it and all of it is here.
    fn usable(&self, action: ActionId, text: Option<&String>) -> Result<Option<ActionResult>> {
        let Some(result) = text.and_then(|text| serde_json::from_str(text).ok()) else {
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

    pub(crate) fn forget_result(&self, action: ActionId) -> Result<()> {
        self.index().write(|transaction| {
            let sql = "DELETE FROM results WHERE action = ?1";
            transaction.execute(sql, [Key(action.0)])?;
            Ok(())
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
