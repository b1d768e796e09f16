//! Chunks back into contents, and these into the store.

use std::io::{self, Read};

use tokio::sync::mpsc;
use xb_core::Digest;
use xb_store::Contents;

use super::PackError;
use super::plan::{Asked, Plan};
use super::pull::Piece;

/// The bytes of a compressed chunk, or why it is another, as half a sentence. No more memory is taken than these bytes
/// need.
pub(super) fn unpack(packed: &[u8], raw: Digest) -> Result<Vec<u8>, String> {
    let most = usize::try_from(raw.size()).map_err(|_| "it is too large".to_owned())?;
    let bytes =
        zstd::bulk::decompress(packed, most).map_err(|error| format!("it does not unpack to {most} bytes: {error}"))?;
    let found = Digest::of(&bytes);
    if found == raw { Ok(bytes) } else { Err(format!("it unpacks to {found}, not to {raw}")) }
}

/// Writes what the store lacks out of pieces as they come, and then the directories, inner ones first.
pub(super) fn write(
    asked: &Asked,
    plan: Plan,
    store: &dyn Contents,
    pieces: mpsc::Receiver<Piece>,
) -> Result<(), PackError> {
    let mut text = Text { pieces, piece: (0, Vec::new()), at: 0 };
    for (start, id) in plan.contents {
        text.at = start;
        let found = store.add_content(&mut (&mut text).take(id.0.size()))?;
        if found != id {
            return Err(asked.lied(format!("in the place of the content {id}, it has {found}")));
        }
    }
    for directory in plan.directories {
        store.add_directory(directory)?;
    }
    Ok(())
}

/// The text of a pack, of which only pieces come, in their order.
struct Text {
    pieces: mpsc::Receiver<Piece>,
    /// The last one that came.
    piece: Piece,
    /// From where on it is read.
    at: u64,
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let (start, bytes) = &self.piece;
            let offset = self.at.checked_sub(*start).and_then(|offset| usize::try_from(offset).ok());
            let rest = offset.and_then(|offset| bytes.get(offset..)).filter(|rest| !rest.is_empty());
            if let Some(mut rest) = rest {
                let read = rest.read(into)?;
                self.at += read as u64;
                return Ok(read);
            }
            self.piece = self.pieces.blocking_recv().ok_or_else(|| io::Error::other("the rest of it has not come"))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_as_long_as_it_was_said_to_be_and_what_it_was_said_to_be() {
        let packed = zstd::bulk::compress(&[7; 1000], 3).expect("it compresses");
        assert_eq!(unpack(&packed, Digest::of(&[7; 1000])), Ok(vec![7; 1000]));
        for size in [0, 1, 999, 1001] {
            assert!(unpack(&packed, Digest::of(&vec![7; size])).is_err(), "{size}");
        }
        assert!(unpack(&packed, Digest::of(&[8; 1000])).is_err());
        assert!(unpack(&packed[..packed.len() - 1], Digest::of(&[7; 1000])).is_err());
        assert!(unpack(b"", Digest::of(&[7; 1000])).is_err());
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_its_chunk() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).expect("it compresses");
        assert!(unpack(&bomb, Digest::of(&[0; 1000])).is_err());
    }
}
