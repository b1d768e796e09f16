//! The disks of a machine: sparse files in its folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How large the disk `pool` seems to be, in bytes: a file takes only what was written to it.
const POOL: u64 = 1 << 40;

/// The most that a command may write, in bytes: what is written lies on the disk `swap` where memory has no room, and
/// becomes the outputs.
pub const MOST: u64 = 32 << 30;

/// How large the disk `outputs` seems to be: it has room for the headers of archives, too.
pub const OUTPUTS: u64 = 2 * MOST;

/// The same of the disk `swap`.
pub const SWAP: u64 = MOST;

/// A machine whose pool has taken so much is not kept for more: what is in a pool is freed only with it.
const ENOUGH: u64 = 16 << 30;

/// Where something begins in the pool is a multiple of this, and so much is left free behind it: whoever reads ahead of
/// one thing remembers nothing of where the next will be.
const APART: u64 = 4 << 20;

/// What the machine leaves between two things on the disk `outputs`: each begins at a multiple.
pub const BLOCK: u64 = 1 << 20;

/// The names of the disks, in the order in which the machine sees them.
pub const NAMES: [&str; 3] = ["pool", "outputs", "swap"];

/// Where a disk is, in the folder of a machine.
pub fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

/// Makes the disks.
///
/// # Errors
/// When the system refuses.
pub fn make(folder: &Path) -> io::Result<(Pool, Outputs)> {
    let [pool, outputs, _] = [(NAMES[0], POOL), (NAMES[1], OUTPUTS), (NAMES[2], SWAP)].map(|(name, size)| {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path(folder, name))?;
        file.set_len(size).map(|()| file)
    });
    Ok((Pool { file: pool?, end: 0 }, Outputs { file: outputs?, place: 0 }))
}

/// What the machine reads from: things are put behind each other and never changed.
#[derive(Debug)]
pub struct Pool {
    file: File,
    end: u64,
}

impl Pool {
    /// Puts a thing into it, and says where it begins.
    ///
    /// # Errors
    /// When the system refuses, or the disk is full.
    pub fn put(&mut self, mut from: File) -> io::Result<u64> {
        let (offset, size) = (self.end, from.metadata()?.len());
        self.book(size)?;
        self.file.seek(SeekFrom::Start(offset))?;
        io::copy(&mut from, &mut self.file)?;
        Ok(offset)
    }

    /// The same with bytes.
    ///
    /// # Errors
    /// When the system refuses, or the disk is full.
    pub fn put_bytes(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let offset = self.end;
        self.book(bytes.len() as u64)?;
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)?;
        Ok(offset)
    }

    /// Whether it has taken so much that a new one is better.
    pub const fn is_used_up(&self) -> bool {
        self.end > ENOUGH
    }

    fn book(&mut self, size: u64) -> io::Result<()> {
        let end = self.end.checked_add(size).and_then(|end| end.checked_add(APART)?.checked_next_multiple_of(APART));
        match end.filter(|end| *end <= POOL) {
            Some(end) => {
                self.end = end;
                Ok(())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

/// What the machine writes outputs to.
#[derive(Debug)]
pub struct Outputs {
    file: File,
    place: u64,
}

impl Outputs {
    /// The next thing on it, which has so many bytes; none when the disk does not hold it, nor what would follow.
    pub fn next(&mut self, size: u64) -> Option<Section<'_>> {
        let place = self.place;
        let end = place.checked_add(size).and_then(|end| end.checked_next_multiple_of(BLOCK)).unwrap_or(u64::MAX);
        self.place = end;
        (end <= OUTPUTS).then_some(Section { file: &self.file, place, left: size })
    }

    /// Frees what the outputs of an order took; those of the next one begin at the front again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn clear(&mut self) -> io::Result<()> {
        self.place = 0;
        self.file.set_len(0)?;
        self.file.set_len(OUTPUTS)
    }
}

/// A part of a file.
#[derive(Debug)]
pub struct Section<'a> {
    file: &'a File,
    place: u64,
    left: u64,
}

impl Section<'_> {
    /// The bytes at its end, as many as there are room for.
    ///
    /// # Errors
    /// When the system refuses, or there are fewer.
    pub fn read_end(&self, into: &mut [u8]) -> io::Result<()> {
        let from = self.left.checked_sub(into.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.file.read_exact_at(into, self.place + from)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..most], self.place)?;
        self.place += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_in_the_pool_lie_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (mut pool, _) = make(folder.path()).unwrap();
        assert_eq!(pool.put_bytes(b"a").unwrap(), 0);
        assert_eq!(pool.put_bytes(&[1; 5 << 20]).unwrap(), 8 << 20);
        assert_eq!(pool.put_bytes(b"").unwrap(), 20 << 20);
        assert!(pool.book(POOL).is_err() && !pool.is_used_up());
        pool.book(ENOUGH).unwrap();
        assert!(pool.is_used_up());
    }

    #[test]
    fn outputs_follow_each_other_and_never_lead_beyond_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (_, mut outputs) = make(folder.path()).unwrap();
        outputs.file.write_all_at(b"first", 0).unwrap();
        outputs.file.write_all_at(b"second", BLOCK).unwrap();
        let mut text = String::new();
        outputs.next(5).unwrap().read_to_string(&mut text).unwrap();
        let mut second = outputs.next(6).unwrap();
        let mut end = [0; 3];
        second.read_end(&mut end).unwrap();
        second.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), &end), ("firstsecond", b"ond"));
        assert!(outputs.next(OUTPUTS).is_none() && outputs.next(1).is_none() && outputs.next(u64::MAX).is_none());
        outputs.clear().unwrap();
        assert!(outputs.next(OUTPUTS).is_some());
    }
}
