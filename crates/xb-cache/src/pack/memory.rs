//! Where chunks lie in the store: what a push or a pull has seen in a large file does not come again.
//!
//! | kind | key | value |
//! |---|---|---|
//! | `chunk-v1` | the SHA-256 of a compressed chunk | the content in which all of it lies (hash, size), and where it begins |
//!
//! Numbers have eight bytes, the lowest first. Nothing that is remembered is believed: bytes that are cut out of a content
//! are those of the chunk, or the chunk is fetched.

use std::io::{Read, Seek, SeekFrom};

use xb_core::{ContentId, Digest, Sha256};
use xb_store::{Contents, Memory};

use super::index::{Chunk, Index};

const KIND: &str = "chunk-v1";

/// Where a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    content: ContentId,
    offset: u64,
}

impl Spot {
    /// The bytes of a chunk that is said to lie there, if they do.
    pub fn cut_out(self, store: &dyn Contents, raw: Digest) -> Option<Vec<u8>> {
        let mut file = store.open_content(self.content).ok()?;
        file.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut bytes = Vec::new();
        file.take(raw.size()).read_to_end(&mut bytes).ok()?;
        (Digest::of(&bytes) == raw).then_some(bytes)
    }

    fn value(self) -> Vec<u8> {
        let digest = self.content.0;
        [&digest.hash()[..], &digest.size().to_le_bytes(), &self.offset.to_le_bytes()].concat()
    }

    fn read(value: &[u8]) -> Option<Self> {
        let (hash, rest) = value.split_first_chunk::<32>()?;
        let (size, offset) = rest.split_first_chunk::<8>()?;
        let digest = Digest::new(*hash, u64::from_le_bytes(*size));
        Some(Self { content: ContentId(digest), offset: u64::from_le_bytes(offset.try_into().ok()?) })
    }
}

/// The chunks of a pack that lie wholly in one content each, and where.
pub(super) fn spots(index: &Index) -> Vec<(Sha256, Spot)> {
    let mut contents = index.contents.iter();
    let (mut content, mut begins, mut ends) = (None, 0_u64, 0_u64);
    let (mut start, mut spots) = (0, Vec::new());
    for chunk in &index.chunks {
        while ends <= start {
            let Some(next) = contents.next() else { return spots };
            (content, begins, ends) = (Some(*next), ends, ends.saturating_add(next.0.size()));
        }
        let end = start + chunk.raw.size();
        if let Some(content) = content.filter(|_| end <= ends) {
            spots.push((chunk.blob.sha256, Spot { content, offset: start - begins }));
        }
        start = end;
    }
    spots
}

/// Where chunks lay when they were last seen, in their order.
pub(super) fn recall<'a>(memory: &dyn Memory, chunks: impl Iterator<Item = &'a Chunk>) -> Vec<Option<Spot>> {
    let keys: Vec<_> = chunks.map(|chunk| chunk.blob.sha256.0.to_vec()).collect();
    memory.recall(KIND, &keys).into_iter().map(|value| Spot::read(&value?)).collect()
}

/// Remembers where chunks lie, but for those of which it is known.
pub(super) fn remember(memory: &dyn Memory, spots: &[(Sha256, Spot)]) {
    let keys: Vec<_> = spots.iter().map(|(sha256, _)| sha256.0.to_vec()).collect();
    let known = memory.recall(KIND, &keys);
    for ((key, known), (_, spot)) in keys.iter().zip(known).zip(spots) {
        let value = spot.value();
        if known.as_ref() != Some(&value) {
            memory.remember(KIND, key, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blob;

    #[test]
    fn spots_are_in_one_content_each() {
        let content = |seed: u8, size| ContentId(Digest::new([seed; 32], size));
        let chunk = |seed: u8, size| Chunk { blob: Blob::of(&[seed]), raw: Digest::new([seed; 32], size) };
        let contents = vec![content(1, 25), content(2, 0), content(3, 5), content(4, 20)];
        let chunks = vec![chunk(1, 10), chunk(2, 10), chunk(3, 10), chunk(4, 15), chunk(5, 5)];
        let found = spots(&Index { directories: vec![], contents, chunks });
        let right = [(1, content(1, 25), 0), (2, content(1, 25), 10), (4, content(4, 20), 0), (5, content(4, 20), 15)];
        let right = right.map(|(seed, content, offset)| (Blob::of(&[seed]).sha256, Spot { content, offset }));
        assert_eq!(found, right);
        assert_eq!(Spot::read(&found[3].1.value()), Some(found[3].1));
        assert_eq!(Spot::read(&[0; 47]), None);
        assert_eq!(Spot::read(&[0; 49]), None);
    }
}
