//! Sums of what is written, taken while it is written.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::Digest as _;
use xb_core::Sha256;

/// The SHA-256 sum and the size of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// The SHA-256 sum.
    pub sha256: Sha256,
    /// The size in bytes.
    pub size: u64,
}

impl Sum {
    /// The sum of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256(sha2::Sha256::digest(bytes).into()), size: bytes.len() as u64 }
    }
}

impl Sum {
    /// The sum of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut source = Summing::new(File::open(path)?);
        io::copy(&mut source, &mut io::sink())?;
        Ok(source.finish().1)
    }
}

/// Passes bytes on and sums them up.
pub(crate) struct Summing<W> {
    inner: W,
    hasher: sha2::Sha256,
    size: u64,
}

impl<W> Summing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hasher: sha2::Sha256::new(), size: 0 }
    }

    /// What is behind, and the sum of all that went there.
    pub(crate) fn finish(self) -> (W, Sum) {
        (self.inner, Sum { sha256: Sha256(self.hasher.finalize().into()), size: self.size })
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count(&into[..read]);
        Ok(read)
    }
}
