//! Why a thing is not taken, or not given.

use std::io;

/// Why a thing is not taken, or not given: a sentence for whoever sent it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What came is not what its name says, or no name at all.
    #[error("{0}")]
    Wrong(String),
    /// It is larger than anything that is taken.
    #[error("nothing larger than {most} bytes is taken")]
    TooLarge { most: u64 },
    /// The disk is full.
    #[error("the server's disk is full")]
    NoRoom,
    /// It stopped coming.
    #[error("it stopped coming: {0}")]
    Cut(String),
    /// The folder cannot be read or written.
    #[error("the server's folder fails: {0}")]
    Folder(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoRoom,
            _ => Self::Folder(error),
        }
    }
}
