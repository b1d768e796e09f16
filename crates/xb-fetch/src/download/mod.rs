//! Downloads: from a list of urls to bytes that are what they should be.
//!
//! Each url is tried in turn. What may pass (no connection, a cut, 429, 5xx) is tried again after a pause, going on
//! where it was cut; what will not pass (404, a wrong digest) leads to the next url. Size and SHA-256 are taken
//! while the bytes come in, and nothing but [`Fetched`] leaves: it exists only once they are right. Bytes go to a
//! file without a name, so that nothing half-written can remain, however this ends.

mod client;
mod partial;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use tokio::sync::Semaphore;
use xb_build::{Event, Events};
use xb_core::Sha256;
use xb_http::{Patience, asked_pause, causes, is_passing};

use crate::mirror::shown;
use client::Clients;
use partial::Partial;

/// How patient one is with a server that has files.
pub fn patience() -> Patience {
    Patience {
        parallel: 8,
        tries: 4,
        pause: Duration::from_millis(300),
        connect: Duration::from_secs(15),
        silence: Duration::from_secs(30),
    }
}

/// What is to be downloaded.
#[derive(Clone, Debug, Default)]
pub struct Download {
    /// How it is called to a person.
    pub name: String,
    /// Where it may be found, in the order in which it is tried.
    pub urls: Vec<String>,
    /// What it must hash to, when that is known.
    pub sha256: Option<Sha256>,
    /// How many bytes it must have, when that is known.
    pub size: Option<u64>,
    /// How many bytes it may have at most, where that is not known.
    pub at_most: Option<u64>,
    /// Whether a url is tried only where all before it answer that they have no such file, as those of one may not be
    /// taken for those of another; else each is tried.
    pub in_turn: bool,
    /// Which forms are understood, where a server has several: the value of `Accept`.
    pub accept: Option<&'static str>,
}

impl Download {
    /// Why so many bytes are too many, if they are.
    fn too_many(&self, bytes: u64) -> Option<String> {
        match (self.size, self.at_most) {
            (Some(size), _) if bytes > size => {
                Some(format!("it sends more bytes than there should be, which is {size}"))
            }
            (None, Some(most)) if bytes > most => Some(format!("it sends more bytes than the {most} that are allowed")),
            _ => None,
        }
    }
}

/// Bytes that are what they should be.
#[derive(Debug)]
pub struct Fetched {
    /// They are in this file, which has no name; it stands at its beginning.
    pub file: File,
    /// What they hash to.
    pub sha256: Sha256,
    /// How many there are.
    pub size: u64,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// No url led to the right bytes.
    #[error("cannot fetch `{name}`:{}", listed(.name, .attempts))]
    Failed {
        /// What was to be downloaded.
        name: String,
        /// What is at fault.
        fault: Fault,
        /// Each url that was tried, and what came of it.
        attempts: Vec<(String, String)>,
    },
    /// Bytes cannot be kept on the disk.
    #[error("cannot keep `{name}` while it comes in: {source}")]
    Disk {
        /// What was to be downloaded.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What is at fault when no url leads to the right bytes; of several, the last in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No server can be reached or answers as it should.
    Network,
    /// A server answers that it has no such file.
    Path,
    /// A server sends other bytes than there should be.
    Bytes,
}

/// The scheme and the host of a url.
fn place(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    &url[..end]
}

/// What came of each attempt; a url that is the name itself is not said again.
fn listed(name: &str, attempts: &[(String, String)]) -> String {
    if let [(url, why)] = attempts
        && shown(url) == name
    {
        return format!(" {why}");
    }
    let line = |(url, why): &(String, String)| format!("\n  {}: {why}", shown(url));
    attempts.iter().map(line).collect()
}

/// Downloads, several at a time.
#[derive(Clone)]
pub struct Downloader {
    clients: Arc<Clients>,
    slots: Arc<Semaphore>,
    patience: Patience,
    scratch: PathBuf,
    events: Arc<dyn Events>,
    unreachable: Arc<Mutex<BTreeSet<String>>>,
}

/// How one request ended that did not end well.
enum Trouble {
    /// It may go well another time.
    Passing(String, Option<Duration>),
    /// It will not go well at this url.
    Lasting(Fault, String),
    /// The disk of this machine is at fault.
    Disk(std::io::Error),
}

impl Downloader {
    /// A downloader that keeps bytes in `scratch` while they come in. Plain http to the hosts of `mirrors` goes by
    /// apt's proxy, where the environment names none.
    pub fn new(
        mirrors: &crate::Mirrors,
        patience: Patience,
        scratch: impl Into<PathBuf>,
        events: Arc<dyn Events>,
    ) -> Self {
        Self {
            clients: Arc::new(Clients::new(mirrors, &patience)),
            slots: Arc::new(Semaphore::new(patience.parallel.max(1))),
            patience,
            scratch: scratch.into(),
            events,
            unreachable: Arc::default(),
        }
    }

    /// Downloads.
    ///
    /// # Errors
    /// When no url leads to the right bytes.
    pub async fn fetch(&self, wanted: &Download) -> Result<Fetched, DownloadError> {
        let _slot = self.slots.acquire().await;
        let disk = |source| DownloadError::Disk { name: wanted.name.clone(), source };
        let mut partial = Partial::new(&self.scratch).map_err(disk)?;
        let mut attempts = Vec::new();
        let urls = if wanted.in_turn { wanted.urls.iter().collect() } else { self.reachable_first(&wanted.urls) };
        for url in urls {
            match self.try_url(url, wanted, &mut partial).await {
                Ok(()) => {
                    self.tell_whole(wanted, partial.len());
                    return partial.finish().map_err(disk);
                }
                Err(Trouble::Disk(source)) => return Err(disk(source)),
                Err(Trouble::Passing(why, _)) => attempts.push((Fault::Network, url.clone(), why)),
                Err(Trouble::Lasting(fault, why)) => attempts.push((fault, url.clone(), why)),
            }
            if wanted.in_turn && attempts.last().is_some_and(|(fault, ..)| *fault != Fault::Path) {
                break;
            }
        }
        Err(failed(wanted, attempts))
    }

    /// Whether a server answers at all, whatever it answers; otherwise why it does not.
    pub async fn reach(&self, url: &str) -> Result<(), String> {
        let client = self.clients.of(url).map_err(|error| error.to_string())?;
        match client.head(url).send().await {
            Ok(answer) if answer.status().is_server_error() => Err(format!("it answers {}", answer.status())),
            Ok(_) => Ok(()),
            Err(error) => Err(causes(&error)),
        }
    }

    /// A mirror that could not be reached is not waited for again while there are others.
    fn reachable_first<'u>(&self, urls: &'u [String]) -> Vec<&'u String> {
        let unreachable = self.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
        let mut urls: Vec<&String> = urls.iter().collect();
        urls.sort_by_key(|url| unreachable.contains(place(url)));
        urls
    }

    fn is_unreachable(&self, url: &str) {
        let mut unreachable = self.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
        unreachable.insert(place(url).to_owned());
    }

    async fn try_url(&self, url: &str, wanted: &Download, partial: &mut Partial) -> Result<(), Trouble> {
        partial.new_place(wanted.sha256.is_some()).map_err(Trouble::Disk)?;
        let mut tries = 0;
        loop {
            let before = partial.received();
            let pieced = partial.len() > 0;
            let trouble = match self.request(url, wanted, partial).await {
                Ok(()) => match check(wanted, partial) {
                    Ok(()) => return Ok(()),
                    Err(why) => {
                        partial.clear().map_err(Trouble::Disk)?;
                        wrong_bytes(why, pieced)
                    }
                },
                Err(trouble) => trouble,
            };
            tries = if partial.received() > before { 1 } else { tries + 1 };
            match trouble {
                Trouble::Passing(_, asked) if tries < self.patience.tries && partial.may_go_on() => {
                    self.patience.pause_after(tries, asked).await;
                }
                trouble => return Err(trouble),
            }
        }
    }

    async fn request(&self, url: &str, wanted: &Download, partial: &mut Partial) -> Result<(), Trouble> {
        let client = self.clients.of(url).map_err(|error| Trouble::Lasting(Fault::Network, error.to_string()))?;
        let mut request = client.get(url);
        if let Some(accept) = wanted.accept {
            request = request.header(ACCEPT, accept);
        }
        if partial.len() > 0 {
            request = request.header(RANGE, format!("bytes={}-", partial.len()));
            if let Some(validator) = partial.validator() {
                request = request.header(IF_RANGE, validator);
            }
        }
        let response = request.send().await.map_err(|error| {
            if error.is_connect() {
                self.is_unreachable(url);
            }
            passing(&error)
        })?;
        self.receive(response, wanted, partial).await
    }

    async fn receive(
        &self,
        mut response: reqwest::Response,
        wanted: &Download,
        partial: &mut Partial,
    ) -> Result<(), Trouble> {
        judge(&response, partial)?;
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        partial.set_validator(header(ETAG).filter(|tag| !tag.starts_with("W/")).or_else(|| header(LAST_MODIFIED)));
        let total = response.content_length().map(|rest| partial.len().saturating_add(rest)).or(wanted.size);
        refuse_flood(wanted, total.unwrap_or_default(), partial)?;
        loop {
            let chunk = response.chunk().await.map_err(|error| passing(&error))?;
            let Some(chunk) = chunk else { break };
            refuse_flood(wanted, partial.len() + chunk.len() as u64, partial)?;
            partial.write(&chunk).map_err(Trouble::Disk)?;
            self.tell(wanted, partial, total);
        }
        match total {
            Some(total) if partial.len() < total => {
                Err(Trouble::Passing(format!("the connection was cut after {} of {total} bytes", partial.len()), None))
            }
            _ => Ok(()),
        }
    }

    /// Tells that there are no more bytes, also where nothing said how many would come.
    fn tell_whole(&self, wanted: &Download, bytes: u64) {
        self.events.event(Event::Downloaded { name: wanted.name.clone(), bytes, total: Some(bytes) });
    }

    fn tell(&self, wanted: &Download, partial: &mut Partial, total: Option<u64>) {
        if partial.is_news(total) {
            self.events.event(Event::Downloaded { name: wanted.name.clone(), bytes: partial.len(), total });
        }
    }
}

/// What came of all attempts. Where a server has other bytes, that others do not have the file does not matter.
fn failed(wanted: &Download, attempts: Vec<(Fault, String, String)>) -> DownloadError {
    let mut faults = attempts.iter().map(|(fault, ..)| *fault);
    let fault = if wanted.in_turn { faults.next_back() } else { faults.max() };
    let fault = fault.unwrap_or(Fault::Network);
    let attempts = attempts.into_iter().filter(|(this, ..)| fault != Fault::Bytes || *this == fault);
    let attempts = attempts.map(|(_, url, why)| (url, why)).collect();
    DownloadError::Failed { name: wanted.name.clone(), fault, attempts }
}

/// Gives up before a byte too many is kept, when so many come or are promised.
fn refuse_flood(wanted: &Download, bytes: u64, partial: &mut Partial) -> Result<(), Trouble> {
    let Some(why) = wanted.too_many(bytes) else {
        return Ok(());
    };
    partial.clear().map_err(Trouble::Disk)?;
    Err(Trouble::Lasting(Fault::Bytes, why))
}

/// Bytes put together from several answers may be of several versions, so that they are worth another try.
fn wrong_bytes(why: String, pieced: bool) -> Trouble {
    match pieced {
        true => Trouble::Passing(why, None),
        false => Trouble::Lasting(Fault::Bytes, why),
    }
}

fn check(wanted: &Download, partial: &Partial) -> Result<(), String> {
    if let Some(size) = wanted.size.filter(|size| *size != partial.len()) {
        return Err(format!("it sends {} bytes where there should be {size}", partial.len()));
    }
    let found = partial.sha256();
    match wanted.sha256 {
        Some(right) if right != found => {
            Err(format!("it sends other bytes: SHA-256 {found} where there should be {right}"))
        }
        _ => Ok(()),
    }
}

/// Whether the body of this answer is what was asked for; makes `partial` stand where the body begins.
fn judge(response: &reqwest::Response, partial: &mut Partial) -> Result<(), Trouble> {
    let status = response.status();
    match status {
        StatusCode::PARTIAL_CONTENT if partial.len() > 0 && begins_at(response, partial.len()) => Ok(()),
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            partial.clear().map_err(Trouble::Disk)?;
            Err(Trouble::Passing("it answers with another part than was asked for".to_owned(), None))
        }
        StatusCode::OK => partial.clear().map_err(Trouble::Disk),
        _ if is_passing(status) => Err(Trouble::Passing(format!("it answers {status}"), asked_pause(response))),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Trouble::Lasting(Fault::Path, format!("it answers {status}"))),
        _ => Err(Trouble::Lasting(Fault::Network, format!("it answers {status}"))),
    }
}

fn begins_at(response: &reqwest::Response, start: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
    from == Some(start)
}

fn passing(error: &reqwest::Error) -> Trouble {
    let text = causes(error);
    if error.is_redirect() {
        return Trouble::Lasting(Fault::Network, text);
    }
    Trouble::Passing(text, None)
}
