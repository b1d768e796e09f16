//! Blobs: looked for, mounted from beside, or sent.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{Stream, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Client, Response, StatusCode, Url};
use tokio::io::AsyncReadExt;
use xb_http::while_it_moves;

use super::Remote;
use super::retry::Trouble;
use crate::error::PushError;
use crate::layout::{Blob, LayoutError};
use crate::push::Watch;

/// How a blob came to be in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was there.
    Present,
    /// It was in another repository of the registry.
    Mounted,
    /// It was sent.
    Uploaded,
}

/// A blob, where its bytes are, and who watches them go.
pub(crate) struct Source<'a> {
    pub blob: Blob,
    pub path: PathBuf,
    pub watch: &'a Arc<dyn Watch>,
}

impl Remote {
    /// Sees to it that the repository has a blob.
    pub async fn blob(&self, source: &Source<'_>) -> Result<Came, PushError> {
        let what = format!("the blob sha256:{}", source.blob.digest);
        self.retrying(&what, async || {
            if self.has_blob(source.blob).await? {
                return Ok(Came::Present);
            }
            match self.begin(&what, source.blob).await? {
                None => Ok(Came::Mounted),
                Some(place) => self.upload(&what, source, place).await,
            }
        })
        .await
    }

    async fn has_blob(&self, blob: Blob) -> Result<bool, Trouble> {
        let url = self.url(&format!("blobs/sha256:{}", blob.digest))?;
        let answer = self.send(&|client| client.head(url.clone())).await?;
        match answer.status() {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused("a look for a blob", answer).await.into()),
        }
    }

    /// Where a blob can be sent to; nowhere, when the repository has it already by a mount.
    async fn begin(&self, what: &str, blob: Blob) -> Result<Option<Url>, Trouble> {
        let mut url = self.url("blobs/uploads/")?;
        if let Some(beside) = &self.beside {
            url.query_pairs_mut().append_pair("mount", &format!("sha256:{}", blob.digest)).append_pair("from", beside);
        }
        let answer = self.send(&|client| client.post(url.clone()).header(CONTENT_LENGTH, 0)).await?;
        match answer.status() {
            StatusCode::CREATED if self.beside.is_some() => {
                self.confirmed(what, blob.digest, &answer)?;
                Ok(None)
            }
            StatusCode::ACCEPTED => self.place(what, &url, &answer).map(Some).map_err(Trouble::Lasting),
            _ => Err(self.refused(what, answer).await.into()),
        }
    }

    /// Where an answer says that something is to be sent to.
    fn place(&self, what: &str, asked: &Url, answer: &Response) -> Result<Url, PushError> {
        let refused = |reason: &str| PushError::Refused {
            registry: self.repository.registry.clone(),
            what: what.to_owned(),
            reason: reason.to_owned(),
            passing: false,
        };
        let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let place = text.and_then(|text| asked.join(text).ok()).filter(|url| url.has_host());
        let place = place.ok_or_else(|| refused("it does not tell where to send it"))?;
        match (self.root.scheme(), place.scheme()) {
            ("https", "https") | ("http", "http" | "https") => Ok(place),
            _ => Err(refused("it asks for it over a connection without TLS")),
        }
    }

    async fn upload(&self, what: &str, source: &Source<'_>, mut place: Url) -> Result<Came, Trouble> {
        let Source { blob, path, watch } = source;
        place.query_pairs_mut().append_pair("digest", &format!("sha256:{}", blob.digest));
        let sent = Arc::new(AtomicU64::new(0));
        let make = |client: &Client| {
            let told = sent.swap(0, Ordering::Relaxed);
            watch.taken_back(told);
            let file = File::open(path).map_err(|error| LayoutError::Io { path: path.clone(), error })?;
            let body = Body::wrap_stream(pieces(file, blob.size, Arc::clone(&sent), Arc::clone(watch)));
            let request = client.put(place.clone()).header(CONTENT_TYPE, "application/octet-stream");
            Ok(request.header(CONTENT_LENGTH, blob.size).body(body))
        };
        let moving = async |sending| {
            let answer = while_it_moves(sending, &sent, self.patience.silence).await;
            answer.map_or(Err(None), |answer: reqwest::Result<_>| answer.map_err(Some))
        };
        let answer = self.speak(&make, moving).await;
        let lost = || watch.taken_back(sent.swap(0, Ordering::Relaxed));
        let answer = answer.inspect_err(|_| lost())?;
        match answer.status() {
            status if status.is_success() => {
                self.confirmed(what, blob.digest, &answer)?;
                Ok(Came::Uploaded)
            }
            // The registry has forgotten where it was to be sent to.
            StatusCode::NOT_FOUND => {
                lost();
                Err(Trouble::Passing(self.refused(what, answer).await, None))
            }
            _ => {
                lost();
                Err(self.refused(what, answer).await.into())
            }
        }
    }
}

/// The bytes of a file, in pieces, counted as they go.
fn pieces(
    file: File,
    size: u64,
    sent: Arc<AtomicU64>,
    watch: Arc<dyn Watch>,
) -> impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    let file = tokio::fs::File::from_std(file).take(size);
    stream::try_unfold((file, sent, watch), async |(mut file, sent, watch)| {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        sent.fetch_add(read as u64, Ordering::Relaxed);
        watch.sent(read as u64);
        Ok((read > 0).then_some((piece, (file, sent, watch))))
    })
}

/// So many bytes go at once.
const PIECE: usize = 1 << 16;
