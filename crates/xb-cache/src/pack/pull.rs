//! Pulling: chunks come several at a time, and one thread writes contents as they come, and directories in the end.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use xb_core::{ContentId, TreeId};

use super::index::{Chunk, MOST_PACKED};
use super::plan::Asked;
use super::unpack::{unpack, write};
use super::{PackError, Packs, apart};
use crate::Blob;

/// How large a pack may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes all contents may be together.
    pub raw_bytes: u64,
    /// How many directories there may be.
    pub directories: u64,
}

/// What has come of a pack, all of which is in the store now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// How many bytes have come.
    pub received_bytes: u64,
    /// How many blobs have come, the index among them.
    pub received_blobs: usize,
    /// How many bytes the store lacked.
    pub raw_bytes: u64,
}

/// How many chunks wait to be written.
const WAITING: usize = 2;

/// Where a chunk begins in the text, and its bytes.
pub(super) type Piece = (u64, Vec<u8>);

impl Packs {
    /// Brings trees, and contents beside them, out of a pack into the store. The pack must be of just these trees; of
    /// other contents than those that are beneath the trees or named beside them, none is brought.
    ///
    /// # Errors
    /// When the remote does not have all of it or has something else, when it is too large, or when the store does not
    /// take it. What has come until then is in the store under its own name.
    pub async fn pull(
        &self,
        index: Blob,
        trees: &[TreeId],
        beside: &[ContentId],
        limits: Limits,
    ) -> Result<Pulled, PackError> {
        let remote = self.remote.address().clone();
        let asked = Asked { remote, index, trees: trees.to_vec(), beside: beside.to_vec(), limits };
        asked.check_index()?;
        let packed = self.blob(index).await?;
        let asked = Arc::new(asked);
        let (asking, store) = (Arc::clone(&asked), Arc::clone(&self.store));
        let mut plan = apart(move || asking.plan(&packed, &*store)).await?;
        let mut pulled = Pulled { received_bytes: index.size, received_blobs: 1, raw_bytes: plan.lacking_bytes };
        let chunks = std::mem::take(&mut plan.chunks);
        let (into, pieces) = mpsc::channel(WAITING);
        let (writer, store) = (Arc::clone(&asked), Arc::clone(&self.store));
        let writing = apart(move || write(&writer, plan, &*store, pieces));
        // What ends one of them ends the other; of two errors, the first is that of what did not come.
        let (fetched, written) = tokio::join!(self.fetch(asked, chunks, into, &mut pulled), writing);
        fetched?;
        written?;
        Ok(pulled)
    }

    /// Brings chunks in their order, until nobody takes them any more.
    async fn fetch(
        &self,
        asked: Arc<Asked>,
        chunks: Vec<(u64, Chunk)>,
        into: mpsc::Sender<Piece>,
        pulled: &mut Pulled,
    ) -> Result<(), PackError> {
        let packs = self.clone();
        let coming =
            stream::iter(chunks).map(move |(start, chunk)| packs.clone().chunk(Arc::clone(&asked), start, chunk));
        let mut coming = coming.buffered(self.remote.parallel());
        while let Some((received, piece)) = coming.try_next().await? {
            pulled.received_bytes += received;
            pulled.received_blobs += 1;
            if into.send(piece).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Brings one chunk: how many bytes have come for it, and what it is.
    async fn chunk(self, asked: Arc<Asked>, start: u64, chunk: Chunk) -> Result<(u64, Piece), PackError> {
        let packed = self.blob(chunk.blob).await?;
        let raw = apart(move || unpack(&packed, chunk.raw)).await;
        let raw = raw.map_err(|why| asked.lied_of(format!("a chunk of {}, {}", asked.name(), chunk.blob), why))?;
        Ok((chunk.blob.size, (start, raw)))
    }
}

impl Asked {
    /// Fails when no index is as large as this one.
    fn check_index(&self) -> Result<(), PackError> {
        if self.index.size <= MOST_PACKED {
            return Ok(());
        }
        let why = format!("it has {} bytes, and an index has at most {MOST_PACKED}", self.index.size);
        Err(PackError::TooLarge { remote: self.remote.clone(), what: self.name(), why })
    }
}
