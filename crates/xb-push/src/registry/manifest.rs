//! Manifests, by their digests and by tags, and what the registry says that it has.

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use sha2::{Digest, Sha256};

use super::Remote;
use super::answer::{bytes, digest};
use super::blob::Came;
use super::retry::Trouble;
use crate::error::PushError;
use crate::layout::Manifest;
use crate::layout::model::accepted;

/// No manifest is larger.
const MOST: usize = 4 << 20;

impl Remote {
    /// Sees to it that the repository has a manifest by its digest.
    pub async fn manifest(&self, manifest: &Manifest) -> Result<Came, PushError> {
        self.put(manifest, &format!("sha256:{}", manifest.digest)).await
    }

    /// Sees to it that a tag is of a manifest.
    pub async fn tag(&self, manifest: &Manifest, tag: &str) -> Result<Came, PushError> {
        self.put(manifest, tag).await
    }

    async fn put(&self, manifest: &Manifest, by: &str) -> Result<Came, PushError> {
        let what = format!("the manifest {by}");
        let url = self.url(&format!("manifests/{by}"))?;
        self.retrying(&what, async || {
            if self.is_there(manifest, by).await? {
                return Ok(Came::Present);
            }
            let make = |client: &reqwest::Client| {
                client.put(url.clone()).header(CONTENT_TYPE, &manifest.media_type).body(manifest.bytes.clone())
            };
            let answer = self.send(&make).await?;
            if !answer.status().is_success() {
                return Err(self.refused(&what, answer).await.into());
            }
            if self.confirmed(&what, manifest.digest, &answer)?.is_none() {
                self.look(&what, manifest, by).await?;
            }
            Ok(Came::Uploaded)
        })
        .await
    }

    async fn is_there(&self, manifest: &Manifest, by: &str) -> Result<bool, Trouble> {
        let url = self.url(&format!("manifests/{by}"))?;
        let answer = self.send(&|client| client.head(url.clone()).header(ACCEPT, accepted())).await?;
        match answer.status() {
            status if status.is_success() => Ok(digest(&answer) == Some(&*format!("sha256:{}", manifest.digest))),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused("a look for a manifest", answer).await.into()),
        }
    }

    /// Reads back what a registry has that does not tell its digest.
    async fn look(&self, what: &str, manifest: &Manifest, by: &str) -> Result<(), Trouble> {
        let url = self.url(&format!("manifests/{by}"))?;
        let answer = self.send(&|client| client.get(url.clone()).header(ACCEPT, accepted())).await?;
        if !answer.status().is_success() {
            return Err(self.refused(what, answer).await.into());
        }
        let found = bytes(answer, MOST).await.map_err(|_| {
            Trouble::Passing(self.unreachable("the connection was cut while it was read back".to_owned()), None)
        })?;
        if found == manifest.bytes {
            return Ok(());
        }
        let found = format!("sha256:{}", xb_core::Sha256(Sha256::digest(&found).into()));
        let registry = self.repository.registry.clone();
        Err(PushError::Unconfirmed { registry, what: what.to_owned(), found }.into())
    }
}
