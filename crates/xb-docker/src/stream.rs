//! Bytes between who waits for a disk and who may not: a pipe of a few pieces.

use std::io::{self, Read, Write};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many pieces wait.
const WAITING: usize = 16;

/// How large a piece gets before it is handed on.
const PIECE: usize = 64 << 10;

/// A pipe from somebody who writes and waits to a stream.
pub fn to_stream() -> (Writer, impl Stream<Item = io::Result<Bytes>> + Send + 'static) {
    let (sender, receiver) = channel(WAITING);
    let stream = futures_util::stream::unfold(receiver, |mut receiver: Receiver<io::Result<Bytes>>| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    (Writer { sender, piece: Vec::with_capacity(PIECE) }, stream)
}

/// The end that is written to; what is not flushed is lost.
pub struct Writer {
    sender: Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Writer {
    /// Has the stream end with an error.
    pub fn fail(self, why: &str) {
        // Who does not listen any more knows already.
        let _ = self.sender.blocking_send(Err(io::Error::other(why.to_owned())));
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// The end of a pipe that is read from; remembers the last bytes, so that a cut archive can be told from a whole one.
pub struct Reader {
    receiver: Receiver<Result<Bytes, String>>,
    piece: Bytes,
    zeros: usize,
}

/// A pipe from a stream to somebody who reads and waits: what is returned first fills it.
pub fn from_stream<E: std::fmt::Display>(
    mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> (impl Future<Output = ()>, Reader) {
    let (sender, receiver) = channel(WAITING);
    let fill = async move {
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| error.to_string());
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    (fill, Reader { receiver, piece: Bytes::new(), zeros: 0 })
}

impl Reader {
    /// Reads what is left, and says how many bytes at the very end are zero, as far as anybody counts.
    ///
    /// # Errors
    /// When the stream ends with one.
    pub fn zeros_at_the_end(&mut self) -> io::Result<usize> {
        io::copy(self, &mut io::sink())?;
        Ok(self.zeros)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let read = self.piece.len().min(buffer.len());
        let piece = self.piece.split_to(read);
        buffer[..read].copy_from_slice(&piece);
        let zeros = piece.iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if zeros == read { self.zeros.saturating_add(zeros) } else { zeros };
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (mut writer, stream) = to_stream();
        let bytes = [&[7; 200_000][..], &[0; 1500][..]].concat();
        let sent = bytes.clone();
        let writing = std::thread::spawn(move || writer.write_all(&sent).and_then(|()| writer.flush()).unwrap());
        let (fill, mut reader) = from_stream(Box::pin(stream));
        runtime.spawn(fill);
        let mut begin = vec![0; 100_000];
        reader.read_exact(&mut begin).unwrap();
        assert_eq!(begin, bytes[..100_000]);
        assert_eq!(reader.zeros_at_the_end().unwrap(), 1500);
        writing.join().unwrap();
    }

    #[test]
    fn an_error_is_no_end() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let pieces = [Ok(Bytes::from_static(b"abc")), Err("cut off")];
        let (fill, mut reader) = from_stream(futures_util::stream::iter(pieces));
        runtime.spawn(fill);
        assert_eq!(reader.zeros_at_the_end().unwrap_err().to_string(), "cut off");
    }
}
