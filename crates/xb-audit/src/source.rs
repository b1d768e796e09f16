//! The bytes of one content, read where they are wanted.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use object::read::{ReadCache, ReadCacheOps, ReadRef};
use xb_core::ContentId;
use xb_store::Contents;

use crate::AuditError;

/// So much is read at once, and searched while it is still in the processor's cache.
pub(crate) const BLOCK: usize = 256 << 10;

/// No table that is read of a file is larger. What says it is was not written by a linker.
const LARGEST: u64 = 64 << 20;

/// A content that is open, and its first block.
pub(crate) struct Source {
    id: ContentId,
    file: File,
    len: u64,
    head: Vec<u8>,
}

impl Source {
    /// Opens a content; `head` is memory that may be used again, of which `first` bytes are filled.
    pub(crate) fn open<C: Contents + ?Sized>(
        id: ContentId,
        store: &C,
        mut head: Vec<u8>,
        first: usize,
    ) -> Result<Self, AuditError> {
        let file = store.open_content(id)?;
        let len = id.0.size();
        head.resize(usize::try_from(len).unwrap_or(first).min(first), 0);
        let mut source = Self { id, file, len, head: Vec::new() };
        source.read(0, &mut head)?;
        source.head = head;
        Ok(source)
    }

    /// How many bytes it has.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// What it begins with.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The memory of the first block, for the next content.
    pub(crate) fn into_head(self) -> Vec<u8> {
        self.head
    }

    /// Fills a buffer with what lies at an offset.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), AuditError> {
        self.read_exact_at(offset, buffer).map_err(|source| AuditError::Read { content: self.id, source })
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let known = usize::try_from(offset).ok().and_then(|start| self.head.get(start..)?.get(..buffer.len()));
        match known {
            Some(known) => buffer.copy_from_slice(known),
            None => self.file.read_exact_at(buffer, offset)?,
        }
        Ok(())
    }
}

/// A place in a content, as [`ReadCache`] wants it.
pub(crate) struct Cursor<'a> {
    source: &'a Source,
    at: u64,
}

impl<'a> Cursor<'a> {
    /// A content to be read as an object file; what was read of it is kept until the cache goes.
    pub(crate) fn cache(source: &'a Source) -> ReadCache<Self> {
        ReadCache::new(Self { source, at: 0 })
    }
}

impl ReadCacheOps for Cursor<'_> {
    fn len(&mut self) -> Result<u64, ()> {
        Ok(self.source.len)
    }

    fn seek(&mut self, at: u64) -> Result<u64, ()> {
        self.at = at;
        Ok(at)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        let left = usize::try_from(self.source.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        self.read_exact(buffer.get_mut(..len).ok_or(())?)?;
        Ok(len)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ()> {
        self.source.read_exact_at(self.at, buffer).map_err(drop)?;
        self.at = self.at.saturating_add(buffer.len() as u64);
        Ok(())
    }
}

/// A part of a content: a whole file, or a member of an archive. Nothing beyond its ends is read, and no table that is
/// too large to be one.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    cache: &'a ReadCache<Cursor<'a>>,
    start: u64,
    len: u64,
}

impl<'a> Part<'a> {
    /// What lies between two offsets; the caller knows that the content has them.
    pub(crate) const fn new(cache: &'a ReadCache<Cursor<'a>>, start: u64, len: u64) -> Self {
        Self { cache, start, len }
    }
}

impl<'a> ReadRef<'a> for Part<'a> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.len)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        let end = offset.checked_add(size).ok_or(())?;
        if size > LARGEST || end > self.len {
            return Err(());
        }
        self.cache.read_bytes_at(self.start.checked_add(offset).ok_or(())?, size)
    }

    fn read_bytes_at_until(self, range: std::ops::Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let end = range.end.min(self.len);
        if range.start >= end {
            return Err(());
        }
        let (start, end) = (self.start.checked_add(range.start).ok_or(())?, self.start.checked_add(end).ok_or(())?);
        self.cache.read_bytes_at_until(start..end, delimiter)
    }
}
