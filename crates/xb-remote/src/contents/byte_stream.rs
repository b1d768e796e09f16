//! Contents that go in pieces, compressed where the server takes them so.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use bazel_remote_apis::google::bytestream::byte_stream_client::ByteStreamClient;
use bazel_remote_apis::google::bytestream::{ReadRequest, WriteRequest};
use futures_util::stream;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{named, size};
use crate::ask::Trouble;
use crate::{Connection, Kind, RemoteError};

/// So many bytes go in one message.
pub(super) const PIECE: usize = 256 << 10;

/// The level of zstd of what goes over a line.
pub(super) const LEVEL: i32 = 3;

/// What comes compressed looks back at most so far: 2 to this power in bytes, which is what reading it costs.
const WINDOW_LOG: u32 = 27;

/// What has come of a content, which is never more than can be of it.
struct Coming {
    bytes: Vec<u8>,
    most: u64,
}

impl Write for Coming {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + piece.len()) as u64 > self.most {
            return Err(io::Error::other(format!("it is longer than {} bytes", self.most)));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Connection {
    pub(super) async fn read_stream(&self, digest: &Digest, what: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let zstd = self.capabilities().await?.zstd;
        let resource_name = self.resource(digest, zstd, None);
        let come = AtomicU64::new(0);
        let ask = self.ask(what);
        let once = || async {
            let message = ReadRequest { resource_name: resource_name.clone(), read_offset: 0, read_limit: 0 };
            let mut pieces = self.streams().await?.read(self.signed(message)?).await?.into_inner();
            let lied = |error: io::Error| Trouble::Error(ask.error(error.to_string(), Kind::Lied));
            let coming = Coming { bytes: Vec::new(), most: size(digest) };
            let mut into = if zstd { Place::compressed(coming).map_err(lied)? } else { Place::Plain(coming) };
            while let Some(piece) = pieces.message().await? {
                come.fetch_add(1, Ordering::Relaxed);
                into.take(&piece.data).map_err(lied)?;
            }
            into.end().map_err(lied)
        };
        ask.until(&come, once).await
    }

    pub(super) async fn write_stream(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), RemoteError> {
        let what = named(&digest);
        let ask = self.ask(&what);
        let zstd = self.capabilities().await?.zstd;
        let bytes = match zstd {
            true => compressed(bytes).await.map_err(|error| ask.error(error.to_string(), Kind::Refused))?,
            false => bytes,
        };
        let (bytes, sent) = (Arc::new(bytes), Arc::new(AtomicU64::new(0)));
        let once = || async {
            let resource_name = self.resource(&digest, zstd, Some(Uuid::new_v4()));
            let pieces = stream::iter(pieces(resource_name, Arc::clone(&bytes), Arc::clone(&sent)));
            let committed = self.streams().await?.write(self.signed(pieces)?).await?.into_inner().committed_size;
            // -1 is what a server says of a compressed content that it had before.
            let whole = [bytes.len() as i64, digest.size_bytes, -1];
            if whole.contains(&committed) {
                return Ok(());
            }
            let why = format!("it took {committed} bytes of {}", bytes.len());
            Err(Trouble::Error(ask.error(why, Kind::Refused)))
        };
        let nothing = || ask.error("it knows no such place".to_owned(), Kind::Refused);
        ask.until(&sent, once).await?.ok_or_else(nothing)
    }

    /// The name of a content for reading it, or for an upload.
    pub(super) fn resource(&self, digest: &Digest, zstd: bool, upload: Option<Uuid>) -> String {
        let instance = self.instance();
        let slash = if instance.is_empty() { "" } else { "/" };
        let upload = upload.map(|uuid| format!("uploads/{uuid}/")).unwrap_or_default();
        let kind = if zstd { "compressed-blobs/zstd" } else { "blobs" };
        let Digest { hash, size_bytes } = digest;
        format!("{instance}{slash}{upload}{kind}/{}{hash}/{size_bytes}", self.function().segment())
    }

    pub(super) async fn streams(&self) -> Result<ByteStreamClient<Channel>, RemoteError> {
        Ok(ByteStreamClient::new(self.channel().await?))
    }
}

/// Where pieces go.
enum Place {
    Plain(Coming),
    Compressed(Box<zstd::stream::write::Decoder<'static, Coming>>),
}

impl Place {
    fn compressed(coming: Coming) -> io::Result<Self> {
        let mut decoder = zstd::stream::write::Decoder::new(coming)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Ok(Self::Compressed(Box::new(decoder)))
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(coming) => coming.write_all(piece),
            Self::Compressed(decoder) => decoder.write_all(piece),
        }
    }

    fn end(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(coming) => Ok(coming.bytes),
            Self::Compressed(mut decoder) => {
                decoder.flush()?;
                Ok(decoder.into_inner().bytes)
            }
        }
    }
}

async fn compressed(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    match tokio::task::spawn_blocking(move || zstd::bulk::compress(&bytes, LEVEL)).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The messages of an upload, which are counted as they go; there is at least one.
fn pieces(name: String, bytes: Arc<Vec<u8>>, sent: Arc<AtomicU64>) -> impl Iterator<Item = WriteRequest> {
    let count = bytes.len().div_ceil(PIECE).max(1);
    let mut name = Some(name);
    (0..count).map(move |number| {
        let start = number * PIECE;
        let data = bytes.get(start..bytes.len().min(start + PIECE)).unwrap_or_default().to_vec();
        sent.fetch_add(1, Ordering::Relaxed);
        let resource_name = name.take().unwrap_or_default();
        WriteRequest { resource_name, write_offset: start as i64, finish_write: number + 1 == count, data }
    })
}
