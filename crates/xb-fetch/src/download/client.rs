//! The HTTP clients: one for everything, and one that goes by apt's proxy.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use reqwest::{Client, ClientBuilder, Proxy, Url};
use xb_http::{ClientError, Patience, build};

use crate::Mirrors;

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
    Proxy::http(proxy).map_err(|error| ClientError::of(&error))
}

fn builder(patience: &Patience) -> ClientBuilder {
    xb_http::client(patience).read_timeout(patience.silence).pool_max_idle_per_host(patience.parallel)
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn environment_has_proxy() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
