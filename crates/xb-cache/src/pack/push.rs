//! Pushing: one thread reads and cuts, several compress, and what the remote lacks is sent meanwhile, the index last.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use fastcdc::v2020::StreamCDC;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use xb_core::{ContentId, Digest, Sha256, TreeId};
use xb_graph::reapi::encode;
use xb_store::Contents;

use super::index::{Chunk, Index};
use super::joined::{Joined, error_of};
use super::memory::{remember, spots};
use super::walk::walk;
use super::{AVERAGE, LEVEL, MAXIMUM, MINIMUM, PackError, Packs};
use crate::Blob;
use crate::apart::apart;

/// What a remote has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The index of the pack, by which it is pulled.
    pub index: Blob,
    /// The chunks, each once, in the order of the pack.
    pub blobs: Vec<Blob>,
    /// How many bytes were sent.
    pub sent_bytes: u64,
    /// How many blobs were sent: the others were there.
    pub sent_blobs: usize,
    /// How many bytes all contents of the pack are together.
    pub raw_bytes: u64,
}

/// How many cut chunks wait for their compression.
const WAITING: usize = 2;

/// How many chunks are compressed at one time, or wait to be sent.
const PACKERS: usize = 8;

/// How many chunks are asked about at once, at most: as many as are compressed by then.
const GROUP: usize = 64;

/// How many groups of chunks are sent at one time.
const SENDERS: usize = 2;

/// A chunk, and its compressed bytes.
type Packed = (Chunk, Vec<u8>);

/// The chunks of this pack that somebody is at, or has been.
type Taken = Arc<Mutex<BTreeSet<Sha256>>>;

impl Packs {
    /// Sees to it that the remote has a pack of trees, and of contents beside them. The same of these gives the same
    /// pack.
    ///
    /// # Errors
    /// When the store does not have all of it, or the remote does not take it.
    pub async fn push(&self, trees: &[TreeId], beside: &[ContentId]) -> Result<Pushed, PackError> {
        let (into, cut) = mpsc::channel(WAITING);
        let (store, trees, beside) = (Arc::clone(&self.store), trees.to_vec(), beside.to_vec());
        let reading = apart(move || read(&*store, &trees, &beside, &into));
        let sending = async {
            let (packs, taken) = (self.clone(), Taken::default());
            let chunks = stream::unfold(cut, async |mut cut| cut.recv().await.map(|raw: Vec<u8>| (raw, cut)));
            let packed = chunks.map(|raw| apart(move || pack_chunk(&raw))).buffered(PACKERS);
            let sending = packed.ready_chunks(GROUP).map(move |group| packs.clone().send(group, Arc::clone(&taken)));
            sending.buffered(SENDERS).try_concat().await
        };
        // What ends one of them ends the other; of two errors, the first is that of what could not be read.
        let (read, sent) = tokio::join!(reading, sending);
        self.push_index(read?, sent?).await
    }

    /// Sends the index of what was sent, and remembers where its chunks lie.
    async fn push_index(&self, mut index: Index, sent: Vec<(Chunk, bool)>) -> Result<Pushed, PackError> {
        let raw_bytes = index.raw_size();
        index.chunks = sent.iter().map(|(chunk, _)| *chunk).collect();
        let mut seen = BTreeSet::new();
        let blobs = index.chunks.iter().map(|chunk| chunk.blob).filter(|blob| seen.insert(*blob)).collect();
        let of_sent: Vec<u64> = sent.iter().filter(|(_, sent)| *sent).map(|(chunk, _)| chunk.blob.size).collect();
        let memory = Arc::clone(&self.memory);
        let (index, packed) = apart(move || {
            remember(&*memory, &spots(&index));
            pack_index(index)
        })
        .await?;
        let mut pushed =
            Pushed { index, blobs, sent_bytes: of_sent.iter().sum(), sent_blobs: of_sent.len(), raw_bytes };
        if self.put_blobs(vec![(index, packed)]).await?.contains(&index) {
            pushed.sent_bytes += index.size;
            pushed.sent_blobs += 1;
        }
        Ok(pushed)
    }

    /// Sends chunks that are compressed, where they are not there: what they are, and whether they were sent.
    async fn send(self, group: Vec<Result<Packed, PackError>>, taken: Taken) -> Result<Vec<(Chunk, bool)>, PackError> {
        let group = group.into_iter().collect::<Result<Vec<_>, _>>()?;
        let chunks: Vec<_> = group.iter().map(|(chunk, _)| *chunk).collect();
        let mut first: HashSet<Blob> = HashSet::new();
        let blobs = group.into_iter().filter_map(|(chunk, bytes)| {
            let is_first = taken.lock().unwrap_or_else(PoisonError::into_inner).insert(chunk.blob.sha256);
            (is_first && first.insert(chunk.blob)).then_some((chunk.blob, bytes))
        });
        let sent = self.put_blobs(blobs.collect()).await?;
        // What stands there twice was sent once.
        Ok(chunks.into_iter().map(|chunk| (chunk, first.remove(&chunk.blob) && sent.contains(&chunk.blob))).collect())
    }
}

/// Reads and cuts all that is beneath trees, as long as somebody takes chunks. The index that it gives has none yet.
fn read(
    store: &dyn Contents,
    trees: &[TreeId],
    beside: &[ContentId],
    into: &mpsc::Sender<Vec<u8>>,
) -> Result<Index, PackError> {
    let walked = walk(trees, beside, |id| store.directory(id).map_err(PackError::from))?;
    let bytes = |id: &TreeId| store.directory(*id).map(|directory| encode(&*directory).0);
    let directories = walked.directories.iter().map(bytes).collect::<Result<_, _>>()?;
    let joined = Joined::new(store, &walked.contents);
    for chunk in StreamCDC::new(joined, MINIMUM, AVERAGE, MAXIMUM) {
        let chunk = chunk.map_err(|error| error_of(error.into()))?;
        if into.blocking_send(chunk.data).is_err() {
            break;
        }
    }
    Ok(Index { directories, contents: walked.contents, chunks: Vec::new() })
}

fn pack_chunk(raw: &[u8]) -> Result<Packed, PackError> {
    let packed = zstd::bulk::compress(raw, LEVEL).map_err(error_of)?;
    Ok((Chunk { blob: Blob::of(&packed), raw: Digest::of(raw) }, packed))
}

fn pack_index(index: Index) -> Result<(Blob, Vec<u8>), PackError> {
    let packed = index.pack().map_err(error_of)?;
    Ok((Blob::of(&packed), packed))
}
