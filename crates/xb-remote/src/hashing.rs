//! Digests of bytes that come in pieces.

use std::io::{self, Read, Write};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use sha2::Digest as _;

use crate::DigestFunction;

/// The digest of bytes that come in pieces: write them to it.
pub struct Hashing {
    function: Function,
    size: u64,
}

enum Function {
    Sha256(sha2::Sha256),
    Blake3(Box<blake3::Hasher>),
}

impl Hashing {
    /// Of no bytes yet.
    pub fn new(function: DigestFunction) -> Self {
        let function = match function {
            DigestFunction::Sha256 => Function::Sha256(sha2::Sha256::new()),
            DigestFunction::Blake3 => Function::Blake3(Box::default()),
        };
        Self { function, size: 0 }
    }

    /// The digest of what a reader has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn all_of(function: DigestFunction, from: &mut dyn Read) -> io::Result<Digest> {
        let mut hashing = Self::new(function);
        io::copy(from, &mut hashing)?;
        Ok(hashing.digest())
    }

    /// The digest of all that came.
    pub fn digest(self) -> Digest {
        let hash = match self.function {
            Function::Sha256(hasher) => hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            Function::Blake3(hasher) => hasher.finalize().to_hex().to_string(),
        };
        Digest { hash, size_bytes: self.size.cast_signed() }
    }

    /// How many bytes came.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.function {
            Function::Sha256(hasher) => hasher.update(bytes),
            Function::Blake3(hasher) => drop(hasher.update(bytes)),
        }
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        for function in [DigestFunction::Sha256, DigestFunction::Blake3] {
            let bytes = vec![7; 100_000];
            assert_eq!(Hashing::all_of(function, &mut bytes.as_slice()).expect("a digest"), function.of(&bytes));
            assert_eq!(Hashing::new(function).digest(), function.of(b""));
        }
    }
}
