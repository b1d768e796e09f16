//! What every way of fetching works with.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use xb_core::{Arch, ContentId, Sha256};
use xb_debian::Keyring;

use crate::archive::Limits;
use crate::debian::Packages;
use crate::download::{Download, Downloader, Fetched};
use crate::error::FetchError;
use crate::lock::LockFile;
use crate::storage::{only_content, single_file};
use crate::{Mirrors, Storage};

/// Contents that were fetched, by their SHA-256.
const FETCHED: &str = "fetched-v1";

pub(crate) struct Context {
    pub(crate) project: PathBuf,
    pub(crate) host: Arch,
    pub(crate) limits: Limits,
    pub(crate) scratch: PathBuf,
    pub(crate) lock: LockFile,
    pub(crate) mirrors: Mirrors,
    /// Whose indexes are believed.
    pub(crate) keyring: Keyring,
    pub(crate) downloader: Downloader,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) packages: Packages,
    /// When this began: what indexes are compared with that say how long they hold.
    pub(crate) now: SystemTime,
}

impl Context {
    /// Downloads, unless that is forbidden.
    pub(crate) async fn download(&self, wanted: &Download) -> Result<Fetched, FetchError> {
        if self.lock.manners().offline {
            return Err(FetchError::Offline(wanted.name.clone()));
        }
        Ok(self.downloader.fetch(wanted).await?)
    }

    /// Contents that are in the store.
    pub(crate) fn kept(&self, sha256: Sha256) -> Result<Option<ContentId>, FetchError> {
        let tree = self.storage.recall(FETCHED, &sha256.0)?;
        Ok(tree.map(|tree| only_content(&*self.storage, tree)).transpose()?)
    }

    /// Contents of which the digest is known: from the store, or else downloaded and kept.
    pub(crate) async fn contents(self: &Arc<Self>, wanted: &Download) -> Result<ContentId, FetchError> {
        if let Some(sha256) = wanted.sha256
            && let Some(content) = self.kept(sha256)?
        {
            return Ok(content);
        }
        self.bring(wanted).await
    }

    /// Contents that are not in the store.
    pub(crate) async fn bring(self: &Arc<Self>, wanted: &Download) -> Result<ContentId, FetchError> {
        let fetched = self.download(wanted).await?;
        self.keep(fetched).await
    }

    /// Keeps what was fetched.
    pub(crate) async fn keep(self: &Arc<Self>, fetched: Fetched) -> Result<ContentId, FetchError> {
        let context = Arc::clone(self);
        blocking(move || {
            let Fetched { mut file, sha256, .. } = fetched;
            let content = context.storage.add_content(&mut file)?;
            let tree = single_file(&*context.storage, "contents", content, false)?;
            context.storage.remember(FETCHED, &sha256.0, tree)?;
            Ok(content)
        })
        .await
    }

    pub(crate) fn open(&self, content: ContentId) -> Result<File, FetchError> {
        Ok(self.storage.open_content(content)?)
    }
}

/// Runs what would hold up other tasks on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(FetchError::Failed(error.to_string())))
}
