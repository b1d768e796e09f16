//! Contents that go from a file, or come piece by piece, and are never held in memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use bazel_remote_apis::google::bytestream::{ReadRequest, WriteRequest};
use futures_util::stream;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::byte_stream::{LEVEL, PIECE};
use super::incoming::{Incoming, OfHere};
use super::{named, size};
use crate::ask::{Asked, Trouble};
use crate::{Connection, Hashing, Kind, RemoteError};

/// So many pieces of a file are read ahead of the line.
const AHEAD: usize = 4;

/// Why a content did not get from a file to a server, or the other way round.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The server did not do its part.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// This machine did not: the content could not be read, or what came could not be written.
    #[error("{0}")]
    Here(io::Error),
}

impl Connection {
    /// Gives the content of a file to the server; `open` opens it, once for each try.
    ///
    /// # Errors
    /// When the file cannot be read, the server cannot be reached, or does not take it.
    pub async fn write_file(
        &self,
        digest: &Digest,
        open: impl Fn() -> io::Result<File> + Sync,
    ) -> Result<(), FileError> {
        let what = named(digest);
        let ask = self.ask(&what);
        let capabilities = self.capabilities().await?;
        let (zstd, most) = (capabilities.zstd, capabilities.content_bytes);
        if size(digest) > most {
            let why = format!("it takes at most {most} bytes, and these are {}", digest.size_bytes);
            return Err(ask.error(why, Kind::Refused).into());
        }
        let sent = Arc::new(AtomicU64::new(0));
        let once = || async {
            let file = match open() {
                Ok(file) => file,
                Err(error) => return Ok(Err(error)),
            };
            let resource_name = self.resource(digest, zstd, Some(Uuid::new_v4()));
            let failed = Arc::new(Mutex::new(None));
            let (pieces, length) = pieces(file, zstd, resource_name, &sent, &failed);
            let answer = self.streams().await?.write(self.signed(pieces)?).await;
            if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(Err(error));
            }
            let committed = answer?.into_inner().committed_size;
            // -1 is what a server says of a compressed content that it had before.
            if committed == -1
                || committed == digest.size_bytes
                || committed == length.load(Ordering::Relaxed).cast_signed()
            {
                return Ok(Ok(()));
            }
            Err(Trouble::Error(ask.error(format!("it took {committed} bytes"), Kind::Refused)))
        };
        let nothing = || ask.error("it knows no such place".to_owned(), Kind::Refused);
        ask.until(&sent, once).await?.ok_or_else(nothing)?.map_err(FileError::Here)
    }

    /// Writes a content to what `start` gives, which is asked for a new one for each try, and returns the one that has
    /// all of it; none when the server does not have the content. `what` is a noun, for errors.
    ///
    /// # Errors
    /// When it cannot be written, the server cannot be reached, or has other bytes.
    pub async fn read_to<W: Write + Send>(
        &self,
        digest: &Digest,
        start: impl Fn() -> io::Result<W> + Sync,
        what: &str,
    ) -> Result<Option<W>, FileError> {
        let zstd = self.capabilities().await?.zstd;
        let resource_name = self.resource(digest, zstd, None);
        let come = AtomicU64::new(0);
        let ask = self.ask(what);
        let once = || async {
            let message = ReadRequest { resource_name: resource_name.clone(), read_offset: 0, read_limit: 0 };
            let mut pieces = self.streams().await?.read(self.signed(message)?).await?.into_inner();
            let begun = start().map_err(OfHere::error);
            let begun = begun.and_then(|into| Incoming::new(into, zstd, Hashing::new(self.function()), size(digest)));
            let mut incoming = match begun {
                Ok(incoming) => incoming,
                Err(error) => return judged(&ask, error).map(Err),
            };
            while let Some(piece) = pieces.message().await? {
                come.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = incoming.take(&piece.data) {
                    return judged(&ask, error).map(Err);
                }
            }
            let (into, found) = match incoming.end() {
                Ok(ended) => ended,
                Err(error) => return judged(&ask, error).map(Err),
            };
            if found == *digest {
                return Ok(Ok(into));
            }
            let why = format!("its {} is {}, of {} bytes", self.function().name(), found.hash, found.size_bytes);
            Err(Trouble::Error(ask.error(why, Kind::Lied)))
        };
        ask.until(&come, once).await?.transpose().map_err(FileError::Here)
    }
}

/// Whose fault it is that what comes cannot be written: what this machine says of itself, or else a lie of the server.
fn judged(ask: &Asked<'_>, error: io::Error) -> Result<io::Error, Trouble> {
    match error.downcast::<OfHere>() {
        Ok(OfHere(error)) => Ok(error),
        Err(error) => Err(Trouble::Error(ask.error(error.to_string(), Kind::Lied))),
    }
}

/// The messages of an upload, read from a file by a thread of their own, and how many bytes they have together.
fn pieces(
    file: File,
    zstd: bool,
    name: String,
    sent: &Arc<AtomicU64>,
    failed: &Arc<Mutex<Option<io::Error>>>,
) -> (impl stream::Stream<Item = WriteRequest> + use<>, Arc<AtomicU64>) {
    let (to, from) = mpsc::channel(AHEAD);
    let length = Arc::new(AtomicU64::new(0));
    let (sent, failed, read) = (Arc::clone(sent), Arc::clone(failed), Arc::clone(&length));
    tokio::task::spawn_blocking(move || {
        let done = send_pieces(file, zstd, name, &to, |bytes| {
            sent.fetch_add(1, Ordering::Relaxed);
            read.fetch_add(bytes as u64, Ordering::Relaxed);
        });
        if let Err(error) = done {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    });
    let messages = stream::unfold(from, |mut from| async move { Some((from.recv().await?, from)) });
    (messages, length)
}

fn send_pieces(
    file: File,
    zstd: bool,
    name: String,
    to: &mpsc::Sender<WriteRequest>,
    count: impl Fn(usize),
) -> io::Result<()> {
    let mut bytes: Box<dyn Read> = match zstd {
        true => Box::new(zstd::stream::read::Encoder::new(file, LEVEL)?),
        false => Box::new(file),
    };
    let mut name = Some(name);
    let (mut piece, mut offset) = (next_piece(&mut bytes)?, 0);
    loop {
        let after = next_piece(&mut bytes)?;
        let length = piece.len();
        count(length);
        let message = WriteRequest {
            resource_name: name.take().unwrap_or_default(),
            write_offset: offset,
            finish_write: after.is_empty(),
            data: piece,
        };
        offset += length as i64;
        // Nobody listens any more where the server has said how it ended.
        if to.blocking_send(message).is_err() || after.is_empty() {
            return Ok(());
        }
        piece = after;
    }
}

fn next_piece(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    from.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}
