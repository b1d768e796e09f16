//! How bytes are named.

use bazel_remote_apis::build::bazel::remote::execution::v2::{Digest, digest_function};
use sha2::Digest as _;

/// How a server names bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestFunction {
    /// All servers have it.
    Sha256,
    /// That of xb's own store.
    Blake3,
}

impl DigestFunction {
    /// The digest of bytes.
    pub fn of(self, bytes: &[u8]) -> Digest {
        let hash = match self {
            Self::Sha256 => sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Blake3 => blake3::hash(bytes).to_hex().to_string(),
        };
        Digest { hash, size_bytes: bytes.len() as i64 }
    }

    /// Its name, as errors say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Blake3 => "BLAKE3",
        }
    }

    /// Its number in messages.
    pub(crate) fn number(self) -> i32 {
        let value = match self {
            Self::Sha256 => digest_function::Value::Sha256,
            Self::Blake3 => digest_function::Value::Blake3,
        };
        value.into()
    }

    /// What stands before the hash in the name of a resource: the older functions are told by the length of the hash.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Sha256 => "",
            Self::Blake3 => "blake3/",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        let sha256 = DigestFunction::Sha256.of(b"");
        assert_eq!(sha256.hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let blake3 = DigestFunction::Blake3.of(b"");
        assert_eq!(blake3.hash, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!((sha256.size_bytes, blake3.size_bytes), (0, 0));
    }
}
