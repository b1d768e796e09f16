//! Pulling: chunks come several at a time, and one thread writes contents as they come, and directories in the end.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use xb_core::{ContentId, TreeId};

use super::index::{Chunk, MOST_PACKED};
use super::memory::{Spot, recall, remember};
use super::plan::Asked;
use super::unpack::{unpack, write};
use super::{PackError, Packs};
use crate::Blob;
use crate::apart::apart;

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
    /// How many chunks were cut out of contents that the store has.
    pub known_chunks: usize,
}

/// A chunk that is needed.
struct Wanted {
    /// Where it begins in the text.
    start: u64,
    chunk: Chunk,
    /// Where it lay when it was last seen.
    known: Option<Spot>,
    /// How often it stands there, one behind the other, as nothing but zeros does in the image of a disk.
    times: usize,
}

/// What is needed, with what stands there several times in one.
fn wanted(chunks: Vec<(u64, Chunk)>, known: Vec<Option<Spot>>) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for ((start, chunk), known) in chunks.into_iter().zip(known) {
        match all.last_mut() {
            Some(last) if last.chunk == chunk && last.start + last.times as u64 * chunk.raw.size() == start => {
                last.times += 1;
            }
            _ => all.push(Wanted { start, chunk, known, times: 1 }),
        }
    }
    all
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
        let (asking, store, memory) = (Arc::clone(&asked), Arc::clone(&self.store), Arc::clone(&self.memory));
        let (mut plan, known) = apart(move || {
            let plan = asking.plan(&packed, &*store)?;
            let known = recall(&*memory, plan.chunks.iter().map(|(_, chunk)| chunk));
            Ok::<_, PackError>((plan, known))
        })
        .await?;
        let mut pulled =
            Pulled { received_bytes: index.size, received_blobs: 1, raw_bytes: plan.lacking_bytes, known_chunks: 0 };
        let (chunks, spots) = (std::mem::take(&mut plan.chunks), std::mem::take(&mut plan.spots));
        let wanted = wanted(chunks, known);
        let (into, pieces) = mpsc::channel(WAITING);
        let (writer, store, memory) = (Arc::clone(&asked), Arc::clone(&self.store), Arc::clone(&self.memory));
        let writing = apart(move || {
            write(&writer, plan, &*store, pieces)?;
            remember(&*memory, &spots);
            Ok::<_, PackError>(())
        });
        // What ends one of them ends the other; of two errors, the first is that of what did not come.
        let (fetched, written) = tokio::join!(self.fetch(asked, wanted, into, &mut pulled), writing);
        fetched?;
        written?;
        Ok(pulled)
    }

    /// Brings chunks in their order, until nobody takes them any more.
    async fn fetch(
        &self,
        asked: Arc<Asked>,
        wanted: Vec<Wanted>,
        into: mpsc::Sender<Piece>,
        pulled: &mut Pulled,
    ) -> Result<(), PackError> {
        let packs = self.clone();
        let coming = stream::iter(wanted).map(move |wanted| packs.clone().bring(Arc::clone(&asked), wanted));
        let mut coming = coming.buffered(self.remote.parallel());
        while let Some((received, times, (mut start, raw))) = coming.try_next().await? {
            match received {
                Some(bytes) => {
                    pulled.received_bytes += bytes;
                    pulled.received_blobs += 1;
                }
                None => pulled.known_chunks += times,
            }
            for _ in 0..times {
                if into.send((start, raw.clone())).await.is_err() {
                    return Ok(());
                }
                start += raw.len() as u64;
            }
        }
        Ok(())
    }

    /// Brings one chunk: how many bytes have come for it, unless it was in the store, how often it stands there, and
    /// what it is.
    async fn bring(self, asked: Arc<Asked>, wanted: Wanted) -> Result<(Option<u64>, usize, Piece), PackError> {
        let Wanted { start, chunk, known, times } = wanted;
        if let Some(spot) = known {
            let store = Arc::clone(&self.store);
            if let Some(raw) = apart(move || spot.cut_out(&*store, chunk.raw)).await {
                return Ok((None, times, (start, raw)));
            }
        }
        let packed = self.blob(chunk.blob).await?;
        let raw = apart(move || unpack(&packed, chunk.raw)).await;
        let raw = raw.map_err(|why| asked.lied_of(format!("a chunk of {}, {}", asked.name(), chunk.blob), why))?;
        Ok((Some(chunk.blob.size), times, (start, raw)))
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
