//! Why a pack did not come to be, or not into the store.

use xb_core::ContentId;
use xb_graph::MissingDirectory;
use xb_store::StoreError;

use crate::{Address, RemoteError};

/// Why a pack did not come to be, or not into the store.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The remote: also where what it has is no pack, or another than the one that was asked for.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store, and a directory of it.
    #[error(transparent)]
    Directory(#[from] MissingDirectory),
    /// The store has a content whose bytes are not those that its name says.
    #[error("the content {content} in the store is damaged: {why}; `xb store verify` finds what else is")]
    Damaged {
        /// The content.
        content: ContentId,
        /// What is wrong with it.
        why: String,
    },
    /// The remote does not have all of a pack: most likely somebody made room there.
    #[error("`{remote}` does not have {what} (any more)")]
    Absent {
        /// The remote.
        remote: Address,
        /// What it does not have.
        what: String,
    },
    /// A pack is larger than whoever asked for it takes.
    #[error("{what} at `{remote}` is larger than is taken: {why}")]
    TooLarge {
        /// The remote.
        remote: Address,
        /// The pack.
        what: String,
        /// Which limit it exceeds.
        why: String,
    },
    /// A newer xb has made the pack.
    #[error("{what} at `{remote}` has version {version}, and this xb reads version {known}: a newer one reads it")]
    Version {
        /// The remote.
        remote: Address,
        /// The pack.
        what: String,
        /// Its version.
        version: u32,
        /// The version that is read here.
        known: u32,
    },
}

impl PackError {
    /// Whether the remote has something else than what was asked for.
    pub fn is_lie(&self) -> bool {
        matches!(self, Self::Remote(RemoteError::Lied { .. }))
    }
}
