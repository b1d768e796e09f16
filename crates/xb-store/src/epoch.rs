//! Durability against a loss of power, without a sync for each file.
//!
//! Files are written aside, renamed and then recorded. A killed process can thus never leave a record without its
//! file, but a machine that loses power can: the kernel may have written the database and not yet the file. Every
//! record therefore carries an *epoch*, which belongs to one boot of the machine. An epoch ends when one `syncfs`
//! after its last write has returned; until then what it recorded is believed only within the same boot, in which
//! the kernel's own memory vouches for it. The first process that opens the store after a reboot hashes what the
//! unfinished epochs of earlier boots recorded and drops what is not right (see [`settle`](crate::settle)).
//!
//! The database's own last commits, with the epochs in them, may be lost too. That a store was opened in a boot is
//! therefore written durably before anything else is, so that the next boot knows to look for what has no record.
//!
//! An fsync for each file would wait for the disk once a file, and one `syncfs` before each record would make every
//! small action wait for whatever else the machine is writing. So epochs are ended later, by a process that opens the
//! store when the kernel has mostly written everything by itself. This was reasoned, not measured.

use std::fs::File;
use std::io::Write;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::db::{Database, now};
use crate::error::{Context, Result};
use crate::layout::Layout;

/// By this age, in seconds, the kernel has written a file on its own account.
const COOL: i64 = 60;

/// The boot of this machine, by the kernel's random name for it.
#[derive(Clone, Debug)]
pub(crate) struct Boot(String);

impl Boot {
    pub(crate) fn current() -> Self {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        // Without a name every process is a boot of its own: slow, and safe.
        Self(id.map_or_else(|_| format!("process {} at {}", std::process::id(), now()), |id| id.trim().to_owned()))
    }

    /// The epoch that is open now, within a transaction that records something.
    pub(crate) fn epoch(&self, transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
        let open = transaction
            .prepare_cached("SELECT id FROM epochs WHERE boot = ?1 AND closed = 0")?
            .query_row([&self.0], |row| row.get(0))
            .optional()?;
        open.map_or_else(|| self.begin(transaction), Ok)
    }

    fn begin(&self, transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
        transaction
            .prepare_cached("INSERT INTO epochs (boot, started, closed) VALUES (?1, ?2, 0)")?
            .execute(params![self.0, now()])?;
        Ok(transaction.last_insert_rowid())
    }

    /// Whether nobody has opened the store since the machine was started.
    pub(crate) fn is_new(&self, layout: &Layout) -> bool {
        std::fs::read_to_string(layout.boot()).ok().as_deref() != Some(&*self.0)
    }

    /// Notes durably that the store was opened in this boot.
    pub(crate) fn note(&self, layout: &Layout) -> Result<()> {
        let (place, aside) = (layout.boot(), layout.tmp().join("boot"));
        let write = || {
            let mut file = File::create(&aside)?;
            file.write_all(self.0.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&aside, &place)?;
            File::open(&layout.top)?.sync_all()
        };
        let written = write();
        if written.is_err() {
            // What stays goes with what else the dead left.
            let _ = std::fs::remove_file(&aside);
        }
        written.on("cannot write", &place)
    }

    /// The epochs of earlier boots that were never synced.
    pub(crate) fn doubtful(&self, db: &Database) -> Result<Vec<i64>> {
        db.list("SELECT id FROM epochs WHERE boot <> ?1", [&self.0], |row| row.get(0))
    }

    /// Whether an epoch of this boot is so old that syncing it costs nothing.
    pub(crate) fn has_cooled(&self, db: &Database) -> Result<bool> {
        let sql = "SELECT 1 FROM epochs WHERE boot = ?1 AND started < ?2";
        let found = db.find(sql, params![self.0, now() - COOL], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Makes everything durable that was recorded until now.
    pub(crate) fn sync(&self, db: &Database, layout: &Layout) -> Result<()> {
        // Whoever records from here on does so in a new epoch, whose files the sync need not reach.
        let close = "UPDATE epochs SET closed = 1 WHERE boot = ?1 RETURNING id";
        let closed: Vec<i64> = db.write(|transaction| {
            let mut statement = transaction.prepare_cached(close)?;
            statement.query_map([&self.0], |row| row.get(0))?.collect()
        })?;
        if closed.is_empty() {
            return Ok(());
        }
        let top = File::open(&layout.top).on("cannot open", &layout.top)?;
        rustix::fs::syncfs(&top).on("cannot sync", &layout.top)?;
        db.write(|transaction| end(transaction, &closed))
    }
}

/// Takes epochs as durable.
pub(crate) fn end(transaction: &Transaction<'_>, epochs: &[i64]) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare_cached("DELETE FROM epochs WHERE id = ?1")?;
    for epoch in epochs {
        delete.execute([epoch])?;
    }
    Ok(())
}
