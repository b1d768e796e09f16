//! Go's hash of files and their names.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

/// Go's hash of files and their names, as `go.sum` has it: `h1:` and a SHA-256 in base 64.
///
/// It is the sum of lines `SUM  NAME`, one for each file, sorted by their names: `Hash1` of
/// `golang.org/x/mod/sumdb/dirhash`. How an archive of them is packed is no part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirHash(pub [u8; 32]);

/// A text that is no such hash.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a hash of `go.sum`: expected `h1:` and 32 bytes in base 64")]
pub struct ParseDirHashError(pub String);

impl DirHash {
    /// The SHA-256 in lower-case hexadecimal digits: what in-toto calls `dirHash`.
    pub fn hex(&self) -> String {
        crate::Sha256(self.0).to_string()
    }
}

impl fmt::Display for DirHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}", BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for DirHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DirHash {
    type Err = ParseDirHashError;

    fn from_str(text: &str) -> Result<Self, ParseDirHashError> {
        let bytes = text.strip_prefix("h1:").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let sum = bytes.and_then(|bytes| bytes.try_into().ok());
        sum.map(Self).ok_or_else(|| ParseDirHashError(text.to_owned()))
    }
}

impl Serialize for DirHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DirHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of in-toto's `dirHash`.
    const TEXT: &str = "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=";

    #[test]
    fn hashes_read_what_they_print() {
        let hash: DirHash = TEXT.parse().unwrap();
        assert_eq!(hash.to_string(), TEXT);
        assert_eq!(hash.hex(), "2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f");
    }

    #[test]
    fn texts_that_are_no_hashes_are_refused() {
        for text in ["", "h1:", &TEXT[3..], &TEXT[..TEXT.len() - 1], &TEXT.replace("h1", "h2"), "h1:AAAA", "h1:é"] {
            assert!(text.parse::<DirHash>().is_err(), "{text}");
        }
    }
}
