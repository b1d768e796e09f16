//! After the machine was started: what a loss of power may have spoilt is looked at before it is believed.

use rayon::prelude::*;
use rusqlite::Transaction;
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ContentId, TreeId};

use crate::db::{Database, Key};
use crate::epoch::{Boot, end};
use crate::error::Result;
use crate::layout::{Form, Layout};
use crate::remove::remove_file;
use crate::shelves::{Doomed, Shelved, fault, list};

/// Drops what did not outlive the loss; called while nobody else has the store open.
///
/// Contents of unfinished epochs are hashed, and all others must have their size. Materialised trees of such epochs go:
/// they are cheap to make again. So does whatever has no record, since nobody knows how much of it was written.
pub(crate) fn settle(layout: &Layout, db: &Database, boot: &Boot) -> Result<()> {
    let epochs = boot.doubtful(db)?;
    if epochs.is_empty() && !boot.is_new(layout) {
        return Ok(());
    }
    let recorded: FxHashSet<ContentId> = contents(db)?;
    let doubtful: FxHashSet<ContentId> = in_epochs(db, "SELECT digest, epoch FROM contents", &epochs)?
        .into_iter()
        .map(|Key(digest)| ContentId(digest))
        .collect();
    let trees = in_epochs(db, "SELECT tree, epoch FROM materialised", &epochs)?;
    let lost = drop_unsound(layout, &recorded, &doubtful)?;
    db.write(|rows| {
        delete(rows, "DELETE FROM contents WHERE digest = ?1", lost.iter().map(|id| Key(id.0)))?;
        delete(rows, "DELETE FROM materialised WHERE tree = ?1", trees.iter().copied())?;
        if !lost.is_empty() {
            rows.execute("UPDATE directories SET whole = 0", [])?;
        }
        end(rows, &epochs)
    })?;
    let trees = db.list("SELECT tree FROM materialised", [], |row| row.get(0))?;
    let trees = trees.into_iter().map(|Key(digest)| TreeId(digest)).collect();
    Doomed::find(layout, &contents(db)?, &trees)?.sweep(layout)?;
    boot.note(layout)
}

fn contents(db: &Database) -> Result<FxHashSet<ContentId>> {
    let contents = db.list("SELECT digest FROM contents", [], |row| row.get(0))?;
    Ok(contents.into_iter().map(|Key(digest)| ContentId(digest)).collect())
}

fn in_epochs(db: &Database, sql: &str, epochs: &[i64]) -> Result<Vec<Key>> {
    let rows: Vec<(Key, i64)> = db.list(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().filter(|(_, epoch)| epochs.contains(epoch)).map(|(key, _)| key).collect())
}

/// Removes the files that are not what they should be; says of which contents nothing is left.
fn drop_unsound(
    layout: &Layout,
    recorded: &FxHashSet<ContentId>,
    doubtful: &FxHashSet<ContentId>,
) -> Result<Vec<ContentId>> {
    let by_hash: FxHashMap<[u8; 32], ContentId> = recorded.iter().map(|id| (*id.0.hash(), *id)).collect();
    let sound = |file: &Shelved| -> Result<Option<ContentId>> {
        let Some((hash, form)) = file.name else {
            return Ok(None);
        };
        let Some(id) = by_hash.get(&hash) else {
            return Ok(None);
        };
        let is_sound = match doubtful.contains(id) {
            true => fault(&file.path, form, *id).is_none(),
            // What was recorded before may have got another form since.
            false => std::fs::symlink_metadata(&file.path).is_ok_and(|meta| meta.len() == id.0.size()),
        };
        if !is_sound {
            return remove_file(&file.path).map(|()| None);
        }
        Ok(Some(*id).filter(|_| !matches!(form, Form::Mode(_))))
    };
    let sound: Vec<Option<ContentId>> = list(layout)?.par_iter().map(sound).collect::<Result<_>>()?;
    let sound: FxHashSet<ContentId> = sound.into_iter().flatten().collect();
    Ok(recorded.difference(&sound).copied().collect())
}

fn delete(rows: &Transaction<'_>, sql: &str, keys: impl Iterator<Item = Key>) -> rusqlite::Result<()> {
    let mut statement = rows.prepare_cached(sql)?;
    for key in keys {
        statement.execute([key])?;
    }
    Ok(())
}
