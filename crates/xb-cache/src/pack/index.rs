//! What a pack is made of: a protobuf message in one zstd frame, which is a blob like any other.
//!
//! ```proto
//! message Index {
//!   uint32 version = 1;              // 1
//!   repeated bytes directories = 2;  // of the REAPI, each once, in canonical form, outer ones before inner ones
//!   repeated Digest contents = 3;    // of the REAPI, each once, in the order of their paths
//!   repeated Chunk chunks = 4;       // of the text that all contents are, one behind the other
//! }
//! message Chunk {
//!   bytes sha256 = 1;                // of the compressed bytes, which are a blob
//!   uint64 size = 2;                 // of the same
//!   bytes blake3 = 3;                // of the bytes of the text
//!   uint64 raw_size = 4;             // of the same
//! }
//! ```
//!
//! Digests of contents are text, as they are in directories: compression finds them there again, so that they cost next
//! to nothing.

use std::io::Read;

use prost::Message;
use xb_core::{ContentId, Digest, Sha256};
use xb_graph::reapi::DigestMessage;

use super::{LEVEL, MAXIMUM};
use crate::Blob;

/// The version that is written and read.
pub(super) const VERSION: u32 = 1;

/// An index has at most so many bytes, compressed.
pub(super) const MOST_PACKED: u64 = 64 << 20;
/// An index has at most so many bytes, enough for half a million files.
const MOST_RAW: u64 = 128 << 20;

/// What a pack is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The canonical bytes of each directory.
    pub directories: Vec<Vec<u8>>,
    /// What the text is made of.
    pub contents: Vec<ContentId>,
    /// How it is cut.
    pub chunks: Vec<Chunk>,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its compressed bytes.
    pub blob: Blob,
    /// Its bytes.
    pub raw: Digest,
}

/// Why bytes are not an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// They are none.
    Wrong(String),
    /// They are one of another version.
    Version(u32),
}

#[derive(Clone, PartialEq, Message)]
struct VersionMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
}

#[derive(Clone, PartialEq, Message)]
struct IndexMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    directories: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "3")]
    contents: Vec<DigestMessage>,
    #[prost(message, repeated, tag = "4")]
    chunks: Vec<ChunkMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct ChunkMessage {
    #[prost(bytes = "vec", tag = "1")]
    sha256: Vec<u8>,
    #[prost(uint64, tag = "2")]
    size: u64,
    #[prost(bytes = "vec", tag = "3")]
    blake3: Vec<u8>,
    #[prost(uint64, tag = "4")]
    raw_size: u64,
}

impl Index {
    /// The bytes of the blob.
    pub fn pack(self) -> std::io::Result<Vec<u8>> {
        let message = IndexMessage {
            version: VERSION,
            directories: self.directories,
            contents: self.contents.iter().map(|id| id.0.into()).collect(),
            chunks: self.chunks.iter().map(Chunk::message).collect(),
        };
        zstd::bulk::compress(&message.encode_to_vec(), LEVEL)
    }

    /// Reads the bytes of the blob. Chunks are no larger than chunks are, and as long together as all contents are.
    pub fn unpack(packed: &[u8]) -> Result<Self, Unreadable> {
        let wrong = |why: &str| Unreadable::Wrong(why.to_owned());
        let bytes = decompress(packed).map_err(|error| Unreadable::Wrong(format!("it is not an index: {error}")))?;
        if bytes.len() as u64 > MOST_RAW {
            return Err(wrong("it unpacks to more than an index can be"));
        }
        let unreadable = |error: prost::DecodeError| Unreadable::Wrong(format!("it is not an index: {error}"));
        let VersionMessage { version } = VersionMessage::decode(&*bytes).map_err(unreadable)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        let message = IndexMessage::decode(&*bytes).map_err(unreadable)?;
        let contents = message.contents.iter().map(|digest| Digest::try_from(digest).map(ContentId));
        let contents: Vec<_> =
            contents.collect::<Result<_, _>>().map_err(|error| Unreadable::Wrong(error.to_string()))?;
        let chunks: Option<Vec<_>> = message.chunks.iter().map(Chunk::read).collect();
        let chunks = chunks.ok_or_else(|| wrong("it has a chunk that is not one"))?;
        let index = Self { directories: message.directories, contents, chunks };
        let cut = index.chunks.iter().map(|chunk| chunk.raw.size()).fold(0_u64, u64::saturating_add);
        if index.raw_size() != cut {
            return Err(wrong(&format!("its contents are {} bytes long, and its chunks {cut}", index.raw_size())));
        }
        Ok(index)
    }

    /// How many bytes all contents are together.
    pub fn raw_size(&self) -> u64 {
        self.contents.iter().map(|id| id.0.size()).fold(0, u64::saturating_add)
    }
}

impl Chunk {
    fn message(&self) -> ChunkMessage {
        ChunkMessage {
            sha256: self.blob.sha256.0.to_vec(),
            size: self.blob.size,
            blake3: self.raw.hash().to_vec(),
            raw_size: self.raw.size(),
        }
    }

    fn read(message: &ChunkMessage) -> Option<Self> {
        let sha256 = Sha256(message.sha256.as_slice().try_into().ok()?);
        let raw = Digest::new(message.blake3.as_slice().try_into().ok()?, message.raw_size);
        let is_chunk = (1..=MAXIMUM as u64).contains(&raw.size())
            && message.size <= zstd::zstd_safe::compress_bound(MAXIMUM) as u64;
        is_chunk.then_some(Self { blob: Blob { sha256, size: message.size }, raw })
    }
}

/// What bytes unpack to, and not much more than an index can have.
fn decompress(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    zstd::Decoder::with_buffer(packed)?.take(MOST_RAW + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let chunk = Chunk { blob: Blob::of(b"packed"), raw: Digest::of(b"onetwo") };
        let contents = [&b"one"[..], b"", b"two"].map(|bytes| ContentId(Digest::of(bytes)));
        Index { directories: vec![b"a".to_vec()], contents: contents.to_vec(), chunks: vec![chunk] }
    }

    fn packed(message: &IndexMessage) -> Vec<u8> {
        zstd::encode_all(&*message.encode_to_vec(), 1).expect("it compresses")
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        assert_eq!(Index::unpack(&index().pack().expect("it compresses")), Ok(index()));
        assert_eq!(Index::unpack(&Index::default().pack().expect("it compresses")), Ok(Index::default()));
    }

    #[test]
    fn another_version_is_said_whatever_else_there_is() {
        let other = [&VersionMessage { version: 7 }.encode_to_vec()[..], b"\x12\x00\x1d1234"].concat();
        let other = zstd::encode_all(&*other, 1).expect("it compresses");
        assert_eq!(Index::unpack(&other), Err(Unreadable::Version(7)));
        assert_eq!(Index::unpack(&packed(&IndexMessage::default())), Err(Unreadable::Version(0)));
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let whole = index().pack().expect("it compresses");
        for bytes in [&b""[..], b"bytes", &whole[..whole.len() - 1]] {
            assert!(matches!(Index::unpack(bytes), Err(Unreadable::Wrong(_) | Unreadable::Version(0))), "{bytes:?}");
        }
        let bomb = zstd::encode_all(std::io::repeat(0).take(MOST_RAW + 1), 1).expect("it compresses");
        assert!(matches!(Index::unpack(&bomb), Err(Unreadable::Wrong(_))));
    }

    #[test]
    fn chunks_are_as_long_as_contents_and_no_longer_than_chunks() {
        let message = |sha256: usize, raw_size: u64, size: u64| {
            let chunk = ChunkMessage { sha256: vec![0; sha256], size, blake3: vec![0; 32], raw_size };
            let digest = DigestMessage::from(Digest::new([0; 32], raw_size));
            IndexMessage { version: VERSION, directories: vec![], contents: vec![digest], chunks: vec![chunk] }
        };
        let most = MAXIMUM as u64;
        assert!(Index::unpack(&packed(&message(32, most, most))).is_ok());
        for wrong in [message(31, 1, 1), message(32, 0, 1), message(32, most + 1, 1), message(32, 1, 2 * most)] {
            assert!(matches!(Index::unpack(&packed(&wrong)), Err(Unreadable::Wrong(_))));
        }
        let mut short = message(32, 9, 9);
        short.chunks[0].raw_size = 8;
        assert!(matches!(Index::unpack(&packed(&short)), Err(Unreadable::Wrong(_))));
        let mut negative = message(32, 9, 9);
        negative.contents[0].size_bytes = -1;
        assert!(matches!(Index::unpack(&packed(&negative)), Err(Unreadable::Wrong(_))));
    }
}
