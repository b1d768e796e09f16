//! How a remote names bytes.

use std::fmt;

use sha2::Digest as _;
use xb_core::Sha256;

/// Bytes at a remote: their SHA-256, by which any cache server keeps them, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob {
    /// The SHA-256 of the bytes.
    pub sha256: Sha256,
    /// How many bytes they are.
    pub size: u64,
}

impl Blob {
    /// How these bytes are named.
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256(sha2::Sha256::digest(bytes).into()), size: bytes.len() as u64 }
    }

    /// Why these bytes are not the blob, as half a sentence; nothing where they are.
    pub(crate) fn differs(self, bytes: &[u8]) -> Option<String> {
        let found = Self::of(bytes);
        if found.size != self.size {
            return Some(format!("it is {} bytes long, not {}", found.size, self.size));
        }
        (found != self).then(|| format!("its SHA-256 is {}", found.sha256))
    }
}

impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the blob {}", self.sha256)
    }
}
