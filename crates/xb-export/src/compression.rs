//! How archives are compressed: always in one way, so that the same bytes come of the same bytes.

use std::io::{self, Write};

use flate2::write::GzEncoder;

/// The level of gzip; of any program's levels, this is what most images have.
const GZIP_LEVEL: u32 = 6;
/// The level of zstd: near to what gzip's best gives, at many times the speed.
const ZSTD_LEVEL: i32 = 9;

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip, which everything reads.
    Gzip,
    /// By zstd.
    #[default]
    Zstd,
}

/// Compresses what is written to it.
pub(crate) enum Encoder<W: Write> {
    None(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    pub(crate) fn new(compression: Compression, into: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(into),
            Compression::Gzip => Self::Gzip(GzEncoder::new(into, flate2::Compression::new(GZIP_LEVEL))),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(into, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Writes what is left, and gives back what was written to.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::None(into) => Ok(into),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(into) => into.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(into) => into.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(compression: Compression, bytes: &[u8], pieces: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(compression, Vec::new()).unwrap();
        bytes.chunks(pieces).for_each(|piece| encoder.write_all(piece).unwrap());
        encoder.finish().unwrap()
    }

    #[test]
    fn the_pieces_in_which_it_is_written_do_not_count() {
        let bytes: Vec<u8> = (0..400_000_u32).flat_map(|at| (at.wrapping_mul(at) / 977).to_le_bytes()).collect();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = compress(compression, &bytes, bytes.len());
            assert!(whole.len() < bytes.len());
            for pieces in [3, 512, 65_537] {
                assert!(compress(compression, &bytes, pieces) == whole, "{compression:?} in pieces of {pieces}");
            }
        }
    }
}
