//! Why something from outside could not be brought, and what to do about it.

use xb_build::ProvideError;
use xb_core::DirHash;
use xb_debian::{IndexError, ResolveError};
use xb_store::StoreError;

use crate::archive::ArchiveError;
use crate::download::{DownloadError, Fault};
use crate::git::GitError;
use crate::lock::LockError;
use crate::mirror::{UrlError, shown};
use crate::registry::RegistryError;
use crate::rock::RockError;

/// Why something from outside could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A url that leads nowhere.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A crate that cannot be looked for.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A download.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A download whose digest the description gives, and which has another one.
    #[error("{0}")]
    NotAsDescribed(DownloadError),
    /// A source that a server answers not to have.
    #[error("{0}")]
    NotThere(DownloadError),
    /// Nothing may be fetched.
    #[error("`{0}` is not in the store, and `--offline` forbids to fetch it")]
    Offline(String),
    /// Nothing may be looked up.
    #[error("`--offline` forbids to look up what is not in the lock:{}", lines(.0))]
    OfflineLock(Vec<String>),
    /// A name that nothing in the lock has.
    #[error("nothing in the lock is called `{0}`: neither a suite, a package of Debian, nor a url")]
    NotLocked(String),
    /// An archive.
    #[error("cannot unpack `{url}`: {error}")]
    Archive {
        /// Where it is from.
        url: String,
        /// What is wrong with it.
        error: ArchiveError,
    },
    /// A rock.
    #[error("cannot take the source of `{url}`: {error}")]
    Rock {
        /// Where it is from.
        url: String,
        /// What is wrong with it.
        error: RockError,
    },
    /// A Go module, or its `go.mod`, that is not the one of `go.sum`.
    #[error("`{url}` is not what `go.sum` says: what came hashes to {found}, where there should be {wanted}")]
    OtherModule {
        /// What it is.
        url: String,
        /// What it hashes to.
        found: DirHash,
        /// What it should hash to.
        wanted: DirHash,
    },
    /// A name that no file can have.
    #[error("`{0}` cannot be the name of a file")]
    Name(String),
    /// A git repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A folder or file that the project does not have.
    #[error("the project has no `{path}`{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    NoFolder {
        /// Beneath the project's folder.
        path: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A link that leads out of the project.
    #[error("`{path}` leads to `{target}`, outside of the project")]
    Outside {
        /// Beneath the project's folder.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// The folder of a project.
    #[error("cannot read `{path}` of the project: {reason}")]
    Folder {
        /// Beneath the project's folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// No archive has an index that can be believed.
    #[error("no index of Debian's `{suite}` can be had that is signed as it must be:{}", listed(.attempts))]
    NoIndex {
        /// The suite.
        suite: String,
        /// Each url that was tried, and what came of it.
        attempts: Vec<(String, String)>,
    },
    /// An index lacks what it should have.
    #[error("the index of Debian's `{suite}` has no `{file}`")]
    NoPackages {
        /// The suite.
        suite: String,
        /// The file.
        file: String,
    },
    /// A source that is to be looked up, and no suite to look it up in.
    #[error("nothing signed says what `debian:{0}` must be: the lock has no suite of Debian that could list it")]
    NoSuite(String),
    /// A source that no signed index lists.
    #[error(
        "`debian:{path}` is not in the index of sources of Debian's `{suites}`, so nothing signed says what it must be{}",
        in_the_folder(.beside)
    )]
    NotInSources {
        /// The path in the pool.
        path: String,
        /// The suites that were looked at.
        suites: String,
        /// What they list in the same folder of the pool.
        beside: Vec<String>,
    },
    /// An index that cannot be read.
    #[error("cannot read the index of Debian's `{suite}`: {error}")]
    Index {
        /// The suite.
        suite: String,
        /// Why.
        error: IndexError,
    },
    /// Packages that do not go together, or do not exist.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The index has moved on.
    #[error(transparent)]
    MovedOn(#[from] Box<MovedOn>),
    /// A package that cannot be unpacked.
    #[error("cannot unpack the Debian package {package}: {reason}")]
    Deb {
        /// Its name, version and architecture.
        package: String,
        /// Why.
        reason: String,
    },
    /// Two packages that do not go together, although Debian says so.
    #[error("the Debian packages {first} and {second} both have `/{path}`, and they differ")]
    Clash {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// The path.
        path: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the program failed.
    #[error("a part of xb failed while it worked on this: {0}")]
    Failed(String),
}

/// A new set needs other versions than those that are locked.
#[derive(Debug, thiserror::Error)]
#[error(
    "Debian's `{suite}` has moved on since it was locked ({locked}; now {now}), and the set of {wanted} needs newer versions \
     of what is locked:{}",
    renewed(.changed)
)]
pub struct MovedOn {
    /// The suite.
    pub suite: String,
    /// The date of the lock.
    pub locked: String,
    /// The date of the index.
    pub now: String,
    /// What was asked for.
    pub wanted: String,
    /// Name, locked version, new version.
    pub changed: Vec<(String, String, String)>,
}

fn listed(attempts: &[(String, String)]) -> String {
    let line = |(url, why): &(String, String)| format!("\n  {}: {why}", shown(url));
    attempts.iter().map(line).collect()
}

fn lines(names: &[String]) -> String {
    names.iter().map(|name| format!("\n  {name}")).collect()
}

/// How to find what is not where a description says.
fn way_to(url: &str) -> String {
    if url.starts_with("rock:") {
        return "no server has its source: is the name right, with the revision behind the version? Where there is only \
                a rockspec, `fetch.tarball` takes what its `source.url` says"
            .to_owned();
    }
    match url.strip_prefix("debian:").and_then(|path| path.rsplit_once('/')) {
        Some((folder, _)) => format!(
            "the file is not there, perhaps because its version was superseded; `debian:{folder}/?` without `sha256` \
             lists those that the suite has"
        ),
        None => "the file is not there: is the address right, and was the version superseded?".to_owned(),
    }
}

/// How to name another place than one that does not answer.
fn another_place(url: &str) -> String {
    let setting = match url.split_once(':') {
        Some(("crate", _)) => "`[crates] index` of `xb.toml` names an index of crates",
        Some(("pypi", _)) => "`[pypi] index` of `xb.toml` names an index of Python projects",
        Some(("go", _)) => "`[go] proxy` of `xb.toml` names a proxy of Go modules",
        Some(("rock", _)) => "`[rocks] servers` of `xb.toml` names servers of rocks",
        _ => "`[debian] mirrors` of `xb.toml` names a mirror",
    };
    format!("is there a network? {setting}")
}

/// The archives of a folder of the pool, without what only Debian adds to them.
fn in_the_folder(names: &[String]) -> String {
    let is_upstream = |name: &&str| name.contains(".tar.") && !name.contains(".debian.tar.") && !name.ends_with(".asc");
    let archives: Vec<&str> = names.iter().map(String::as_str).filter(is_upstream).collect();
    match archives.is_empty() {
        true => "; it has nothing in this folder".to_owned(),
        false => format!("; in this folder it has {}", archives.join(", ")),
    }
}

fn renewed(changed: &[(String, String, String)]) -> String {
    let line = |(name, old, new): &(String, String, String)| format!("\n  {name}: {old}, now {new}");
    changed.iter().map(line).collect()
}

impl FetchError {
    /// Whether the machine, the network or an archive is at fault, and not what was asked for.
    pub fn is_of_environment(&self) -> bool {
        match self {
            Self::Lock(error) => matches!(error, LockError::Io { .. }),
            Self::Git(error) => !matches!(error, GitError::Revision(_) | GitError::Address(_)),
            Self::Archive { error, .. } => matches!(error, ArchiveError::Store(_)),
            Self::Rock { error, .. } => error.is_of_environment(),
            Self::Registry(error) => error.is_of_environment(),
            Self::Url(_)
            | Self::NotLocked(_)
            | Self::Name(_)
            | Self::NoFolder { .. }
            | Self::Outside { .. }
            | Self::NoSuite(_)
            | Self::NotInSources { .. }
            | Self::NotAsDescribed(_)
            | Self::NotThere(_)
            | Self::OtherModule { .. }
            | Self::Resolve(_)
            | Self::MovedOn(_) => false,
            Self::Download(_)
            | Self::Offline(_)
            | Self::OfflineLock(_)
            | Self::Folder { .. }
            | Self::NoIndex { .. }
            | Self::NoPackages { .. }
            | Self::Index { .. }
            | Self::Deb { .. }
            | Self::Clash { .. }
            | Self::Store(_)
            | Self::Failed(_) => true,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Lock(LockError::Missing { .. }) => "run `xb lock` and keep the lock with the sources",
            Self::Lock(LockError::Invalid { .. }) => {
                "restore the file, or remove it and run `xb lock`, which makes it anew"
            }
            Self::Lock(LockError::Io { action: "write", .. }) => {
                "the lock lies in the project's folder; where that cannot be written to, it must be complete already: `xb lock`"
            }
            Self::Offline(_) | Self::OfflineLock(_) => "run it once with a network, without `--offline`",
            Self::MovedOn(moved) => {
                let suite = &moved.suite;
                return Some(format!("`xb lock --update {suite}` renews all packages of the suite together"));
            }
            Self::Archive { error, .. } => return error.help(),
            Self::Git(error) => return error.help(),
            Self::Rock { error, .. } => error.help(),
            Self::Registry(error) => error.help()?,
            Self::Download(DownloadError::Failed { name, fault, .. }) => match fault {
                Fault::Bytes => {
                    "find out why it has changed; if the change is right, `xb lock --update` pins what comes now"
                }
                Fault::Network => return Some(another_place(name)),
                Fault::Path => "perhaps this version was superseded: `xb lock --update` takes those that there are now",
            },
            Self::NotThere(DownloadError::Failed { name, .. }) => return Some(way_to(name)),
            Self::Outside { .. } => {
                "a project holds all that it is built from, so that it is the same everywhere: copy it in"
            }
            Self::NoFolder { .. } => "make it, or mend the path, which begins at the folder of the file that has it",
            Self::NotAsDescribed(_) => "`sha256` in the description must be what its maker publishes",
            Self::OtherModule { .. } => {
                "the version was changed after it was locked, or the proxy cannot be trusted; `go mod verify` and \
                 another `[go] proxy` in `xb.toml` tell more"
            }
            Self::NoSuite(_) => "run `xb lock`, or give its `sha256 = \"...\"` in the description",
            Self::NotInSources { .. } => {
                "name a file that the suite has, or give its `sha256 = \"...\"` in the description"
            }
            Self::NoIndex { .. } => "is there a network? `[debian] mirrors` of `xb.toml` names a mirror",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

impl From<FetchError> for ProvideError {
    fn from(error: FetchError) -> Self {
        Self { message: error.to_string(), help: error.help(), is_of_environment: error.is_of_environment() }
    }
}
