//! The provider: each source to its tree, by memory, by the lock, or from outside.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use xb_build::{BoxFuture, Events, ProvideError, Provider, Source};
use xb_core::{Arch, Digest, Sha256, TreeId};
use xb_debian::Keyring;
use xb_graph::{DebianRoot, Fetch, FetchKind, Folder, Node};
use xb_http::Patience;

use crate::archive::{self, Limits};
use crate::context::{Context, blocking};
use crate::debian::{self, Listed, Packages, Suites};
use crate::download::{Download, DownloadError, Downloader, Fault};
use crate::error::FetchError;
use crate::lock::{Lock, LockFile, LockedFetch, LockedGit, Manners, SetKey, Used, lacking};
use crate::mirror::{Moment, is_pool_path, shown};
use crate::once::OnceMap;
use crate::registry::{CrateIndex, GoProxy, PythonIndex, Registries, RegistryError, RockServers};
use crate::rock;
use crate::storage::single_file;
use crate::{Mirrors, Storage, folder, git, go};

/// Unpacked archives, by SHA-256 and how many leading folders were dropped.
pub(crate) const ARCHIVE: &str = "archive-v1";

/// Sources of rocks, by SHA-256 and the name of the rock.
pub(crate) const ROCK: &str = "rock-v1";

/// How [`Sources`] work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that the folders of descriptions are beneath.
    pub project: PathBuf,
    /// The file of the lock.
    pub lock: PathBuf,
    /// What may be done about what is not in the lock or the store.
    pub manners: Manners,
    /// Where Debian's archive is.
    pub mirrors: Mirrors,
    /// The index of crates.
    pub crates: CrateIndex,
    /// The index of Python projects.
    pub python: PythonIndex,
    /// The proxies of Go modules.
    pub go: GoProxy,
    /// The servers of rocks.
    pub rocks: RockServers,
    /// The architecture of the processes that build: in a root of two architectures, the one that packages for all
    /// architectures belong to.
    pub host: Arch,
    /// What an archive may hold.
    pub limits: Limits,
    /// How patient downloads are.
    pub patience: Patience,
    /// Where bytes are kept while they come in: a folder on a disk with room.
    pub scratch: PathBuf,
}

/// Everything that comes from outside, as trees in the store.
pub struct Sources {
    pub(crate) context: Arc<Context>,
    fetches: OnceMap<Fetch, TreeId>,
    folders: OnceMap<Folder, TreeId>,
    roots: OnceMap<DebianRoot, TreeId>,
    registries: Registries,
    pub(crate) suites: Suites,
}

/// What an update changed: what, from what, to what.
pub type Changes = Vec<(String, String, String)>;

impl Sources {
    /// Reads the lock and gets ready; nothing is fetched yet.
    ///
    /// # Errors
    /// When the lock cannot be read.
    pub fn new(settings: Settings, storage: Arc<dyn Storage>, events: Arc<dyn Events>) -> Result<Self, FetchError> {
        Self::with_keyring(settings, storage, events, Keyring::debian())
    }

    /// As [`new`](Self::new), for an archive of which other keys sign the indexes.
    ///
    /// # Errors
    /// When the lock cannot be read.
    pub fn with_keyring(
        settings: Settings,
        storage: Arc<dyn Storage>,
        events: Arc<dyn Events>,
        keyring: Keyring,
    ) -> Result<Self, FetchError> {
        let Settings { patience, mirrors, scratch, .. } = settings;
        let context = Context {
            lock: LockFile::open(settings.lock, settings.manners)?,
            downloader: Downloader::new(&mirrors, patience, scratch.clone(), events),
            project: settings.project,
            host: settings.host,
            limits: settings.limits,
            mirrors,
            keyring,
            scratch,
            storage,
            packages: Packages::default(),
            now: SystemTime::now(),
        };
        Ok(Self {
            context: Arc::new(context),
            fetches: OnceMap::default(),
            folders: OnceMap::default(),
            roots: OnceMap::default(),
            registries: Registries::new(settings.crates, settings.python, settings.go, settings.rocks),
            suites: Suites::default(),
        })
    }

    /// Where Debian's archive is looked for, and whether somebody answers there; otherwise why not.
    pub async fn reach(&self) -> Vec<(String, Result<(), String>)> {
        let mut answers = Vec::new();
        for url in self.context.mirrors.newest("dists/") {
            let answer = self.context.downloader.reach(&url).await;
            answers.push((shown(url.trim_end_matches("/dists/")), answer));
        }
        answers
    }

    /// The lock as it is now.
    pub fn lock(&self) -> Arc<Lock> {
        self.context.lock.get()
    }

    /// How many entries the lock lacks that must be there before these nodes can be realised.
    pub fn count_missing<'n>(&self, nodes: impl IntoIterator<Item = &'n Node>) -> usize {
        let lock = self.lock();
        let set = |node: &Node| match node {
            Node::Debian(root) => Some(SetKey::of(root, self.context.host)),
            _ => None,
        };
        let missing = nodes.into_iter().filter_map(|node| Some((self.lacks(&lock, node)?, set(node))));
        missing.collect::<BTreeSet<_>>().len()
    }

    /// What the lock lacks for a node.
    pub(crate) fn lacks(&self, lock: &Lock, node: &Node) -> Option<String> {
        match node {
            Node::Fetch(fetch) => match (&fetch.how, fetch.sha256) {
                (_, Some(_)) | (FetchKind::GoModule { .. }, _) => None,
                (FetchKind::Git { revision }, None) => {
                    let known = lock.git.contains_key(&(fetch.url.clone(), revision.clone()));
                    (!known).then(|| format!("{} at {revision}", fetch.url))
                }
                (_, None) => (!lock.fetched.contains_key(&fetch.url)).then(|| fetch.url.clone()),
            },
            Node::Debian(root) => {
                let key = SetKey::of(root, self.context.host);
                let known = lock.debian.get(&root.suite).is_some_and(|suite| suite.set(&key).is_some());
                (!known).then(|| lacking::packages(lock, &root.suite, &key))
            }
            _ => None,
        }
    }

    /// Drops from the lock what is not used, and says how many entries that were.
    ///
    /// # Errors
    /// When the lock must not change, or cannot be read or written.
    pub fn prune(&self, used: &Used) -> Result<usize, FetchError> {
        let mut dropped = 0;
        self.context.lock.change("only what is used", |lock| dropped = lock.prune(used))?;
        Ok(dropped)
    }

    /// Looks up anew what the lock has: everything, or what is named by a suite, a Debian package (its whole suite
    /// is renewed, since packages of one index belong together), a url, or the name at the beginning of a file's name.
    ///
    /// # Errors
    /// When a name names nothing, or something cannot be fetched.
    pub async fn update(&self, names: &[String]) -> Result<Changes, FetchError> {
        let lock = self.lock();
        let chosen = Chosen::of(&lock, names)?;
        let mut changes = Changes::new();
        for name in chosen.suites {
            changes.append(&mut debian::update(&self.context, &self.suites, name).await?);
        }
        for (url, old) in chosen.fetched {
            changes.extend(self.update_fetch(url, old).await?);
        }
        for ((url, revision), old) in chosen.git {
            changes.extend(self.update_git(url, revision, old).await?);
        }
        Ok(changes)
    }

    async fn update_fetch(&self, url: &str, old: &LockedFetch) -> Result<Option<(String, String, String)>, FetchError> {
        let new = match self.lock_url(url).await {
            // Its path names a version, which does not change when the suite goes on to another one.
            Err(FetchError::NotInSources { .. }) => return Ok(None),
            new => new?,
        };
        let change = || (url.to_owned(), old.sha256.to_string(), new.sha256.to_string());
        Ok((new.sha256 != old.sha256).then(change))
    }

    async fn update_git(
        &self,
        url: &str,
        revision: &str,
        old: &LockedGit,
    ) -> Result<Option<(String, String, String)>, FetchError> {
        let new = self.lock_git(url, revision).await?;
        let change = || (format!("{url} at {revision}"), old.commit.clone(), new.commit.clone());
        Ok((new != *old).then(change))
    }

    pub(crate) async fn fetch(&self, fetch: &Fetch) -> Result<TreeId, FetchError> {
        self.fetches.get(fetch.clone(), || self.fetch_once(fetch)).await
    }

    async fn fetch_once(&self, fetch: &Fetch) -> Result<TreeId, FetchError> {
        match &fetch.how {
            FetchKind::Git { revision } => return self.git(&fetch.url, revision).await,
            FetchKind::GoModule { h1 } => return go::fetch(&self.context, &self.registries, &fetch.url, *h1).await,
            FetchKind::Archive { .. } if fetch.url.starts_with("rock:") => {
                return Err(RegistryError::RockAsArchive(fetch.url.clone()).into());
            }
            FetchKind::Archive { .. } | FetchKind::File { .. } | FetchKind::Rock => {}
        }
        let rock = if fetch.how == FetchKind::Rock { rock::name_of(&fetch.url) } else { Ok(String::new()) };
        let rock = rock.map_err(|error| FetchError::Rock { url: shown(&fetch.url), error })?;
        let (sha256, size) = self.expected(fetch).await?;
        let memory = match &fetch.how {
            FetchKind::Archive { strip } => Some((ARCHIVE, [sha256.0.as_slice(), &strip.to_be_bytes()].concat())),
            FetchKind::Rock => Some((ROCK, [sha256.0.as_slice(), rock.as_bytes()].concat())),
            _ => None,
        };
        if let Some((kind, key)) = &memory
            && let Some(tree) = self.context.storage.recall(kind, key)?
        {
            return Ok(tree);
        }
        let content = match self.context.kept(sha256)? {
            Some(content) => content,
            None => {
                let wanted = self.download(&fetch.url, Some(sha256), size).await?;
                let brought = self.context.bring(&wanted).await;
                brought.map_err(|error| by_description(error, fetch.sha256.is_some()))?
            }
        };
        let (context, url, how) = (Arc::clone(&self.context), fetch.url.clone(), fetch.how.clone());
        blocking(move || {
            let tree = match how {
                FetchKind::Archive { strip } => {
                    let file = context.open(content)?;
                    let unpacked = archive::unpack(file, strip, context.limits, &*context.storage);
                    unpacked.map_err(|error| FetchError::Archive { url, error })?
                }
                FetchKind::Rock => rock::unpack(&context, &url, &rock, content)?,
                FetchKind::File { name, executable } => {
                    xb_core::RelPath::root().join(&name).map_err(|_| FetchError::Name(name.clone()))?;
                    single_file(&*context.storage, &name, content, executable)?
                }
                FetchKind::Git { .. } | FetchKind::GoModule { .. } => return Err(FetchError::Name(url)),
            };
            if let Some((kind, key)) = memory {
                context.storage.remember(kind, &key, tree)?;
            }
            Ok(tree)
        })
        .await
    }

    /// Where nothing says how many bytes there are, no more come in than an archive may hold.
    async fn download(&self, url: &str, sha256: Option<Sha256>, size: Option<u64>) -> Result<Download, FetchError> {
        let (urls, sha256, in_turn) = match self.registries.place(&self.context, url, sha256).await? {
            Some(place) => (place.urls, sha256.or(place.sha256), sha256.or(place.sha256).is_none()),
            None => (self.context.mirrors.urls(url, self.lock().date_of(url))?, sha256, false),
        };
        let at_most = Some(self.context.limits.bytes);
        Ok(Download { name: url.to_owned(), urls, sha256, size, at_most, in_turn, ..Download::default() })
    }

    /// What the bytes must hash to, by the description, by the lock, by the signed index of a suite, or by what comes when
    /// they are fetched first; and how many there must be, when it is known.
    async fn expected(&self, fetch: &Fetch) -> Result<(Sha256, Option<u64>), FetchError> {
        let lock = self.lock();
        let locked = lock.fetched.get(&fetch.url);
        match (fetch.sha256, locked) {
            (None, Some(locked)) => Ok((locked.sha256, Some(locked.size))),
            (None, None) => {
                let locked = self.lock_url(&fetch.url).await?;
                Ok((locked.sha256, Some(locked.size)))
            }
            (Some(sha256), locked) => {
                let same = locked.filter(|locked| locked.sha256 == sha256);
                Ok((sha256, same.map(|locked| locked.size)))
            }
        }
    }

    async fn lock_url(&self, url: &str) -> Result<LockedFetch, FetchError> {
        self.may_lock(url)?;
        let (wanted, date) = match url.strip_prefix("debian:") {
            Some(path) if is_pool_path(path) => {
                let Listed { file, date } = debian::listed(&self.context, &self.suites, path).await?;
                let urls = self.context.mirrors.urls(url, Moment::parse(&date))?;
                (Download { urls, ..self.download(url, Some(file.sha256), Some(file.size)).await? }, Some(date))
            }
            _ => (self.download(url, None, None).await?, None),
        };
        let fetched = self.context.download(&wanted).await;
        let fetched = fetched.map_err(|error| if date.is_none() { by_description(error, false) } else { error })?;
        let locked = LockedFetch { sha256: fetched.sha256, size: fetched.size, date };
        self.context.keep(fetched).await?;
        self.context.lock.change(url, |lock| {
            lock.fetched.insert(url.to_owned(), locked.clone());
        })?;
        Ok(locked)
    }

    fn may_lock(&self, what: &str) -> Result<(), FetchError> {
        let manners = self.context.lock.manners();
        if manners.locked {
            return Err(self.context.lock.refuse(vec![what.to_owned()]).into());
        }
        if manners.offline {
            return Err(FetchError::OfflineLock(vec![what.to_owned()]));
        }
        Ok(())
    }

    async fn git(&self, url: &str, revision: &str) -> Result<TreeId, FetchError> {
        let lock = self.lock();
        let Some(locked) = lock.git.get(&(url.to_owned(), revision.to_owned())) else {
            return Ok(self.lock_git(url, revision).await?.tree);
        };
        if self.context.storage.has_tree(locked.tree)? {
            return Ok(locked.tree);
        }
        if self.context.lock.manners().offline {
            return Err(FetchError::Offline(format!("{url} at {revision}")));
        }
        let checkout = git::fetch(&self.context, url, &locked.commit).await?;
        match checkout.tree == locked.tree {
            true => Ok(locked.tree),
            false => Err(git::GitError::OtherTree {
                url: crate::mirror::shown(url),
                commit: locked.commit.clone(),
                found: Box::new(checkout.tree),
                locked: Box::new(locked.tree),
            }
            .into()),
        }
    }

    async fn lock_git(&self, url: &str, revision: &str) -> Result<LockedGit, FetchError> {
        let what = format!("{url} at {revision}");
        self.may_lock(&what)?;
        let checkout = git::fetch(&self.context, url, revision).await?;
        let locked = LockedGit { commit: checkout.commit, tree: checkout.tree };
        let key = (url.to_owned(), revision.to_owned());
        self.context.lock.change(&what, |lock| {
            lock.git.insert(key, locked.clone());
        })?;
        Ok(locked)
    }

    async fn folder(&self, wanted: &Folder) -> Result<TreeId, FetchError> {
        let make = || {
            let (context, wanted) = (Arc::clone(&self.context), wanted.clone());
            blocking(move || folder::ingest(&context.project, &wanted, &*context.storage))
        };
        self.folders.get(wanted.clone(), make).await
    }

    async fn debian(&self, root: &DebianRoot) -> Result<TreeId, FetchError> {
        let make = || debian::provide(&self.context, &self.suites, root);
        self.roots.get(root.clone(), make).await
    }
}

/// A failure that is the matter of the description, which names what is not there, or gives a digest that it has not.
pub(crate) fn by_description(error: FetchError, gives_digest: bool) -> FetchError {
    match error {
        FetchError::Download(error @ DownloadError::Failed { fault: Fault::Path, .. }) => FetchError::NotThere(error),
        FetchError::Download(error @ DownloadError::Failed { fault: Fault::Bytes, .. }) if gives_digest => {
            FetchError::NotAsDescribed(error)
        }
        error => error,
    }
}

/// The parts of a lock that are renewed.
#[derive(Default)]
struct Chosen<'l> {
    suites: Vec<&'l String>,
    fetched: Vec<(&'l String, &'l LockedFetch)>,
    git: Vec<(&'l (String, String), &'l LockedGit)>,
}

impl<'l> Chosen<'l> {
    /// What the names mean; without a name, everything.
    fn of(lock: &'l Lock, names: &[String]) -> Result<Self, FetchError> {
        if names.is_empty() {
            return Ok(Self {
                suites: lock.debian.keys().collect(),
                fetched: lock.fetched.iter().collect(),
                git: lock.git.iter().collect(),
            });
        }
        let mut chosen = Self::default();
        for name in names {
            if !chosen.add(lock, name) {
                return Err(FetchError::NotLocked(name.clone()));
            }
        }
        Ok(chosen)
    }

    /// Adds what a name means; says whether it means anything.
    fn add(&mut self, lock: &'l Lock, name: &str) -> bool {
        let before = self.suites.len() + self.fetched.len() + self.git.len();
        let suites = lock
            .debian
            .iter()
            .filter(|(suite, locked)| *suite == name || locked.packages.keys().any(|package| package.name == name));
        self.suites.extend(suites.map(|(suite, _)| suite));
        self.fetched.extend(lock.fetched.iter().filter(|(url, _)| is_named(url, name)));
        self.git.extend(lock.git.iter().filter(|((url, _), _)| is_named(url, name)));
        self.suites.len() + self.fetched.len() + self.git.len() > before
    }
}

/// Whether a name means a url: the url itself, or what its file's name begins with.
fn is_named(url: &str, name: &str) -> bool {
    let file = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let rest = file.strip_prefix(name);
    url == name || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.', '@']))
}

impl Provider for Sources {
    fn provide<'a>(&'a self, source: Source<'a>) -> BoxFuture<'a, Result<TreeId, ProvideError>> {
        Box::pin(async move {
            let tree = match source {
                Source::Fetch(fetch) => self.fetch(fetch).await,
                Source::Folder(folder) => self.folder(folder).await,
                Source::Debian(root) => self.debian(root).await,
            };
            Ok(tree?)
        })
    }

    fn pin(&self, source: &Source<'_>) -> Option<Digest> {
        self.pin_of(source)
    }
}
