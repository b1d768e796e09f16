//! Why a remote did not do what it was asked.

use std::io;

use super::Address;

/// Why a remote did not do what it was asked. `what` is a noun: `the blob 0123…`.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// A server does not answer, or not as long as it was waited for.
    #[error("`{remote}` cannot be reached for {what}: {why}")]
    Unreachable {
        /// The remote.
        remote: Address,
        /// What was asked for.
        what: String,
        /// What happened.
        why: String,
    },
    /// A server knows one not, or lets one not.
    #[error("`{remote}` does not let you at {what}: {why}")]
    Denied {
        /// The remote.
        remote: Address,
        /// What was asked for.
        what: String,
        /// What it says.
        why: String,
    },
    /// A remote answers something else than what was hoped for.
    #[error("`{remote}` does not do its part for {what}: {why}")]
    Refused {
        /// The remote.
        remote: Address,
        /// What was asked for.
        what: String,
        /// What it says.
        why: String,
        /// Whether it may be otherwise another time.
        passing: bool,
    },
    /// A remote gives something else than what was asked for. It is damaged, or somebody means ill.
    #[error("`{remote}` has something else in the place of {what}: {why}")]
    Lied {
        /// The remote.
        remote: Address,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A folder cannot be read or written.
    #[error("`{remote}` cannot be {action} for {what}: {error}")]
    Folder {
        /// The remote.
        remote: Address,
        /// `read` or `written`.
        action: &'static str,
        /// What was asked for.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// There can be no client at all.
    #[error(transparent)]
    Client(#[from] xb_http::ClientError),
}

impl RemoteError {
    /// Whether it may be otherwise another time, with nobody having done anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { passing: true, .. })
    }
}
