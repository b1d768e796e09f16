//! The HTTP clients: one for everything, and one that goes by apt's proxy.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use reqwest::{Client, ClientBuilder, Proxy, Url, redirect};

use super::Patience;
use crate::Mirrors;

/// Why there can be no HTTP client.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot speak HTTP: {0}")]
pub(super) struct ClientError(String);

/// Made when they are first needed: reading the certificates of the machine takes longer than a build with nothing
/// to do. A proxy that serves apt may serve nothing but archives, so that only requests to their hosts go by it.
pub(super) struct Clients {
    patience: Patience,
    apt_proxy: Option<String>,
    archives: BTreeSet<String>,
    plain: OnceLock<Result<Client, ClientError>>,
    apt: OnceLock<Result<Client, ClientError>>,
}

impl Clients {
    pub(super) fn new(mirrors: &Mirrors, patience: &Patience) -> Self {
        let apt_proxy = mirrors.apt_proxy.clone();
        Self {
            patience: patience.clone(),
            apt_proxy: apt_proxy.filter(|_| !environment_has_proxy()),
            archives: mirrors.roots().iter().filter_map(|root| host(root)).collect(),
            plain: OnceLock::new(),
            apt: OnceLock::new(),
        }
    }

    pub(super) fn of(&self, url: &str) -> Result<&Client, ClientError> {
        let archive = || host(url).is_some_and(|host| self.archives.contains(&host));
        let client = match &self.apt_proxy {
            Some(proxy) if url.starts_with("http://") && archive() => {
                self.apt.get_or_init(|| build(builder(&self.patience).proxy(through(proxy)?)))
            }
            _ => self.plain.get_or_init(|| build(builder(&self.patience))),
        };
        client.as_ref().map_err(Clone::clone)
    }
}

fn through(proxy: &str) -> Result<Proxy, ClientError> {
    Proxy::http(proxy).map_err(|error| wrong(&error))
}

fn builder(patience: &Patience) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("xb/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .read_timeout(patience.silence)
        .pool_max_idle_per_host(patience.parallel)
        .redirect(redirect::Policy::custom(follow))
}

fn build(builder: ClientBuilder) -> Result<Client, ClientError> {
    // Fails only when somebody was here before, with a provider that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.build().map_err(|error| wrong(&error))
}

fn wrong(error: &reqwest::Error) -> ClientError {
    let mut text = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        text = format!("{text}: {cause}");
    }
    ClientError(text)
}

/// What was asked for over TLS must not come without it.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
    if secure && attempt.url().scheme() != "https" {
        attempt.error("it redirects from https to http")
    } else if attempt.previous().len() > 10 {
        attempt.error("it redirects more than ten times")
    } else {
        attempt.follow()
    }
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn environment_has_proxy() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
