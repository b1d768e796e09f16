//! Contents in pieces.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bazel_remote_apis::google::bytestream::byte_stream_server::ByteStream;
use bazel_remote_apis::google::bytestream::{
    QueryWriteStatusRequest, QueryWriteStatusResponse, ReadRequest, ReadResponse, WriteRequest, WriteResponse,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::name::Resource;
use super::{Service, failed};
use crate::apart::apart;
use crate::shelf::{Incoming, Name, Refusal, Sink, Whole, outgoing, part};

/// What comes compressed looks back at most so far: 2 to this power in bytes, which is what each upload may cost.
const WINDOW_LOG: u32 = 23;

/// A stream that stands still for so long has been given up.
const SILENCE: Duration = Duration::from_secs(60);

#[tonic::async_trait]
impl ByteStream for Service {
    type ReadStream = BoxStream<'static, Result<ReadResponse, Status>>;

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        let request = request.into_inner();
        let Resource { blob, zstd } = Resource::to_read(&request.resource_name)?;
        let within = |number: i64| u64::try_from(number).ok().filter(|number| *number <= blob.size);
        let offset =
            within(request.read_offset).ok_or_else(|| Status::out_of_range("there is nothing behind its end"))?;
        let limit = match request.read_limit {
            0 => u64::MAX,
            limit => u64::try_from(limit).map_err(|_| Status::invalid_argument("a limit is no negative number"))?,
        };
        if zstd && request.read_limit != 0 {
            return Err(Status::invalid_argument("what goes compressed has no limit"));
        }
        if Name::blob(blob.sha256).is_of_nothing() && blob.size == 0 {
            let pieces = outgoing(io::empty(), zstd, Arc::clone(&self.shelf.metrics));
            return Ok(Response::new(pieces.map_ok(|data| ReadResponse { data }).map_err(failed).boxed()));
        }
        let (name, shelf) = (Name::blob(blob.sha256), Arc::clone(&self.shelf));
        let opened = move || {
            let found = shelf.opened(name)?.filter(|(_, size)| *size == blob.size);
            let Some((file, size)) = found else { return Ok(None) };
            let is_whole = offset == 0 && limit >= size;
            Ok(Some(match is_whole {
                true => Box::new(Whole::new(shelf, name, file, size)) as Box<dyn Read + Send>,
                false => Box::new(part(file, offset, limit)?),
            }))
        };
        let found = apart(opened).await.map_err(failed)?;
        self.shelf.metrics.looked_up("cas", found.is_some());
        let found = found.ok_or_else(|| Status::not_found("it is not here"))?;
        let pieces = outgoing(found, zstd, Arc::clone(&self.shelf.metrics));
        Ok(Response::new(pieces.map_ok(|data| ReadResponse { data }).map_err(failed).boxed()))
    }

    async fn write(&self, request: Request<Streaming<WriteRequest>>) -> Result<Response<WriteResponse>, Status> {
        let mut messages = request.into_inner();
        let first = messages.message().await?.ok_or_else(|| Status::invalid_argument("nothing came"))?;
        let Resource { blob, zstd } = Resource::to_write(&first.resource_name)?;
        let name = Name::blob(blob.sha256);
        let shelf = Arc::clone(&self.shelf);
        if apart(move || shelf.has(blob)).await.map_err(failed)? {
            // Nobody need send what is here; of compressed bytes nobody knows how many they would have been.
            let committed_size = if zstd { -1 } else { blob.size.cast_signed() };
            return Ok(Response::new(WriteResponse { committed_size }));
        }
        let pieces = stream::unfold(Some(Coming { messages, first: Some(first), offset: 0 }), Coming::piece);
        let received = if zstd {
            self.shelf.receive(name, Some(blob.size), pieces, Unpacking::new).await?
        } else {
            self.shelf.receive(name, Some(blob.size), pieces, Ok).await?
        };
        Ok(Response::new(WriteResponse { committed_size: received.cast_signed() }))
    }

    async fn query_write_status(
        &self,
        request: Request<QueryWriteStatusRequest>,
    ) -> Result<Response<QueryWriteStatusResponse>, Status> {
        let Resource { blob, .. } = Resource::to_write(&request.into_inner().resource_name)?;
        let shelf = Arc::clone(&self.shelf);
        let complete = apart(move || shelf.has(blob)).await.map_err(failed)?;
        // What was cut begins anew: a half is not kept.
        let committed_size = if complete { blob.size.cast_signed() } else { 0 };
        Ok(Response::new(QueryWriteStatusResponse { committed_size, complete }))
    }
}

/// Messages of an upload, of which each must go on where the one before has ended.
struct Coming {
    messages: Streaming<WriteRequest>,
    first: Option<WriteRequest>,
    offset: i64,
}

impl Coming {
    async fn piece(coming: Option<Self>) -> Option<(Result<Vec<u8>, Refusal>, Option<Self>)> {
        let mut coming = coming?;
        let message = match coming.first.take() {
            Some(first) => Ok(Some(first)),
            None => match tokio::time::timeout(SILENCE, coming.messages.message()).await {
                Ok(message) => message.map_err(|status| Refusal::Cut(status.message().to_owned())),
                Err(_) => Err(Refusal::Cut(format!("nothing came for {} seconds", SILENCE.as_secs()))),
            },
        };
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) => return Some((Err(Refusal::Cut("its end did not come".to_owned())), None)),
            Err(refusal) => return Some((Err(refusal), None)),
        };
        if message.write_offset != coming.offset {
            let why = format!("a piece is for {}, and the one before ended at {}", message.write_offset, coming.offset);
            return Some((Err(Refusal::Wrong(why)), None));
        }
        coming.offset += message.data.len() as i64;
        let rest = (!message.finish_write).then_some(coming);
        Some((Ok(message.data), rest))
    }
}

/// What comes compressed by zstd.
struct Unpacking(zstd::stream::write::Decoder<'static, Unpacked>);

impl Unpacking {
    fn new(incoming: Incoming) -> Result<Self, Refusal> {
        let unpacked = Unpacked { incoming, refusal: None };
        let mut decoder = zstd::stream::write::Decoder::new(unpacked)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Ok(Self(decoder))
    }

    /// The error of a decoder: that of whom it wrote to, or its own.
    fn refusal(&mut self, error: &io::Error) -> Refusal {
        let own = || Refusal::Wrong(format!("what came is not compressed by zstd: {error}"));
        self.0.get_mut().refusal.take().unwrap_or_else(own)
    }
}

impl Sink for Unpacking {
    fn take(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        self.0.write_all(piece).map_err(|error| self.refusal(&error))
    }

    fn end(mut self) -> Result<Incoming, Refusal> {
        self.0.flush().map_err(|error| self.refusal(&error))?;
        Ok(self.0.into_inner().incoming)
    }
}

/// Where a decoder writes to, and why it could not.
struct Unpacked {
    incoming: Incoming,
    refusal: Option<Refusal>,
}

impl Write for Unpacked {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self.incoming.take(piece) {
            Ok(()) => Ok(piece.len()),
            Err(refusal) => {
                self.refusal = Some(refusal);
                Err(io::Error::other("it is not taken"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
