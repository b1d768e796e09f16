//! Giving things away in pieces.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use crate::metrics::Metrics;

/// So many bytes are read at once.
const PIECE: usize = 256 << 10;

/// How many pieces wait to be sent.
const WAITING: usize = 4;

/// The level of zstd of what goes over a line.
const LEVEL: i32 = 3;

/// What a thread reads out of a file, in pieces, compressed by zstd where that is wanted. Who drops the stream ends it.
pub(crate) fn outgoing(
    from: impl Read + Send + 'static,
    zstd: bool,
    metrics: Arc<Metrics>,
) -> impl Stream<Item = io::Result<Vec<u8>>> + Send {
    let (into, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { into: into.clone(), metrics };
        let sent = match zstd {
            true => compress(from, &mut pipe),
            false => copy(from, &mut pipe),
        };
        if let Err(error) = sent {
            let _ = into.blocking_send(Err(error));
        }
    });
    stream::unfold(pieces, async |mut pieces| pieces.recv().await.map(|piece| (piece, pieces)))
}

/// Where pieces go.
struct Pipe {
    into: mpsc::Sender<io::Result<Vec<u8>>>,
    metrics: Arc<Metrics>,
}

impl Write for Pipe {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.metrics.sent(piece.len() as u64);
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.into.blocking_send(Ok(piece.to_vec())).map_err(gone)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn copy(mut from: impl Read, into: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => into.write_all(piece.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn compress(from: impl Read, into: &mut impl Write) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(io::BufWriter::with_capacity(PIECE, into), LEVEL)?;
    copy(from, &mut encoder)?;
    encoder.finish()?.flush()
}

/// A part of a file: what is behind `offset`, and at most `limit` bytes of it.
pub(crate) fn part(mut file: File, offset: u64, limit: u64) -> io::Result<impl Read + Send + 'static> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    Ok(file.take(limit))
}
