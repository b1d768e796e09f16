//! Who brings what comes from outside.

use xb_core::{Digest, TreeId};
use xb_graph::{DebianRoot, Fetch, Folder};

use crate::BoxFuture;

/// A node that is not computed from other nodes.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// A download.
    Fetch(&'a Fetch),
    /// A folder of the project.
    Folder(&'a Folder),
    /// A set of Debian packages.
    Debian(&'a DebianRoot),
}

/// Why something could not be brought: a person reads it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProvideError {
    /// What went wrong, and with what.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// Whether the machine or the network is at fault, and not what was asked for.
    pub is_of_environment: bool,
}

/// Brings what comes from outside into the store.
pub trait Provider: Send + Sync {
    /// The tree of a source, fetched, checked and unpacked, unless it is already here.
    fn provide<'a>(&'a self, source: Source<'a>) -> BoxFuture<'a, Result<TreeId, ProvideError>>;

    /// What a source is known by before it is here: sources with equal pins have equal trees, on every machine. None where
    /// the lock does not say, and for a folder, which is always here.
    fn pin(&self, source: &Source<'_>) -> Option<Digest>;
}
