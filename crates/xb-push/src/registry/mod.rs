//! A repository of a registry, spoken to by the distribution protocol.
//!
//! What may pass (no connection, a cut, a silence, 429, 5xx) is tried again after a pause; nothing else is.

mod answer;
mod blob;
mod challenge;
mod login;
mod manifest;
mod retry;
mod send;

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Url};
use tokio::sync::Mutex;
use xb_http::{Patience, build, client, nowhere_else};

use crate::credentials::Credential;
use crate::destination::Repository;
use crate::error::PushError;
pub(crate) use blob::{Came, Source};

/// How patient one is with a registry, which may take long over a layer.
pub fn patience() -> Patience {
    Patience {
        parallel: 4,
        tries: 5,
        pause: Duration::from_millis(500),
        connect: Duration::from_secs(15),
        silence: Duration::from_secs(120),
    }
}

/// A repository that is pushed to.
pub(crate) struct Remote {
    client: Client,
    /// By which tokens are asked for: such a request may have a secret in its body, which is sent again where it is
    /// redirected.
    tokens: Client,
    repository: Repository,
    root: Url,
    credential: Option<Credential>,
    /// Another repository of the registry, which has what was pushed there.
    beside: Option<String>,
    /// What is said of oneself with each request.
    authorization: Mutex<Option<HeaderValue>>,
    patience: Patience,
}

impl Remote {
    /// A repository, which nobody has spoken to yet.
    pub fn new(
        repository: &Repository,
        credential: Option<Credential>,
        plain: bool,
        beside: Option<String>,
        patience: &Patience,
    ) -> Result<Self, PushError> {
        let scheme = if plain || repository.is_local() { "http" } else { "https" };
        let root = Url::parse(&format!("{scheme}://{}/v2/", repository.host()))
            .map_err(|error| PushError::Url(repository.to_string(), error.to_string()))?;
        let authorization = Mutex::new(None);
        let client = build(client(patience))?;
        let tokens = build(xb_http::client(patience).redirect(nowhere_else("a request for a token")))?;
        let patience = patience.clone();
        Ok(Self { client, tokens, repository: repository.clone(), root, credential, beside, authorization, patience })
    }

    /// Logs in, when the registry asks for it.
    pub async fn greet(&self) -> Result<(), PushError> {
        let what = "pushes at `/v2/`";
        let ask = async || self.send(&|client| client.get(self.root.clone())).await;
        let answer = self.retrying(what, ask).await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            _ => Err(self.refused(what, answer).await),
        }
    }

    /// The url of something of the repository.
    fn url(&self, rest: &str) -> Result<Url, PushError> {
        let path = format!("{}/{rest}", self.repository.name);
        self.root.join(&path).map_err(|error| PushError::Url(path, error.to_string()))
    }

    fn unreachable(&self, reason: String) -> PushError {
        PushError::Unreachable { registry: self.repository.registry.clone(), reason }
    }
}
