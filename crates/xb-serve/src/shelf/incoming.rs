//! Taking things, aside until they are whole.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use sha2::Digest as _;
use tempfile::NamedTempFile;
use xb_cache::layout::{FILE_MODE, FOLDER_MODE};
use xb_core::Sha256;

use super::{Kind, Name, OWN_ASIDE, Refusal, Shelf};
use crate::apart::apart;

/// A thing that is being taken; dropped, it leaves nothing.
pub(crate) struct Incoming {
    name: Name,
    path: PathBuf,
    aside: NamedTempFile,
    hash: sha2::Sha256,
    written: u64,
    /// How long it is to be, where that was said.
    size: Option<u64>,
    most: u64,
}

impl Incoming {
    pub(super) fn new(path: PathBuf, name: Name, size: Option<u64>, most: u64) -> io::Result<Self> {
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&folder)?;
        let mode = Permissions::from_mode(FILE_MODE);
        let aside = tempfile::Builder::new().prefix(OWN_ASIDE).permissions(mode).tempfile_in(&folder)?;
        Ok(Self { name, path, aside, hash: sha2::Sha256::new(), written: 0, size, most })
    }

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.written += bytes.len() as u64;
        if self.written > self.most {
            return Err(Refusal::TooLarge { most: self.most });
        }
        if self.size.is_some_and(|size| self.written > size) {
            return Err(self.wrong_size());
        }
        if self.name.kind == Kind::Blob {
            self.hash.update(bytes);
        }
        Ok(self.aside.write_all(bytes)?)
    }

    /// Sees whether it is what its name says. An entry goes to the disk: cut by a loss of power, it would still be one.
    pub(super) fn check(&mut self) -> Result<(), Refusal> {
        if self.size.is_some_and(|size| self.written != size) {
            return Err(self.wrong_size());
        }
        if self.name.kind == Kind::Blob {
            let found = Sha256(self.hash.finalize_reset().into());
            if found != self.name.sha256 {
                return Err(Refusal::Wrong(format!("the SHA-256 of what came is {found}, not {}", self.name.sha256)));
            }
        }
        if self.name.kind == Kind::Entry {
            self.aside.as_file().sync_all()?;
        }
        Ok(())
    }

    /// Puts it in its place: its name and its size.
    pub(super) fn persist(self) -> Result<(Name, u64), Refusal> {
        self.aside.persist(&self.path).map_err(|error| error.error)?;
        Ok((self.name, self.written))
    }

    fn wrong_size(&self) -> Refusal {
        let size = self.size.unwrap_or_default();
        Refusal::Wrong(format!("what came is {} bytes long or longer, not {size}", self.written))
    }
}

impl Shelf {
    /// Takes a thing as it comes, by way of what `wrap` makes of it, and tells how many bytes came. No thread waits for what
    /// does not come.
    pub(crate) async fn receive<B, W>(
        self: &Arc<Self>,
        name: Name,
        size: Option<u64>,
        pieces: impl Stream<Item = Result<B, Refusal>> + Send,
        wrap: impl FnOnce(Incoming) -> Result<W, Refusal> + Send + 'static,
    ) -> Result<u64, Refusal>
    where
        B: AsRef<[u8]> + Send + 'static,
        W: Sink,
    {
        let shelf = Arc::clone(self);
        let mut sink = apart(move || wrap(shelf.begin(name, size)?)).await?;
        let (mut pieces, mut bytes) = (std::pin::pin!(pieces), 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            bytes += piece.as_ref().len() as u64;
            sink = apart(move || sink.take(piece.as_ref()).map(|()| sink)).await?;
        }
        let shelf = Arc::clone(self);
        apart(move || shelf.finish(sink.end()?)).await?;
        self.metrics.received(bytes);
        Ok(bytes)
    }
}

/// What takes the pieces that come over a line.
pub(crate) trait Sink: Send + 'static {
    fn take(&mut self, piece: &[u8]) -> Result<(), Refusal>;

    /// What was taken, once all has come.
    fn end(self) -> Result<Incoming, Refusal>;
}

impl Sink for Incoming {
    fn take(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        Self::take(self, piece)
    }

    fn end(self) -> Result<Incoming, Refusal> {
        Ok(self)
    }
}
