//! Why something could not be looked at.

use xb_core::ContentId;
use xb_graph::MissingDirectory;
use xb_store::StoreError;

/// Why an audit came to no end. What is odd in the files themselves is never an error, but a finding.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A directory of the result or the root is not there.
    #[error(transparent)]
    Directory(#[from] MissingDirectory),
    /// The content of a file is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content of a file could not be read.
    #[error("the content {content} cannot be read: {source}")]
    Read {
        /// Which one.
        content: ContentId,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is more in the result than any package has.
    #[error("the result has more than {0} files and folders: it is not looked through")]
    TooLarge(usize),
}
