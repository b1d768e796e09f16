//! What can go wrong when something is exported.

use std::io;
use std::path::{Path, PathBuf};

use xb_graph::MissingDirectory;
use xb_sign::SignError;
use xb_store::StoreError;

/// What can go wrong when something is exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
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
    /// The folder to write into holds something already.
    #[error("`{0}` holds something already; an export goes into a folder that is empty or not there yet")]
    Occupied(PathBuf),
    /// Something is not to be had from the store, or is damaged there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A directory of a tree is not to be had.
    #[error(transparent)]
    Directory(#[from] MissingDirectory),
    /// A file cannot be put into what is made.
    #[error("`{path}` cannot be put into {into}: {reason}")]
    File {
        /// The path of the file, in its tree where it is of one.
        path: String,
        /// What was to be written: `an archive`.
        into: &'static str,
        /// Why it cannot.
        reason: String,
    },
    /// A Debian package cannot be published.
    #[error("`{path}` cannot be published: {reason}")]
    Package {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two Debian packages would have one name in the pool.
    #[error(
        "`{first}` and `{second}` would both be `{name}` in the repository, with different bytes; \
         one of them needs a version of its own"
    )]
    Clash {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// The name that both have.
        name: String,
    },
    /// An OpenPGP key that cannot sign.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// Something cannot be signed, or was not signed by whom it should be.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was signed is no statement of how something was made.
    #[error("the statement is not believed: {0}")]
    Statement(String),
    /// What the caller described cannot be written down.
    #[error("{what} `{value}` cannot be used: {reason}")]
    Value {
        /// Which value: `the suite`.
        what: &'static str,
        /// The value.
        value: String,
        /// Why.
        reason: &'static str,
    },
}

/// The result of an export.
pub(crate) type Result<T> = std::result::Result<T, ExportError>;

impl ExportError {
    pub(crate) fn package(path: &Path, reason: impl Into<String>) -> Self {
        Self::Package { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn value(what: &'static str, value: &str, reason: &'static str) -> Self {
        Self::Value { what, value: value.to_owned(), reason }
    }
}

/// Says what was tried on which path when a system call fails.
pub(crate) trait Context<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| ExportError::Io { action, path: path.to_owned(), source })
    }
}
