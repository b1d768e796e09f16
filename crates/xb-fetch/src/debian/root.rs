//! From a root that is asked for to its tree, by way of the lock.

use std::sync::Arc;

use sha2::Digest as _;
use xb_core::TreeId;
use xb_debian::Pinned;
use xb_debian::configure::CONFIGURATION;
use xb_debian::database::DATABASE;
use xb_graph::{DebianRoot, build_tree};

use super::merge::Merged;
use super::packages::unpacked;
use super::suite::{Closure, Suite, closure};
use super::unpack::{CONTROL, UNPACKED};
use crate::context::{Context, blocking};
use crate::error::{FetchError, MovedOn};
use crate::lock::{LockedSuite, SetKey, lacking};
use crate::mirror::Moment;
use crate::storage::missing;

/// Whole roots, by the packages in them and how they are configured.
const ROOT: &str = "debian-root-v1";

/// Suites that were looked up, so that everything that one run adds to the lock is of one index.
pub(crate) type Suites = crate::once::OnceMap<String, Arc<Suite>>;

/// The tree of a root.
pub(crate) async fn provide(context: &Arc<Context>, suites: &Suites, root: &DebianRoot) -> Result<TreeId, FetchError> {
    let set = locked(context, suites, root).await?;
    let key = memo_key(&set.packages, root.database);
    if let Some(tree) = context.storage.recall(ROOT, &key)? {
        return Ok(tree);
    }
    let unpacked = unpacked(context, &set, root.database).await?;
    let (context, with_database) = (Arc::clone(context), root.database);
    blocking(move || {
        let mut merged = Merged::of(&unpacked, &*context.storage)?;
        super::configured::configure(&mut merged, &set.packages, &*context.storage)?;
        if with_database {
            super::database::record(&mut merged, &unpacked, &*context.storage)?;
        }
        let tree = build_tree(merged.into_unbuilt(), &*context.storage).map_err(missing)?;
        context.storage.remember(ROOT, &key, tree)?;
        Ok(tree)
    })
    .await
}

/// What a root is known by, where the lock has its packages: they, and how they become a tree.
pub(crate) fn pin(context: &Context, root: &DebianRoot) -> Option<Vec<u8>> {
    let set = in_lock(context, &root.suite, &SetKey::of(root, context.host))?;
    let how = [ROOT, UNPACKED, CONTROL].map(str::as_bytes).join(&0);
    Some([how, memo_key(&set.packages, root.database)].concat())
}

fn memo_key(packages: &[Pinned], with_database: bool) -> Vec<u8> {
    let mut hasher = sha2::Sha256::new_with_prefix(CONFIGURATION);
    if with_database {
        hasher.update(DATABASE);
    }
    for package in packages {
        hasher.update(package.sha256.0);
    }
    hasher.finalize().to_vec()
}

/// The packages of a root, and the date of the index that they are from.
pub(crate) struct Set {
    pub(crate) packages: Vec<Pinned>,
    pub(crate) date: Option<Moment>,
}

/// The packages of a root, which are added to the lock when they are not in it.
pub(crate) async fn locked(context: &Arc<Context>, suites: &Suites, root: &DebianRoot) -> Result<Set, FetchError> {
    let key = SetKey::of(root, context.host);
    if let Some(set) = in_lock(context, &root.suite, &key) {
        return Ok(set);
    }
    let what = vec![lacking::packages(&context.lock.get(), &root.suite, &key)];
    let manners = context.lock.manners();
    if manners.locked {
        return Err(context.lock.refuse(what).into());
    }
    if manners.offline {
        return Err(FetchError::OfflineLock(what));
    }
    let suite = suite(context, suites, &root.suite).await?;
    let closure = closure(context, &suite, &key).await?;
    add(context, &root.suite, &key, closure)?;
    in_lock(context, &root.suite, &key).ok_or(FetchError::OfflineLock(what))
}

fn in_lock(context: &Context, suite: &str, key: &SetKey) -> Option<Set> {
    let lock = context.lock.get();
    let suite = lock.debian.get(suite)?;
    let packages = suite.set(key)?.into_iter().cloned().collect();
    Some(Set { packages, date: Moment::parse(&suite.sets.get(key)?.date) })
}

pub(super) async fn suite(context: &Arc<Context>, suites: &Suites, name: &str) -> Result<Arc<Suite>, FetchError> {
    let newest = || async { Ok(Arc::new(Suite::newest(context, name).await?)) };
    suites.get(name.to_owned(), newest).await
}

/// Adds a set to the lock, unless it does not go with what is there now: another xb may have added to it meanwhile.
fn add(context: &Context, name: &str, key: &SetKey, closure: Closure) -> Result<(), FetchError> {
    context.lock.try_change(&format!("the packages {key} of Debian {name}"), |lock| {
        let suite = lock.debian.entry(name.to_owned()).or_default();
        refuse_mixing(name, suite, key, &closure)?;
        suite.add(key.clone(), &closure.date, closure.packages);
        suite.date = closure.date;
        suite.in_release = Some(closure.in_release);
        Ok(())
    })
}

fn refuse_mixing(name: &str, suite: &LockedSuite, key: &SetKey, closure: &Closure) -> Result<(), FetchError> {
    let changed: Vec<_> = suite
        .disagreements(&closure.packages)
        .into_iter()
        .map(|(old, new)| (format!("{}:{}", old.name, old.arch), old.version.clone(), new.version.clone()))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(FetchError::MovedOn(Box::new(MovedOn {
        suite: name.to_owned(),
        locked: suite.date.clone(),
        now: closure.date.clone(),
        wanted: key.to_string(),
        changed,
    })))
}

/// Looks up every set of a suite anew, and says what changed: name, old version, new version. Sets that another xb adds
/// to the lock meanwhile are looked up too.
pub(crate) async fn update(
    context: &Arc<Context>,
    suites: &Suites,
    name: &str,
) -> Result<Vec<(String, String, String)>, FetchError> {
    let mut keys: Vec<SetKey> = match context.lock.get().debian.get(name) {
        Some(old) if !old.sets.is_empty() => old.sets.keys().cloned().collect(),
        _ => return Ok(Vec::new()),
    };
    let suite = suite(context, suites, name).await?;
    let mut new = LockedSuite::default();
    loop {
        for key in keys {
            let closure = closure(context, &suite, &key).await?;
            new.add(key, &closure.date, closure.packages);
            new.date = closure.date;
            new.in_release = Some(closure.in_release);
        }
        match replace(context, name, &new)? {
            Replaced::Changed(changes) => return Ok(changes),
            Replaced::Lacking(added) => keys = added,
        }
    }
}

/// What became of an attempt to put a suite in the place of the one in the lock.
enum Replaced {
    Changed(Vec<(String, String, String)>),
    /// Nothing yet: the lock has sets that the new suite lacks.
    Lacking(Vec<SetKey>),
}

fn replace(context: &Context, name: &str, new: &LockedSuite) -> Result<Replaced, FetchError> {
    let mut replaced = Replaced::Changed(Vec::new());
    context.lock.change(&format!("the newest packages of Debian {name}"), |lock| {
        let old = lock.debian.entry(name.to_owned()).or_default();
        let lacking: Vec<_> = old.sets.keys().filter(|key| !new.sets.contains_key(key)).cloned().collect();
        if lacking.is_empty() {
            replaced = Replaced::Changed(changes(old, new));
            *old = new.clone();
        } else {
            replaced = Replaced::Lacking(lacking);
        }
    })?;
    Ok(replaced)
}

fn changes(old: &LockedSuite, new: &LockedSuite) -> Vec<(String, String, String)> {
    let version = |suite: &LockedSuite, name| {
        suite.packages.get(name).map_or_else(|| "-".to_owned(), |package| package.version.clone())
    };
    let mut names: Vec<_> = old.packages.keys().chain(new.packages.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| (name.to_string(), version(old, name), version(new, name)))
        .filter(|(_, old, new)| old != new)
        .collect()
}
