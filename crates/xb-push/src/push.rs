//! A push: what goes where, and in which order.
//!
//! Blobs first, several at a time; then manifests, each behind what it names; tags when every repository has it all.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use xb_core::Sha256;
use xb_http::Patience;

use crate::credentials::Credentials;
use crate::destination::{Destination, Repository};
use crate::error::PushError;
use crate::layout::{Blob, Layout};
use crate::registry::{Came, Remote, Source};

/// Who sees bytes go.
pub trait Watch: Send + Sync {
    /// So many bytes were sent.
    fn sent(&self, bytes: u64);
    /// So many bytes were sent in vain, and will be sent again.
    fn taken_back(&self, bytes: u64);
}

/// A push of an image.
pub struct Push<'a> {
    /// The image.
    pub layout: &'a Layout,
    /// Who one is.
    pub credentials: &'a Credentials,
    /// Whether to do without TLS also where the registry is not this machine.
    pub plain_http: bool,
    /// How patient one is.
    pub patience: Patience,
    /// Who sees bytes go.
    pub watch: Arc<dyn Watch>,
}

/// What a repository has now, because its registry said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The repository.
    pub repository: Repository,
    /// The digest of the image.
    pub digest: Sha256,
    /// Its tags.
    pub tags: Vec<String>,
    /// Blobs and manifests that were sent.
    pub uploaded: usize,
    /// Blobs that another repository of the registry had.
    pub mounted: usize,
    /// Blobs and manifests that were there.
    pub present: usize,
    /// Bytes of what was sent.
    pub bytes: u64,
}

impl Push<'_> {
    /// Sends the image to all destinations.
    ///
    /// # Errors
    /// When it is not at all of them; tags are nowhere then, unless it is a tag that failed.
    pub async fn run(&self, destinations: &[Destination]) -> Result<Vec<Pushed>, PushError> {
        let Some(image) = self.layout.manifests.last() else {
            return Ok(Vec::new());
        };
        let mut remotes: Vec<(Remote, Pushed)> = Vec::new();
        let mut first_of: BTreeMap<String, String> = BTreeMap::new();
        for (repository, tags) in self.tags(destinations)? {
            let beside = first_of.get(&repository.registry).cloned();
            first_of.entry(repository.registry.clone()).or_insert_with(|| repository.name.clone());
            let credential = self.credentials.of(&repository)?;
            let remote = Remote::new(&repository, credential, self.plain_http, beside, &self.patience)?;
            remotes.push((remote, Pushed::nothing(repository, image.digest, tags)));
        }
        for (remote, _) in &remotes {
            remote.greet().await?;
        }
        for (remote, pushed) in &mut remotes {
            self.contents(remote, pushed).await?;
        }
        for (remote, pushed) in &remotes {
            for tag in &pushed.tags {
                remote.tag(image, tag).await?;
            }
        }
        Ok(remotes.into_iter().map(|(_, pushed)| pushed).collect())
    }

    /// The tags of each repository, in the order in which they were named.
    fn tags(&self, destinations: &[Destination]) -> Result<Vec<(Repository, Vec<String>)>, PushError> {
        let mut all: Vec<(Repository, Vec<String>)> = Vec::new();
        for Destination { repository, tag } in destinations {
            let tag = tag.as_ref().or(self.layout.tag.as_ref());
            let tag = tag.ok_or_else(|| PushError::Tag(repository.to_string()))?;
            match all.iter_mut().find(|(known, _)| known == repository) {
                Some((_, tags)) if tags.contains(tag) => {}
                Some((_, tags)) => tags.push(tag.clone()),
                None => all.push((repository.clone(), vec![tag.clone()])),
            }
        }
        Ok(all)
    }

    /// Sends all but tags.
    async fn contents(&self, remote: &Remote, pushed: &mut Pushed) -> Result<(), PushError> {
        let send = async |blob: Blob| {
            let path = self.layout.path(blob.digest);
            let came = remote.blob(&Source { blob, path, watch: &self.watch }).await?;
            Ok::<_, PushError>((came, blob.size))
        };
        let sending = stream::iter(self.layout.blobs.iter().copied()).map(send);
        let came: Vec<(Came, u64)> = sending.buffer_unordered(self.patience.parallel.max(1)).try_collect().await?;
        came.into_iter().for_each(|(came, size)| pushed.count(came, size));
        for manifest in &self.layout.manifests {
            let came = remote.manifest(manifest).await?;
            pushed.count(came, manifest.bytes.len() as u64);
        }
        Ok(())
    }
}

impl Pushed {
    fn nothing(repository: Repository, digest: Sha256, tags: Vec<String>) -> Self {
        Self { repository, digest, tags, uploaded: 0, mounted: 0, present: 0, bytes: 0 }
    }

    fn count(&mut self, came: Came, size: u64) {
        match came {
            Came::Present => self.present += 1,
            Came::Mounted => self.mounted += 1,
            Came::Uploaded => {
                self.uploaded += 1;
                self.bytes += size;
            }
        }
    }
}
