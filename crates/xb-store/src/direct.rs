//! Writing past the kernel's cache, where the disk is fast enough for that to be quicker.
//!
//! What is copied into the store from a folder is seldom read again at once, and finding memory for it in the cache takes
//! longer than a fast disk takes to store it. How fast the disk is shows while it is written to: once it is too slow, the
//! rest goes through the cache, which takes it now and writes it later.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What a buffer and a position in a file must be multiples of.
pub(crate) const ALIGNMENT: usize = 4096;

/// What has fewer bytes is written through the cache.
pub(crate) const SMALLEST: usize = 64 << 10;

/// A disk that takes fewer bytes in a second from one thread is too slow...
const SLOWEST: u128 = 300 << 20;
/// ...which is told from so many.
const TELLING: u64 = 16 << 20;

/// How fast the disk turned out to be, and whether it is too slow or cannot be written to in this way.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    refused: AtomicBool,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
}

/// A file that is written: past the cache as far as that was asked for and can be.
pub(crate) struct Output<'d> {
    file: File,
    direct: Option<&'d Direct>,
}

impl Direct {
    /// Makes a file.
    pub(crate) fn create(&self, path: &Path) -> io::Result<Output<'_>> {
        let mut output = Output::create(path)?;
        if !self.refused.load(Ordering::Relaxed) {
            let flags = fcntl_getfl(&output.file)?;
            match fcntl_setfl(&output.file, flags | OFlags::DIRECT) {
                Ok(()) => output.direct = Some(self),
                // The file system does not know how to.
                Err(_) => self.refuse(),
            }
        }
        Ok(output)
    }

    fn took(&self, bytes: usize, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bytes = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let nanoseconds = self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed) + nanoseconds;
        if bytes >= TELLING && u128::from(bytes) * 1_000_000_000 < SLOWEST * u128::from(nanoseconds) {
            self.refuse();
        }
    }

    fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }
}

impl Output<'_> {
    /// Makes a file that is written through the cache.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        File::create_new(path).map(|file| Self { file, direct: None })
    }

    /// The file itself.
    pub(crate) fn as_file(&self) -> &File {
        &self.file
    }

    /// Writes bytes behind those before. Whole blocks in a buffer that begins at a multiple of [`ALIGNMENT`] go past the
    /// cache, until something else was written.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let blocks = bytes.len() - bytes.len() % ALIGNMENT;
        let mut written = 0;
        if let Some(direct) = self.direct {
            let began = Instant::now();
            while written < blocks && written.is_multiple_of(ALIGNMENT) {
                match self.file.write(&bytes[written..blocks]) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(more) => written += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                        direct.refuse();
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            if written > 0 {
                direct.took(written, began.elapsed());
            }
        }
        if written < bytes.len() {
            self.use_cache()?;
        }
        self.file.write_all(&bytes[written..])
    }

    fn use_cache(&mut self) -> io::Result<()> {
        if self.direct.take().is_some() {
            let flags = fcntl_getfl(&self.file)?;
            fcntl_setfl(&self.file, flags - OFlags::DIRECT)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer that begins where `shift` says, seen from a multiple of the alignment.
    fn check(shift: usize, lengths: &[usize]) {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let buffer: Vec<u8> = (0..4 << 20).map(|number: u32| number.to_le_bytes()[1]).collect();
        let start = buffer.as_ptr().align_offset(ALIGNMENT) + shift;
        let (path, direct) = (folder.path().join("file"), Direct::default());
        let mut file = direct.create(&path).unwrap();
        let mut expected = Vec::new();
        for length in lengths {
            let piece = &buffer[start..start + length];
            file.write_all(piece).unwrap();
            expected.extend_from_slice(piece);
        }
        drop(file);
        assert!(std::fs::read(&path).unwrap() == expected, "{shift} {lengths:?}");
    }

    #[test]
    fn what_is_written_is_there_whatever_its_length_and_place() {
        check(0, &[1 << 20, 1 << 20, 5]);
        check(0, &[ALIGNMENT, 100, 1 << 20, 0, 3]);
        check(0, &[(1 << 20) + 17]);
        check(1, &[1 << 20, 1 << 20]);
        check(0, &[]);
    }

    #[test]
    fn a_slow_disk_is_not_waited_for_again() {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let direct = Direct::default();
        let is_direct = |name: &str| direct.create(&folder.path().join(name)).unwrap().direct.is_some();
        let possible = is_direct("first");
        // A few bytes tell nothing.
        direct.took(4096, Duration::from_millis(1));
        direct.took(100 << 20, Duration::from_millis(1));
        assert_eq!(is_direct("still"), possible);
        direct.took(100 << 20, Duration::from_secs(10));
        assert!(!is_direct("slow"));
    }
}
