//! The shared caches of a project, as a build wants them: where they are, whose word counts, and who signs.

mod accepted;

use std::sync::Arc;

use xb_build::{Event, Events};
use xb_cache::{Address, AddressError, Packs, Place, Shares, Trust, TrustedKey};
use xb_core::Digest;
use xb_sign::StatementKey;
use xb_store::{Contents, Memory};

pub use accepted::{accept, is_accepted};

use crate::failure::Failure;
use crate::own_key::own_key;
use crate::project::{CacheConfig, CacheUrl, Config, Project};

/// What one's own key is called.
pub const OWN: &str = "your own key";

/// What caches are used with.
pub struct With {
    /// The store.
    pub store: Arc<dyn Contents>,
    /// What is remembered of chunks.
    pub memory: Arc<dyn Memory>,
    /// Who is told what goes wrong.
    pub events: Arc<dyn Events>,
    /// Whether no server may be asked.
    pub offline: bool,
}

/// The caches of a project; none where it names none, or none that was accepted.
///
/// Where nobody is trusted, nothing of others is believed: one's own results are shared all the same. Without a key of
/// one's own nothing is sent: most who build only take.
///
/// # Errors
/// When a cache cannot be used at all, or one's own key cannot be read.
pub fn shares(project: &Project, with: &With) -> Result<Option<Shares>, Failure> {
    let config = &project.config;
    if config.caches.is_empty() {
        return Ok(None);
    }
    if !is_accepted(project)? {
        let message = "`xb.toml` names caches that you have not accepted, and nothing is shared: `xb cache accept` \
                       shows and accepts them";
        with.events.event(Event::Warned { message: message.to_owned() });
        return Ok(None);
    }
    let signer = own_key()?;
    let trust = trust(config, signer.as_ref())?;
    let usable = config.caches.iter().filter(|cache| !with.offline || matches!(cache.url, CacheUrl::Folder(_)));
    let places = usable.map(|cache| place(cache, with)).collect::<Result<_, _>>()?;
    Ok(Some(Shares::new(places, trust, signer, Arc::clone(&with.events))))
}

/// What tells whose word counts from whose word did; nothing where nobody's does.
///
/// # Errors
/// When what was accepted, or one's own key, cannot be read.
pub fn in_force(project: &Project) -> Result<Option<Digest>, Failure> {
    if project.config.caches.is_empty() || !is_accepted(project)? {
        return Ok(None);
    }
    Ok(Some(trust(&project.config, own_key()?.as_ref())?.scope()))
}

fn place(cache: &CacheConfig, with: &With) -> Result<Place, Failure> {
    let address = address(cache).map_err(|error| wrong(cache, &error))?;
    let remote = xb_cache::open(&address, &xb_cache::patience()).map_err(|error| wrong(cache, &error))?;
    let (store, memory) = (Arc::clone(&with.store), Arc::clone(&with.memory));
    let packs = Packs { remote, store, memory };
    Ok(Place::new(&cache.name, packs, cache.push))
}

/// Where a cache is.
///
/// # Errors
/// When what is written there is no address of a cache, without a password that may be in it.
pub fn address(cache: &CacheConfig) -> Result<Address, String> {
    match &cache.url {
        CacheUrl::Server(url) => {
            let address: Address = url.parse().map_err(|error: AddressError| error.to_string())?;
            Ok(match std::env::var(token_variable(&cache.name)) {
                Ok(token) if !token.is_empty() => address.with_token(token),
                _ => address,
            })
        }
        CacheUrl::Folder(folder) => Ok(Address::from(folder.clone())),
    }
}

/// The variable in which the token for a cache is: `XB_CACHE_TOKEN_TEAM` for `[cache.team]`.
fn token_variable(name: &str) -> String {
    let letters = name.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign.to_ascii_uppercase() } else { '_' });
    format!("XB_CACHE_TOKEN_{}", letters.collect::<String>())
}

fn wrong(cache: &CacheConfig, error: &dyn std::fmt::Display) -> Failure {
    Failure::user(format!("[cache.{}] cannot be used: {error}", cache.name))
}

/// Whose word counts: the keys that `xb.toml` names, and one's own.
fn trust(config: &Config, signer: Option<&StatementKey>) -> Result<Trust, Failure> {
    let named = config.trust.keys.iter().map(|key| {
        let trusted = TrustedKey::of(&key.name, key.key).only_for(&key.packages);
        let trusted = trusted.map_err(|error| Failure::user(format!("[trust.keys.{}]: {error}", key.name)))?;
        Ok(trusted.only(&key.arches, &key.methods))
    });
    let mut keys = named.collect::<Result<Vec<_>, Failure>>()?;
    if let Some(own) = signer.map(StatementKey::public)
        && keys.iter().all(|trusted| trusted.key != own)
    {
        keys.push(TrustedKey::of(OWN, own));
    }
    Ok(Trust { agree: config.trust.agree as usize, keys })
}
