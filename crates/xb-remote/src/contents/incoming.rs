//! A content that comes piece by piece: unpacked where it comes compressed, hashed as it is written, and never longer
//! than it should be.

use std::io::{self, Write};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use zstd::stream::write::Decoder;

use crate::Hashing;

/// What this machine says of a write that failed; every other error is about what came.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct OfHere(pub io::Error);

impl OfHere {
    pub fn error(error: io::Error) -> io::Error {
        io::Error::other(Self(error))
    }
}

/// A content that comes, and where it goes.
pub(super) enum Incoming<W: Write> {
    Plain(Checked<W>),
    Compressed(Box<Decoder<'static, Checked<W>>>),
}

impl<W: Write> Incoming<W> {
    /// Nothing has come yet of a content of so many bytes at most.
    pub fn new(into: W, zstd: bool, hashing: Hashing, most: u64) -> io::Result<Self> {
        let checked = Checked { into, hashing, most };
        Ok(if zstd { Self::Compressed(Box::new(Decoder::new(checked)?)) } else { Self::Plain(checked) })
    }

    pub fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(checked) => checked.write_all(piece),
            Self::Compressed(decoder) => decoder.write_all(piece),
        }
    }

    /// Where it went, and the digest of what has come.
    pub fn end(self) -> io::Result<(W, Digest)> {
        let mut checked = match self {
            Self::Plain(checked) => checked,
            Self::Compressed(mut decoder) => {
                decoder.flush()?;
                decoder.into_inner()
            }
        };
        checked.into.flush().map_err(OfHere::error)?;
        Ok((checked.into, checked.hashing.digest()))
    }
}

/// What is hashed as it is written.
pub(super) struct Checked<W> {
    into: W,
    hashing: Hashing,
    most: u64,
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.hashing.size() + bytes.len() as u64 > self.most {
            return Err(io::Error::other(format!("it is longer than {} bytes", self.most)));
        }
        self.into.write_all(bytes).map_err(OfHere::error)?;
        self.hashing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DigestFunction;

    /// A disk that is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn incoming<W: Write>(into: W, zstd: bool, most: u64) -> Incoming<W> {
        Incoming::new(into, zstd, Hashing::new(DigestFunction::Sha256), most).expect("it begins")
    }

    #[test]
    fn what_comes_is_what_was_sent_packed_or_not() {
        let bytes = vec![7; 100_000];
        let packed = zstd::bulk::compress(&bytes, 3).expect("it packs");
        for (zstd, sent) in [(false, &bytes), (true, &packed)] {
            let mut incoming = incoming(Vec::new(), zstd, 100_000);
            sent.chunks(1000).for_each(|piece| incoming.take(piece).expect("it is taken"));
            let (came, digest) = incoming.end().expect("it ends");
            assert!(came == bytes && digest == DigestFunction::Sha256.of(&bytes));
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_lie() {
        let bytes = vec![7; 500_000];
        let packed = zstd::bulk::compress(&bytes, 3).expect("it packs");
        for (zstd, sent) in [(false, &bytes), (true, &packed)] {
            let ended = |mut incoming: Incoming<Full>| incoming.take(sent).and_then(|()| incoming.end().map(drop));
            let error = ended(incoming(Full, zstd, 500_000)).expect_err("there is no room");
            let OfHere(error) = error.downcast().expect("it is this machine's");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            let error = ended(incoming(Full, zstd, 10)).expect_err("it is longer");
            assert!(error.to_string().contains("longer than 10 bytes") && error.downcast::<OfHere>().is_err());
        }
        let error = incoming(Vec::new(), true, 10).take(b"this is no zstd").expect_err("it is not packed");
        assert!(error.downcast::<OfHere>().is_err());
    }
}
