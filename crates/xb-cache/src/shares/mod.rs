//! Results by what they were made of: what signers say of them, and the packs in which they lie.
//!
//! - [`Shares`] is the [`SharedCache`] of a build.
//! - [`Trust`] says whose word counts.

mod entry;
mod publish;
mod statement;
mod trouble;
mod trust;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;
use xb_build::{BoxFuture, Brought, Event, Events, Made, Offer, SharedCache, SharedKey, Wanted};
use xb_core::Digest;
use xb_graph::{ActionResult, Run};
use xb_sign::StatementKey;

use crate::{Blob, Limits, PackError, Packs};
pub(crate) use entry::blobs as entry_blobs;
use statement::{Doubt, Statement};
use trouble::Trouble;
use trust::Votes;
pub use trust::{Trust, TrustedKey};

/// How many results are looked up at one time.
const LOOKUPS: usize = 64;

/// How many results are sent at one time: what is built next has to wait for the processors that compress.
const SENDERS: usize = 2;

/// An entry is a few thousand bytes: who gives none in this time gives none.
const ENTRY_TIME: Duration = Duration::from_secs(20);

/// How large a result may be.
const LIMITS: Limits = Limits { raw_bytes: 64 << 30, directories: 4 << 20 };

/// A cache that a team has.
pub struct Place {
    name: String,
    packs: Packs,
    writes: bool,
    trouble: Trouble,
}

impl Place {
    /// A cache by its name, and whether what is built goes there.
    pub fn new(name: impl Into<String>, packs: Packs, writes: bool) -> Self {
        Self { name: name.into(), packs, writes, trouble: Trouble::default() }
    }

    fn is_up(&self) -> bool {
        !self.trouble.is_down()
    }
}

/// Results that are shared by way of caches. All that goes wrong with these is told as it happens, and once.
pub struct Shares {
    places: Vec<Place>,
    trust: Trust,
    /// Who signs what goes to the caches.
    signer: Option<StatementKey>,
    events: Arc<dyn Events>,
    senders: Semaphore,
    /// Where what was offered lies: places, and the indexes of the packs.
    found: Mutex<HashMap<SharedKey, Vec<(usize, Blob)>>>,
}

impl Shares {
    /// Shares by way of these caches, the preferred one first.
    pub fn new(places: Vec<Place>, trust: Trust, signer: Option<StatementKey>, events: Arc<dyn Events>) -> Self {
        Self { places, trust, signer, events, senders: Semaphore::new(SENDERS), found: Mutex::default() }
    }

    /// Looks for one result everywhere at once, until enough signers say the same.
    async fn look(&self, wanted: &Wanted<'_>) -> Option<Offer> {
        let keys = self.trust.keys.iter().enumerate().filter(|(_, key)| key.counts_for(wanted.run));
        let keys: Vec<_> = keys.collect();
        let places = self.places.iter().enumerate().filter(|(_, place)| place.is_up());
        let asked = places.flat_map(|(place, _)| {
            let ask = move |(key, trusted)| async move { (place, key, self.ask(place, trusted, wanted.key).await) };
            keys.clone().into_iter().map(ask)
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut votes = Votes::default();
        while let Some((place, key, statement)) = asked.next().await {
            let Some(statement) = statement else { continue };
            votes.add(key, place, statement);
            if let Some(vote) = votes.won(self.trust.agree) {
                self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.key, vote.packs.clone());
                let vouched = vote.keys.iter().filter_map(|key| Some(self.trust.keys.get(*key)?.key.to_string()));
                let result = ActionResult { vouched: vouched.collect(), ..vote.statement.result().clone() };
                let action = vote.statement.action();
                let place = vote.packs.first().and_then(|(place, _)| self.places.get(*place));
                let from = place.map(|place| place.name.clone()).unwrap_or_default();
                return Some(Offer { key: wanted.key, action, result, from });
            }
        }
        self.tell_disagreement(wanted, &votes);
        None
    }

    /// What a key says of a result at a place, if it is to be believed.
    async fn ask(&self, place: usize, trusted: &TrustedKey, about: SharedKey) -> Option<Statement> {
        let place = self.places.get(place)?;
        let key = match entry::key(about, &trusted.key) {
            Ok(key) => key,
            Err(error) => {
                place.trouble.tell(&*self.events, format!("the key `{}` is of no use: {error}", trusted.name));
                return None;
            }
        };
        let bytes = match tokio::time::timeout(ENTRY_TIME, place.packs.remote.entry(key)).await {
            Ok(Ok(bytes)) => bytes?,
            Ok(Err(error)) => {
                place.trouble.of_remote(&*self.events, &place.name, &error);
                return None;
            }
            Err(_) => {
                let why = format!("it gave no answer within {} s", ENTRY_TIME.as_secs());
                place.trouble.leave_alone(&*self.events, &place.name, &why);
                return None;
            }
        };
        let envelope = entry::read(&bytes).ok_or_else(|| Doubt::Foul("it is no result of Bazel's protocol".to_owned()));
        let statement = envelope.and_then(|envelope| Statement::open(&envelope, &trusted.key, about));
        match statement {
            Ok(statement) => Some(statement).filter(|statement| trusted.counts_by(statement.method())),
            Err(Doubt::Foul(why)) => {
                let why = format!("what it has under the key {key} is no word of `{}`: {why}", trusted.name);
                place.trouble.leave_alone(&*self.events, &place.name, &why);
                None
            }
            Err(Doubt::Strange(why)) => {
                place.trouble.tell(&*self.events, format!("a word of `{}` is not used: {why}", trusted.name));
                None
            }
        }
    }

    fn tell_disagreement(&self, wanted: &Wanted<'_>, votes: &Votes) {
        let names = votes.disagreement().into_iter().filter_map(|key| self.trust.keys.get(key));
        let names: Vec<_> = names.map(|key| format!("`{}`", key.name)).collect();
        if !names.is_empty() {
            let message = format!("{} say different things of {}", names.join(" and "), wanted.run.title());
            self.events.event(Event::Warned { message });
        }
    }

    /// Brings a pack from where it was found, and otherwise from wherever it is: its index is known by its own bytes.
    async fn pull(&self, offer: &Offer) -> Brought {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&offer.key).cloned();
        let found = found.unwrap_or_default();
        let elsewhere = found.first().into_iter().flat_map(|(_, index)| (0..self.places.len()).map(|at| (at, *index)));
        let elsewhere: Vec<_> = elsewhere.filter(|pack| !found.contains(pack)).collect();
        let trees: Vec<_> = offer.result.outputs.values().copied().collect();
        let beside: Vec<_> = offer.result.log.into_iter().collect();
        for (place, index) in found.into_iter().chain(elsewhere) {
            let Some(place) = self.places.get(place).filter(|place| place.is_up()) else {
                continue;
            };
            match place.packs.pull(index, &trees, &beside, LIMITS).await {
                Ok(_) => return Brought::Here,
                Err(PackError::Store(error)) => {
                    place.trouble.tell(&*self.events, format!("what is shared cannot be stored: {error}"));
                    return Brought::Gone;
                }
                Err(error) => place.trouble.of_pack(&*self.events, &place.name, &error),
            }
        }
        Brought::Gone
    }
}

impl SharedCache for Shares {
    fn offers<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Vec<Option<Offer>>> {
        Box::pin(stream::iter(wanted).map(|wanted| self.look(wanted)).buffered(LOOKUPS).collect())
    }

    fn bring<'a>(&'a self, offer: &'a Offer) -> BoxFuture<'a, Brought> {
        Box::pin(self.pull(offer))
    }

    fn believes(&self, run: &Run, vouched: &[String]) -> bool {
        self.trust.believes(run, vouched)
    }

    fn scope(&self) -> Digest {
        self.trust.scope()
    }

    fn publish<'a>(&'a self, made: &'a Made) -> BoxFuture<'a, ()> {
        Box::pin(self.send(made))
    }
}
