//! What can go wrong with a store, and how the errors of its parts become one type.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rustix::fs::StatVfs;
use rustix::io::Errno;
use xb_core::TreeId;
use xb_graph::MissingDirectory;

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A system call on a path failed.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// What was tried: `cannot write`.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space left on the disk of `{path}`; `xb gc` removes what no root needs")]
    Full {
        /// Where.
        path: PathBuf,
    },
    /// The database of the store failed.
    #[error("the store's database: {0}")]
    Database(String),
    /// The store was written by a newer xb, or cannot be used by this one.
    #[error("the store `{path}` cannot be used: {reason}")]
    Unusable {
        /// The store.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something that should be in the store is not.
    #[error("{what} is not in the store")]
    Missing {
        /// A content, a tree or a result.
        what: String,
    },
    /// Something in the store is not what its digest says.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// A content, a tree or a result.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that no tree can hold, or a pattern that cannot be read.
    #[error("`{path}` cannot be taken into the store: {reason}")]
    Refused {
        /// The file, folder or pattern.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The store must be at rest for this, and is not.
    #[error("the store `{path}` is in use by {who}; try again when that has ended")]
    Busy {
        /// The store.
        path: PathBuf,
        /// `process 4711 (xb)`.
        who: String,
    },
}

/// The result of what a store does.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Whether the reason is a full disk.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    pub(crate) fn io(action: &'static str, path: &Path, error: impl Into<io::Error>) -> Self {
        let source = error.into();
        let errno = source.raw_os_error().map(Errno::from_raw_os_error);
        let path = path.to_owned();
        match errno {
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Self::Full { path },
            _ => Self::Io { action, path, source },
        }
    }

    pub(crate) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        let full = || Self::Full { path: path.to_owned() };
        let Some(sqlite) = error.sqlite_error() else { return Self::Database(error.to_string()) };
        match (sqlite.code, sqlite.extended_code) {
            (ErrorCode::DiskFull, _) | (_, SQLITE_IOERR_SHMSIZE) => full(),
            (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, _) if !has_room(path) => full(),
            (ErrorCode::SystemIoFailure, _) => Self::Database(sqlite.to_string()),
            _ => Self::Database(error.to_string()),
        }
    }

    pub(crate) fn refused(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Refused { path: path.into(), reason: reason.into() }
    }

    /// Somebody wrote to what belongs to the store.
    pub(crate) fn written_to(path: &Path, reason: String) -> Self {
        Self::Damaged { what: format!("`{}`, to which somebody wrote,", path.display()), reason }
    }

    pub(crate) fn missing_tree(id: TreeId) -> Self {
        Self::Missing { what: format!("the tree {id}") }
    }

    pub(crate) fn for_directory(self, id: TreeId) -> MissingDirectory {
        MissingDirectory { id, reason: self.to_string() }
    }
}

/// Whether the disk of a file has room for another file, and for the pieces by which SQLite lets what processes share
/// grow: where it has none SQLite says no more than that the system failed.
fn has_room(path: &Path) -> bool {
    const PIECE: u64 = 32 << 10;
    let folder = path.parent().unwrap_or(path);
    let has_room = |disk: StatVfs| disk.f_bavail * disk.f_frsize >= PIECE && (disk.f_favail > 0 || disk.f_files == 0);
    rustix::fs::statvfs(folder).map_or(true, has_room)
}

/// Says what was tried on which path when a system call fails.
pub(crate) trait Context<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn on(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|error| StoreError::io(action, path, error))
    }
}
