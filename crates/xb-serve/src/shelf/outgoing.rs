//! Giving things away in pieces.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use futures_util::{Stream, stream};

use crate::apart::apart;
use crate::metrics::Metrics;

/// So many bytes are read at once, and wait for whoever reads slowly.
const PIECE: usize = 64 << 10;

/// The level of zstd of what goes over a line.
const LEVEL: i32 = 3;

/// What a file has, in pieces, compressed by zstd where that is wanted. A piece is read when it is asked for: no thread
/// waits for whoever reads slowly.
pub(crate) fn outgoing(
    from: impl Read + Send + 'static,
    zstd: bool,
    metrics: Arc<Metrics>,
) -> impl Stream<Item = io::Result<Vec<u8>>> + Send {
    let begin = Source { from, encoder: None, metrics, is_at_end: false };
    stream::try_unfold(begin, move |source| apart(move || source.next(zstd)))
}

/// What is read from, and how far.
struct Source<R> {
    from: R,
    encoder: Option<zstd::stream::write::Encoder<'static, Vec<u8>>>,
    metrics: Arc<Metrics>,
    is_at_end: bool,
}

impl<R: Read> Source<R> {
    /// The next piece, and the source behind it; none at the end.
    fn next(mut self, zstd: bool) -> io::Result<Option<(Vec<u8>, Self)>> {
        let piece = if zstd { self.compressed()? } else { self.read()? };
        self.metrics.sent(piece.len() as u64);
        Ok(if piece.is_empty() { None } else { Some((piece, self)) })
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut self.from).take(PIECE as u64).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn compressed(&mut self) -> io::Result<Vec<u8>> {
        if self.is_at_end {
            return Ok(Vec::new());
        }
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?,
        };
        while encoder.get_ref().len() < PIECE {
            let piece = self.read()?;
            if piece.is_empty() {
                self.is_at_end = true;
                return encoder.finish();
            }
            encoder.write_all(&piece)?;
        }
        let compressed = std::mem::take(encoder.get_mut());
        self.encoder = Some(encoder);
        Ok(compressed)
    }
}

/// A part of a file: what is behind `offset`, and at most `limit` bytes of it.
pub(crate) fn part(mut file: File, offset: u64, limit: u64) -> io::Result<impl Read + Send + 'static> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    Ok(file.take(limit))
}
