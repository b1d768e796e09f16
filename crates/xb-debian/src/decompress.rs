//! Decompression that a hostile archive cannot turn against its reader.
//!
//! What comes out is bounded by what went in: no honest package or index unpacks to a thousand times its size.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// What may come out before the ratio counts.
const FREE: u64 = 64 << 20;
/// How many times what went in may come out.
const RATIO: u64 = 1000;
/// The most memory that a decoder may take: `xz -9` and `zstd --ultra` need half of it.
const MEMORY: u64 = 256 << 20;
/// The binary logarithm of the largest window of a zstd stream.
const WINDOW_LOG: u32 = 27;

/// How many bytes so many packed ones can honestly become.
pub const fn most_unpacked(packed: u64) -> u64 {
    FREE.saturating_add(packed.saturating_mul(RATIO))
}

/// Why something could not be decompressed.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be decompressed: {source}; it is cut off or damaged: fetch it again")]
pub struct DecompressError {
    /// Its name.
    name: String,
    /// Why.
    source: io::Error,
}

/// A way to compress a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// Zstandard.
    Zstd,
}

/// Decompresses a file by the end of its name: `.xz`, `.gz`, `.bz2`, `.zst`; others are as they are.
///
/// # Errors
/// When it is damaged or cut off, or unpacks to more than an honest file could.
pub fn decompress(name: &str, bytes: &[u8]) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    Compression::of_name(name)
        .reader(bytes)
        .and_then(|mut decoder| decoder.read_to_end(&mut out))
        .map_err(|source| DecompressError { name: name.to_owned(), source })?;
    Ok(out)
}

impl Compression {
    /// By the end of a name: `data.tar.xz`.
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end) {
            Some("xz") => Self::Xz,
            Some("gz") => Self::Gzip,
            Some("bz2") => Self::Bzip2,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// A reader of what is compressed in `packed`.
    ///
    /// # Errors
    /// When there is no memory for a decoder. Reading fails when it is damaged, cut off, or unpacks to more than an
    /// honest file could.
    pub fn reader<'a>(self, packed: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let taken = Rc::new(Cell::new(0));
        let packed = Counted { inner: packed, taken: Rc::clone(&taken) };
        let unpacked: Box<dyn Read + 'a> = match self {
            Self::None => return Ok(Box::new(packed)),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(MEMORY, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(packed, stream))
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(packed)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(decoder)
            }
        };
        Ok(Box::new(Bounded { inner: unpacked, taken, given: 0 }))
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// Stops when more comes out than could honestly have been in what went in.
struct Bounded<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        if self.given > most_unpacked(self.taken.get()) {
            let message = "it unpacks to more than a thousand times its size";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bz2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_format_by_its_name_and_what_is_cut_off_is_refused() {
        let text = b"some text".repeat(1000);
        let zst = zstd::encode_all(&text[..], 1).unwrap();
        let packed = [("a.gz", gz(&text)), ("a.xz", xz(&text)), ("a.bz2", bz2(&text)), ("a.zst", zst)];
        for (name, bytes) in packed {
            assert_eq!(decompress(name, &bytes).unwrap(), text, "{name}");
            assert!(decompress(name, &bytes[..bytes.len() / 2]).is_err(), "{name}");
            assert!(decompress(name, b"something else").is_err(), "{name}");
        }
        assert_eq!(decompress("a", &text).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = zstd::encode_all(io::repeat(0).take(2 << 30), 1).unwrap();
        let error = decompress("a.zst", &bomb).unwrap_err();
        assert!(error.to_string().contains("a thousand times"), "{error}");
    }
}
