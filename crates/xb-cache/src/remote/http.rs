//! A server that speaks Bazel's HTTP caching protocol: GET, HEAD and PUT of `/ac/HEX` and `/cas/HEX` beneath a prefix.
//!
//! 404 and 410 are nothing. What may pass (no connection, a cut, a silence, 429, 5xx) is tried again after a pause;
//! nothing else is. A password goes to the host of the address only: reqwest takes it out of the url, and leaves it
//! out where it is led to another host.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, future, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode};
use xb_build::BoxFuture;
use xb_core::Sha256;
use xb_http::{Patience, asked_pause, build, causes, client, is_passing, while_it_moves};

use super::address::Root;
use super::{Address, Lump, MOST_ENTRY, Remote, RemoteError, Result, entry_name, too_long};
use crate::Blob;

/// So many bytes go at once.
const PIECE: usize = 1 << 16;

/// A server that is a remote.
pub(super) struct Http {
    address: Address,
    root: Root,
    client: Client,
    patience: Patience,
}

/// What is asked of a server.
struct Ask {
    method: Method,
    path: String,
    what: String,
    /// What is sent.
    body: Option<Arc<Vec<u8>>>,
    /// So many bytes may come.
    most: u64,
}

impl Ask {
    fn of_entry(method: Method, key: Sha256) -> Self {
        Self { method, path: format!("ac/{key}"), what: entry_name(key), body: None, most: MOST_ENTRY }
    }

    fn of_blob(method: Method, blob: Blob) -> Self {
        Self { method, path: format!("cas/{}", blob.sha256), what: blob.to_string(), body: None, most: blob.size }
    }

    fn with(self, bytes: Vec<u8>) -> Self {
        Self { body: Some(Arc::new(bytes)), ..self }
    }
}

/// What a server has answered with success.
struct Answer {
    /// How long it says that the thing is.
    length: Option<u64>,
    /// What came.
    bytes: Vec<u8>,
}

/// Why something did not go well.
enum Trouble {
    /// It may go well another time, after a pause that the server may have named.
    Passing(RemoteError, Option<Duration>),
    /// It will not.
    Lasting(RemoteError),
}

impl Http {
    pub fn new(address: &Address, root: &Root, patience: &Patience) -> Result<Self> {
        let client = build(client(patience))?;
        Ok(Self { address: address.clone(), root: root.clone(), client, patience: patience.clone() })
    }

    /// Asks until it goes well, or will not; nothing where there is nothing.
    async fn ask(&self, ask: Ask) -> Result<Option<Answer>> {
        let mut tries = 1;
        loop {
            match self.once(&ask).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Passing(_, asked)) if tries < self.patience.tries => {
                    self.patience.pause_after(tries, asked).await;
                    tries += 1;
                }
                Err(Trouble::Passing(error, _)) => return Err(tried(error, tries)),
                Err(Trouble::Lasting(error)) => return Err(error),
            }
        }
    }

    async fn once(&self, ask: &Ask) -> std::result::Result<Option<Answer>, Trouble> {
        let sent = Arc::new(AtomicU64::new(0));
        let url =
            self.root.url.join(&ask.path).map_err(|error| Trouble::Lasting(self.refused(ask, error.to_string())))?;
        let request = self.client.request(ask.method.clone(), url);
        let request = match &self.root.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let request = match &ask.body {
            Some(bytes) => with_body(request, bytes, &sent),
            None => request,
        };
        let answer = while_it_moves(request.send(), &sent, self.patience.silence).await;
        let answer = answer.ok_or_else(|| self.cut(ask, None))?.map_err(|error| self.cut(ask, Some(&error)))?;
        let status = answer.status();
        if is_passing(status) {
            let asked = asked_pause(&answer);
            return Err(Trouble::Passing(self.refusal(ask, status), asked));
        }
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE if ask.body.is_none() => Ok(None),
            status if status.is_success() => self.read(ask, answer).await.map(Some),
            status => Err(Trouble::Lasting(self.refusal(ask, status))),
        }
    }

    /// Reads what was asked for, and not more than there can be of it.
    async fn read(&self, ask: &Ask, mut answer: Response) -> std::result::Result<Answer, Trouble> {
        let length = answer.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut bytes = Vec::new();
        if ask.method != Method::GET {
            return Ok(Answer { length, bytes });
        }
        let too_much = || Trouble::Lasting(self.lied(ask, format!("it is longer than {} bytes", ask.most)));
        if length.is_some_and(|length| length > ask.most) {
            return Err(too_much());
        }
        loop {
            let chunk = match tokio::time::timeout(self.patience.silence, answer.chunk()).await {
                Ok(Ok(chunk)) => chunk,
                Ok(Err(error)) => return Err(self.cut(ask, Some(&error))),
                Err(_) => return Err(self.cut(ask, None)),
            };
            let Some(chunk) = chunk else {
                return Ok(Answer { length, bytes });
            };
            if (bytes.len() + chunk.len()) as u64 > ask.most {
                return Err(too_much());
            }
            bytes.extend_from_slice(&chunk);
        }
    }

    async fn has_blob(&self, blob: Blob) -> Result<bool> {
        let answer = self.ask(Ask::of_blob(Method::HEAD, blob)).await?;
        // A blob of another length is a broken one, which a whole one is to replace; many a server says 0 to HEAD.
        Ok(answer.is_some_and(|answer| [None, Some(0), Some(blob.size)].contains(&answer.length)))
    }

    fn refusal(&self, ask: &Ask, status: StatusCode) -> RemoteError {
        let why = format!("it answers {status}");
        let (remote, what) = (self.address.clone(), ask.what.clone());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RemoteError::Denied { remote, what, why },
            _ => RemoteError::Refused { remote, what, why, passing: is_passing(status) },
        }
    }

    fn refused(&self, ask: &Ask, why: String) -> RemoteError {
        RemoteError::Refused { remote: self.address.clone(), what: ask.what.clone(), why, passing: false }
    }

    fn lied(&self, ask: &Ask, why: String) -> RemoteError {
        RemoteError::Lied { remote: self.address.clone(), what: ask.what.clone(), why }
    }

    /// The trouble of a connection that failed; of a silence, when there is no error.
    fn cut(&self, ask: &Ask, error: Option<&reqwest::Error>) -> Trouble {
        let silence = || format!("nothing has gone or come for {} seconds", self.patience.silence.as_secs_f32());
        let why = error.map_or_else(silence, causes);
        let told = RemoteError::Unreachable { remote: self.address.clone(), what: ask.what.clone(), why };
        let lasts = error.is_some_and(|error| error.is_redirect() || error.is_builder());
        if lasts { Trouble::Lasting(told) } else { Trouble::Passing(told, None) }
    }
}

impl Remote for Http {
    fn address(&self) -> &Address {
        &self.address
    }

    fn parallel(&self) -> usize {
        self.patience.parallel.max(1)
    }

    fn entry(&self, key: Sha256) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let answer = self.ask(Ask::of_entry(Method::GET, key)).await?;
            Ok(answer.map(|answer| answer.bytes))
        })
    }

    fn put_entry(&self, key: Sha256, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let ask = Ask::of_entry(Method::PUT, key);
            if bytes.len() as u64 > MOST_ENTRY {
                return Err(self.refused(&ask, too_long()));
            }
            self.ask(ask.with(bytes)).await.map(|_| ())
        })
    }

    fn blob(&self, blob: Blob) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let Some(Answer { bytes, .. }) = self.ask(Ask::of_blob(Method::GET, blob)).await? else {
                return Ok(None);
            };
            match blob.differs(&bytes) {
                Some(why) => Err(self.lied(&Ask::of_blob(Method::GET, blob), why)),
                None => Ok(Some(bytes)),
            }
        })
    }

    fn lacks<'a>(&'a self, blobs: &'a [Blob]) -> BoxFuture<'a, Result<HashSet<Blob>>> {
        let asked = stream::iter(blobs).map(async |blob| Ok((!self.has_blob(*blob).await?).then_some(*blob)));
        Box::pin(asked.buffer_unordered(self.parallel()).try_filter_map(future::ok).try_collect())
    }

    fn put_blobs(&self, blobs: Vec<Lump>) -> BoxFuture<'_, Result<()>> {
        let put = stream::iter(blobs).map(async |(blob, bytes)| {
            self.ask(Ask::of_blob(Method::PUT, blob).with(bytes)).await?;
            Ok(())
        });
        Box::pin(put.buffer_unordered(self.parallel()).try_collect())
    }
}

/// A request that sends bytes in pieces, which are counted as they go.
fn with_body(request: RequestBuilder, bytes: &Arc<Vec<u8>>, sent: &Arc<AtomicU64>) -> RequestBuilder {
    let (size, bytes, sent) = (bytes.len(), Arc::clone(bytes), Arc::clone(sent));
    let pieces = (0..size).step_by(PIECE).map(move |start| {
        let piece = bytes.get(start..size.min(start + PIECE)).unwrap_or_default().to_vec();
        sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        std::io::Result::Ok(piece)
    });
    let request = request.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, size);
    request.body(Body::wrap_stream(stream::iter(pieces)))
}

/// An error that says how often it was tried.
fn tried(error: RemoteError, tries: u32) -> RemoteError {
    let said = |why: String| format!("{why} (tried {tries} times)");
    match error {
        RemoteError::Unreachable { remote, what, why } => RemoteError::Unreachable { remote, what, why: said(why) },
        RemoteError::Refused { remote, what, why, passing } => {
            RemoteError::Refused { remote, what, why: said(why), passing }
        }
        other => other,
    }
}
