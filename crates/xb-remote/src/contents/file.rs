//! Contents that go from a file or into one, and are never held in memory.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use bazel_remote_apis::google::bytestream::{ReadRequest, WriteRequest};
use futures_util::stream;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::byte_stream::{LEVEL, PIECE};
use super::{named, size};
use crate::ask::Trouble;
use crate::{Connection, Hashing, Kind, RemoteError};

/// So many pieces of a file are read ahead of the line.
const AHEAD: usize = 4;

impl Connection {
    /// Gives the content of a file to the server; `open` opens it, once for each try.
    ///
    /// # Errors
    /// When the file cannot be read, the server cannot be reached, or does not take it.
    pub async fn write_file(
        &self,
        digest: &Digest,
        open: impl Fn() -> io::Result<File> + Sync,
    ) -> Result<(), RemoteError> {
        let what = named(digest);
        let ask = self.ask(&what);
        let capabilities = self.capabilities().await?;
        let (zstd, most) = (capabilities.zstd, capabilities.content_bytes);
        if size(digest) > most {
            let why = format!("it takes at most {most} bytes, and these are {}", digest.size_bytes);
            return Err(ask.error(why, Kind::Refused));
        }
        let sent = Arc::new(AtomicU64::new(0));
        let once = || async {
            let unreadable = |error: &dyn std::fmt::Display| {
                Trouble::Error(ask.error(format!("it cannot be read here: {error}"), Kind::Refused))
            };
            let file = open().map_err(|error| unreadable(&error))?;
            let resource_name = self.resource(digest, zstd, Some(Uuid::new_v4()));
            let failed = Arc::new(Mutex::new(None));
            let (pieces, length) = pieces(file, zstd, resource_name, &sent, &failed);
            let answer = self.streams().await?.write(self.signed(pieces)?).await;
            if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Err(unreadable(&error));
            }
            let committed = answer?.into_inner().committed_size;
            // -1 is what a server says of a compressed content that it had before.
            if committed == -1
                || committed == digest.size_bytes
                || committed == length.load(Ordering::Relaxed).cast_signed()
            {
                return Ok(());
            }
            Err(Trouble::Error(ask.error(format!("it took {committed} bytes"), Kind::Refused)))
        };
        let nothing = || ask.error("it knows no such place".to_owned(), Kind::Refused);
        ask.until(&sent, once).await?.ok_or_else(nothing)
    }

    /// Writes a content into a file, in the place of what is there, and says whether the server has it. `what` is a noun,
    /// for errors.
    ///
    /// # Errors
    /// When the file cannot be written, the server cannot be reached, or has other bytes.
    pub async fn read_file(&self, digest: &Digest, into: &File, what: &str) -> Result<bool, RemoteError> {
        let zstd = self.capabilities().await?.zstd;
        let resource_name = self.resource(digest, zstd, None);
        let come = AtomicU64::new(0);
        let ask = self.ask(what);
        let once = || async {
            let lied = |error: &dyn std::fmt::Display| Trouble::Error(ask.error(error.to_string(), Kind::Lied));
            let message = ReadRequest { resource_name: resource_name.clone(), read_offset: 0, read_limit: 0 };
            let mut pieces = self.streams().await?.read(self.signed(message)?).await?.into_inner();
            let checked = Checked::new(into, Hashing::new(self.function()), size(digest)).map_err(|e| lied(&e))?;
            let mut plain: Box<dyn Into> = match zstd {
                true => Box::new(zstd::stream::write::Decoder::new(checked).map_err(|error| lied(&error))?),
                false => Box::new(checked),
            };
            while let Some(piece) = pieces.message().await? {
                come.fetch_add(1, Ordering::Relaxed);
                plain.write_all(&piece.data).map_err(|error| lied(&error))?;
            }
            let found = plain.end().map_err(|error| lied(&error))?;
            if found == *digest {
                return Ok(());
            }
            let why = format!("its {} is {}, of {} bytes", self.function().name(), found.hash, found.size_bytes);
            Err(lied(&why))
        };
        Ok(ask.until(&come, once).await?.is_some())
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

/// A file that is hashed as it is written, and never becomes longer than it should.
struct Checked<'a> {
    file: &'a File,
    hashing: Hashing,
    most: u64,
}

impl<'a> Checked<'a> {
    fn new(mut file: &'a File, hashing: Hashing, most: u64) -> io::Result<Self> {
        file.rewind()?;
        file.set_len(0)?;
        Ok(Self { file, hashing, most })
    }
}

impl Write for Checked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.hashing.size() + bytes.len() as u64 > self.most {
            return Err(io::Error::other(format!("it is longer than {} bytes", self.most)));
        }
        self.file.write_all(bytes)?;
        self.hashing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where pieces go.
trait Into: Write + Send {
    /// The digest of what has come.
    fn end(self: Box<Self>) -> io::Result<Digest>;
}

impl Into for Checked<'_> {
    fn end(self: Box<Self>) -> io::Result<Digest> {
        Ok(self.hashing.digest())
    }
}

impl Into for zstd::stream::write::Decoder<'_, Checked<'_>> {
    fn end(mut self: Box<Self>) -> io::Result<Digest> {
        self.flush()?;
        Ok(self.into_inner().hashing.digest())
    }
}
