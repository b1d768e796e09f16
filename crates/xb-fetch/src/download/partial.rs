//! The bytes of a download that have come in so far.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::Digest as _;
use xb_core::Sha256;

use super::Fetched;

/// How often progress is told.
const NEWS: Duration = Duration::from_millis(100);

/// How many times its own length a download may come in, over all tries, before it is given up: a connection that
/// is always cut, from a server that cannot go on where it was cut, would otherwise never end.
const MOST_RESTARTS: u32 = 16;

pub(super) struct Partial {
    file: File,
    hasher: sha2::Sha256,
    len: u64,
    received: u64,
    restarts: u32,
    validator: Option<String>,
    told: Instant,
}

impl Partial {
    pub(super) fn new(scratch: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile_in(scratch)?,
            hasher: sha2::Sha256::new(),
            len: 0,
            received: 0,
            restarts: 0,
            validator: None,
            told: Instant::now(),
        })
    }

    /// How many bytes there are now.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many bytes came in, whatever became of them.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn may_go_on(&self) -> bool {
        self.restarts < MOST_RESTARTS
    }

    /// Another url is tried: bytes from before count only when a digest will show whether they fit.
    pub(super) fn new_place(&mut self, known: bool) -> std::io::Result<()> {
        self.validator = None;
        self.restarts = 0;
        match known {
            true => Ok(()),
            false => self.clear(),
        }
    }

    /// Forgets the bytes.
    pub(super) fn clear(&mut self) -> std::io::Result<()> {
        if self.len > 0 {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.hasher = sha2::Sha256::new();
            self.len = 0;
            self.restarts += 1;
        }
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        self.received += bytes.len() as u64;
        Ok(())
    }

    /// What a server is asked to compare, so that it goes on only with the same file.
    pub(super) fn validator(&self) -> Option<&str> {
        self.validator.as_deref()
    }

    pub(super) fn set_validator(&mut self, validator: Option<String>) {
        self.validator = validator;
    }

    pub(super) fn sha256(&self) -> Sha256 {
        Sha256(self.hasher.clone().finalize().into())
    }

    /// Whether progress is worth telling: at the end, and now and then before.
    pub(super) fn is_news(&mut self, total: Option<u64>) -> bool {
        let news = total == Some(self.len) || self.told.elapsed() >= NEWS;
        if news {
            self.told = Instant::now();
        }
        news
    }

    pub(super) fn finish(mut self) -> std::io::Result<Fetched> {
        self.file.flush()?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok(Fetched { sha256: self.sha256(), size: self.len, file: self.file })
    }
}
