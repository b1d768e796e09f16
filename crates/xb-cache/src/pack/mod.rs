//! Trees, and single contents beside them, as an index and chunks.
//!
//! All contents of a pack, each once, are one long text in the order of their paths. It is cut where its own bytes say
//! so (FastCDC, Xia et al. 2020), so that a tree of which one line has changed has nearly all chunks in common with the
//! one before, and each chunk is compressed after that. The index names what the text is made of: see [`index`].
//!
//! A pull checks everything beneath the trees that were asked for against their ids, and asks for no chunk in which
//! nothing lies that the store lacks. Neither a push nor a pull holds more than a few chunks and the index.

mod error;
mod index;
mod joined;
mod memory;
mod plan;
mod pull;
mod push;
mod unpack;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use xb_store::{Contents, Memory};

use crate::{Blob, Lump, Remote};

pub use error::PackError;
pub use pull::{Limits, Pulled};
pub use push::Pushed;

/// No chunk but the last of a pack has fewer bytes before it is compressed.
const MINIMUM: usize = 32 << 10;
/// Chunks tend to have so many.
const AVERAGE: usize = 128 << 10;
/// No chunk has more.
const MAXIMUM: usize = 512 << 10;

/// The level of zstd, of chunks and indexes. Of 120 MB of programs and libraries in blocks of 128 KiB, level 3 leaves
/// 39.8 MB, this one 36.5 in three and a half times the time, and level 12 36.4 in nine times the time.
const LEVEL: i32 = 9;

/// What moves trees between a store and a remote; clones are the same.
#[derive(Clone)]
pub struct Packs {
    /// The remote.
    pub remote: Arc<dyn Remote>,
    /// The store.
    pub store: Arc<dyn Contents>,
    /// What is remembered of chunks: forgetting it costs bytes that come again.
    pub memory: Arc<dyn Memory>,
}

impl Packs {
    /// The bytes of a blob that must be there.
    async fn blob(&self, blob: Blob) -> Result<Vec<u8>, PackError> {
        let absent = || PackError::Absent { remote: self.remote.address().clone(), what: blob.to_string() };
        let bytes = self.remote.blob(blob).await?.ok_or_else(absent)?;
        Ok(bytes)
    }

    /// Puts blobs where they are not there yet: which were sent.
    async fn put_blobs(&self, blobs: Vec<Lump>) -> Result<HashSet<Blob>, PackError> {
        let named: Vec<_> = blobs.iter().map(|(blob, _)| *blob).collect();
        let lacking = self.remote.lacks(&named).await?;
        let sent: Vec<_> = blobs.into_iter().filter(|(blob, _)| lacking.contains(blob)).collect();
        if !sent.is_empty() {
            self.remote.put_blobs(sent).await?;
        }
        Ok(lacking)
    }
}
