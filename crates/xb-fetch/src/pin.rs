//! What sources are known by before they are here, by the lock alone.
//!
//! A pin says what comes in and what becomes of it: how archives are unpacked and roots are configured is part of it by
//! the names of those procedures, which change when they do.

use sha2::Digest as _;
use xb_build::Source;
use xb_core::Digest;
use xb_graph::{Fetch, FetchKind};

use crate::go::MODULE;
use crate::sources::{ARCHIVE, ROCK, Sources};
use crate::{debian, rock};

impl Sources {
    /// The pin of a source; none for a folder, and where the lock does not say what the source is.
    pub(crate) fn pin_of(&self, source: &Source<'_>) -> Option<Digest> {
        match source {
            Source::Fetch(fetch) => self.pin_of_fetch(fetch),
            Source::Debian(root) => debian::pin(&self.context, root).map(|key| pin(&[b"debian", &key])),
            Source::Folder(_) => None,
        }
    }

    fn pin_of_fetch(&self, fetch: &Fetch) -> Option<Digest> {
        let lock = self.lock();
        let sum = || Some(fetch.sha256.or_else(|| Some(lock.fetched.get(&fetch.url)?.sha256))?.0);
        match &fetch.how {
            FetchKind::Git { revision } => {
                let locked = lock.git.get(&(fetch.url.clone(), revision.clone()))?;
                Some(pin(&[b"tree", locked.tree.0.hash()]))
            }
            FetchKind::GoModule { h1 } => Some(pin(&[MODULE.as_bytes(), fetch.url.as_bytes(), &h1.0])),
            FetchKind::Archive { strip } => Some(pin(&[ARCHIVE.as_bytes(), &sum()?, &strip.to_be_bytes()])),
            FetchKind::Rock => Some(pin(&[ROCK.as_bytes(), &sum()?, rock::name_of(&fetch.url).ok()?.as_bytes()])),
            FetchKind::File { name, executable } => {
                Some(pin(&[b"file", &sum()?, name.as_bytes(), &[u8::from(*executable)]]))
            }
        }
    }
}

/// Every part is preceded by its length, so that no two lists read the same.
fn pin(parts: &[&[u8]]) -> Digest {
    let mut hasher = sha2::Sha256::new_with_prefix(b"xb-pin");
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Digest::of(&hasher.finalize())
}
