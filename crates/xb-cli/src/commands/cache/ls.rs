//! `xb cache ls`: the caches of a project, and whose results are believed.

use serde::Serialize;
use xb_build::BoxFuture;
use xb_cache::{Address, Patience, Remote};
use xb_core::{Arch, Escaped, Sha256};
use xb_graph::Method;
use xb_sign::StatementKey;

use super::trusted;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::own_key::own_key;
use crate::project::{CacheConfig, CacheUrl, Config, Project};
use crate::session::runtime;
use crate::sharing::{OWN, address, is_accepted};

/// A key that no result has.
const NOBODY: Sha256 = Sha256([0; 32]);

/// What `--json` prints.
#[derive(Serialize)]
struct Listed {
    /// Whether what `xb.toml` says of caches and keys was accepted as it is.
    accepted: bool,
    caches: Vec<Cache>,
    /// How many of the keys must say the same.
    agree: u32,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Cache {
    name: String,
    /// Where it is, without a password.
    place: String,
    /// Whether `xb.toml` says that what is built goes there.
    push: bool,
    /// Whether what is built here goes there: that needs a key of one's own.
    takes: bool,
    /// Whether it does; nothing where it was not asked, since nobody has accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<bool>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize)]
struct Key {
    name: String,
    key: String,
    /// Whether it is one's own.
    own: bool,
    packages: Vec<String>,
    arches: Vec<Arch>,
    methods: Vec<Method>,
}

/// Tells of the caches and keys of the project.
///
/// # Errors
/// When the project, or one's own key, cannot be read. A cache that does not answer is none.
pub fn ls(here: &Invocation, json: bool) -> Result<(), Failure> {
    let project = Project::of(&here.folder)?;
    let config = &project.config;
    let own = own_key()?;
    let accepted = is_accepted(&project)?;
    let listed = Listed {
        accepted,
        caches: caches(config, accepted, own.is_some())?,
        agree: config.trust.agree,
        keys: keys(config, own.as_ref()),
    };
    if json {
        return print_json(&listed);
    }
    listed.caches.iter().try_for_each(|cache| print_line(cache.text()))?;
    listed.keys.iter().try_for_each(|key| print_line(key.text()))?;
    if listed.agree > 1 {
        print_line(format_args!("{} of the keys must say the same", listed.agree))?;
    }
    if config.caches.is_empty() && !here.is_quiet() {
        say("the project names no shared cache: a section `[cache.NAME]` of `xb.toml` with `url = \"...\"` does");
    } else if !accepted && !here.is_quiet() {
        say(format!(
            "{} nothing of this was accepted as it is, and nothing is shared: `xb cache accept` does",
            styled(style::WARNING, "warning:")
        ));
    }
    Ok(())
}

/// All caches, asked at one time: a server that is gone takes seconds.
fn caches(config: &Config, accepted: bool, has_key: bool) -> Result<Vec<Cache>, Failure> {
    let told = |cache: &CacheConfig, answer: Option<Result<(), String>>| Cache {
        name: cache.name.clone(),
        place: address(cache).map_or_else(|_| "?".to_owned(), |address| address.to_string()),
        push: cache.push,
        takes: cache.push && has_key,
        answers: answer.as_ref().map(Result::is_ok),
        why: answer.and_then(Result::err),
    };
    if !accepted {
        return Ok(config.caches.iter().map(|cache| told(cache, None)).collect());
    }
    let runtime = runtime()?;
    let asked: Vec<_> = config.caches.iter().map(|cache| runtime.spawn(answer(cache.clone()))).collect();
    let told = config.caches.iter().zip(asked).map(|(cache, asked)| {
        let answer = runtime.block_on(asked).unwrap_or_else(|error| Err(error.to_string()));
        told(cache, Some(answer))
    });
    Ok(told.collect())
}

/// Whether a cache answers, or why not: a folder that is there and can be read does.
fn answer(cache: CacheConfig) -> BoxFuture<'static, Result<(), String>> {
    Box::pin(async move {
        let place = address(&cache)?;
        if let CacheUrl::Folder(folder) = &cache.url {
            return match std::fs::read_dir(folder) {
                Ok(_) => Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && cache.push => {
                    Err("there is no such folder yet; what is built first makes it".to_owned())
                }
                Err(error) => Err(error.to_string()),
            };
        }
        let remote = open(&place)?;
        remote.entry(NOBODY).await.map(|_| ()).map_err(|error| error.to_string())
    })
}

/// A remote of which one thing is asked once: who waits for this is a person.
fn open(place: &Address) -> Result<std::sync::Arc<dyn Remote>, String> {
    let patience = Patience { tries: 1, ..xb_cache::patience() };
    xb_cache::open(place, &patience).map_err(|error| error.to_string())
}

/// Whose results are believed: the keys that `xb.toml` names, and one's own.
fn keys(config: &Config, own: Option<&StatementKey>) -> Vec<Key> {
    let own = own.map(StatementKey::public);
    let named = config.trust.keys.iter().map(|trusted| Key {
        name: trusted.name.clone(),
        key: trusted.key.to_string(),
        own: own == Some(trusted.key),
        packages: trusted.packages.clone(),
        arches: trusted.arches.clone(),
        methods: trusted.methods.clone(),
    });
    let unnamed = own.filter(|own| config.trust.keys.iter().all(|trusted| trusted.key != *own)).map(|own| Key {
        name: OWN.to_owned(),
        key: own.to_string(),
        own: true,
        packages: vec!["*".to_owned()],
        arches: Arch::ALL.to_vec(),
        methods: Method::ALL.to_vec(),
    });
    named.chain(unnamed).collect()
}

impl Cache {
    /// `cache team: /srv/xb, answers; what is built here goes there`.
    fn text(&self) -> String {
        let answers = match (self.answers, &self.why) {
            (_, Some(why)) => format!("{}: {why}", styled(style::ERROR, "does not answer")),
            (Some(_), None) => styled(style::GOOD, "answers"),
            (None, None) => "was not asked".to_owned(),
        };
        let takes = match (self.push, self.takes) {
            (false, _) => "",
            (true, true) => "; what is built here goes there",
            (true, false) => "; what is built here would go there, but you have no key: `xb key new` makes one",
        };
        format!("cache {}: {}, {answers}{takes}", self.name, Escaped(&self.place))
    }
}

impl Key {
    fn text(&self) -> String {
        let Self { name, key, own, packages, arches, methods } = self;
        let own = if *own && name != OWN { " (your own)" } else { "" };
        format!("key {name}{own}: {}", trusted(key, packages, arches, methods))
    }
}
