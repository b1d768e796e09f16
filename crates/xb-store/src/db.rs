//! The store's database: how it is opened, and how digests lie in it.
//!
//! One connection writes and one reads; WAL lets both go on at once, and other processes too. `synchronous=NORMAL`
//! means that a loss of power may undo the last commits but never tears one; see [`epoch`](crate::epoch).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use xb_core::Digest;

use crate::error::{Result, StoreError};

/// `PRAGMA user_version` of the schema in `schema.sql`.
const SCHEMA: i64 = 1;

/// Older SQLite can corrupt a WAL that several processes checkpoint.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long it waits between two tries where SQLite itself does not wait.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(unusable(path, "it needs SQLite 3.51.3 or newer"));
        }
        let fail = |error| StoreError::database(path, &error);
        let mut writer = connect(path).map_err(fail)?;
        migrate(path, &mut writer)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), reader: Mutex::new(connect(path).map_err(fail)?) })
    }

    /// Does `work` in one transaction, which nobody else's can interrupt.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        transact(&mut writer, work).map_err(|error| StoreError::database(&self.path, &error))
    }

    /// Does `work`, which only reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let reader = lock(&self.reader);
        work(&reader).map_err(|error| StoreError::database(&self.path, &error))
    }

    /// The first row, if there is one.
    pub(crate) fn find<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.read(|reader| {
            let mut statement = reader.prepare_cached(sql)?;
            statement.query_row(params, map).optional()
        })
    }

    /// Every row.
    pub(crate) fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.read(|reader| {
            let mut statement = reader.prepare_cached(sql)?;
            statement.query_map(params, map)?.collect()
        })
    }
}

fn transact<T>(
    writer: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Several processes may do so to a new database at the same time; SQLite then refuses some of them at once, whatever
/// their patience, since two that wait for each other would wait for ever.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

fn migrate(path: &Path, writer: &mut Connection) -> Result<()> {
    let version = schema_version(writer).map_err(|error| StoreError::database(path, &error))?;
    match version {
        SCHEMA => Ok(()),
        0 => transact(writer, create).map_err(|error| StoreError::database(path, &error)),
        _ => Err(unusable(path, "a newer xb wrote it; use that one")),
    }
}

/// Another process may have made the tables while this one waited for the transaction.
fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    if schema_version(transaction)? == SCHEMA {
        return Ok(());
    }
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.pragma_update(None, "user_version", SCHEMA)
}

fn schema_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn unusable(path: &Path, reason: &str) -> StoreError {
    StoreError::Unusable { path: path.to_owned(), reason: reason.to_owned() }
}

/// Locks a mutex; what a panicking thread left behind is still consistent, since SQLite rolls back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().cast_signed())
}

/// A digest as it lies in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) Digest);

impl Key {
    pub(crate) fn bytes(self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..32].copy_from_slice(self.0.hash());
        bytes[32..].copy_from_slice(&self.0.size().to_le_bytes());
        bytes
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.bytes().to_vec().into())
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes: [u8; 40] = FromSql::column_result(value)?;
        let (hash, size) = bytes.split_first_chunk::<32>().ok_or(FromSqlError::InvalidType)?;
        let size = size.try_into().map_err(|_| FromSqlError::InvalidType)?;
        Ok(Self(Digest::new(*hash, u64::from_le_bytes(size))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_come_back_from_the_database() {
        let connection = Connection::open_in_memory().unwrap();
        let key = Key(Digest::of(b"something"));
        let back: Key = connection.query_row("SELECT ?1", [key], |row| row.get(0)).unwrap();
        assert_eq!(back, key);
    }

    #[test]
    fn a_database_of_a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        drop(Database::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        assert!(matches!(Database::open(&path), Err(StoreError::Unusable { .. })));
    }
}
