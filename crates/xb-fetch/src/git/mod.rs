//! Trees of git repositories.
//!
//! The `git` program of this machine is used, and only while something is locked or fetched, never while something
//! is built. Commits and blobs are fetched into a bare repository that is thrown away, and read as they are, under
//! the limits and checks of an [archive](crate::archive): attributes, filters and line ends do nothing, submodules are
//! empty folders. What is believed is the digest of the tree that comes out, since a commit's own name is a SHA-1.
//!
//! Of the user, `ssh://` knows what the user's ssh knows: keys, agent, hosts and configuration. So private
//! repositories can be fetched, and who may fetch them changes nothing about what comes out. The user's configuration
//! of git, its hooks and its stored passwords are not used, and nothing ever asks for a password.

mod command;
mod objects;

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xb_core::TreeId;

use crate::archive::ArchiveError;
use crate::context::{Context, blocking};
use crate::error::FetchError;
use crate::mirror::shown;

/// Why a git repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("`{url}` is a git repository, and there is no program `git` on this machine")]
    NoGit {
        /// The repository.
        url: String,
    },
    /// Not something that can be given to git.
    #[error("`{0}` is neither a branch, a tag nor a commit")]
    Revision(String),
    /// Not an address that git can be given.
    #[error("`{0}` is not the address of a git repository: `https://`, `http://`, `ssh://`, `git://` or `file://`")]
    Address(String),
    /// Git failed.
    #[error("git cannot {what} `{url}`: {said}")]
    Failed {
        /// What it should do.
        what: &'static str,
        /// The repository.
        url: String,
        /// What it said.
        said: String,
    },
    /// The tree of the commit cannot be taken.
    #[error("cannot take the files of `{url}` at {commit}: {error}")]
    Files {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// What is wrong with them.
        error: ArchiveError,
    },
    /// The commit has another tree than the lock says.
    #[error("the commit {commit} of `{url}` has the tree {found}, and the lock says {locked}")]
    OtherTree {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// The tree that came.
        found: Box<TreeId>,
        /// The tree of the lock.
        locked: Box<TreeId>,
    },
}

impl GitError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::NoGit { .. } => "install git, or fetch an archive of the same commit with `fetch.tarball`",
            Self::OtherTree { .. } => "somebody changed the repository's history in an impossible way: do not trust it",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// How often it is looked at what has come in.
const GLANCE: Duration = Duration::from_millis(500);

/// A server may have to think for so long before it sends something.
const SILENCE: Duration = Duration::from_secs(300);

/// The bytes of the files beneath a folder, as far as they can be seen while somebody writes there.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

/// Whether this is the full name of a commit.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A commit and its tree in the store.
pub(crate) struct Checkout {
    pub(crate) commit: String,
    pub(crate) tree: TreeId,
}

/// Fetches the tree of a revision.
pub(crate) async fn fetch(context: &Arc<Context>, url: &str, revision: &str) -> Result<Checkout, FetchError> {
    check_words(url, revision)?;
    let folder = tempfile::tempdir_in(&context.scratch).map_err(|error| failed("make a folder for", url, &error))?;
    let repository = Repository { url, folder: folder.path(), most: context.limits.bytes };
    repository.run("prepare a repository for", &["init", "--quiet", "--bare"]).await?;
    let commit = repository.fetch(revision).await?;
    let (context, url, name) = (Arc::clone(context), shown(url), commit.clone());
    let tree = blocking(move || {
        let read = objects::read(folder.path(), &name, context.limits, &*context.storage);
        Ok(read.map_err(|error| GitError::Files { url, commit: name, error })?)
    });
    Ok(Checkout { tree: tree.await?, commit })
}

fn check_words(url: &str, revision: &str) -> Result<(), GitError> {
    let schemes = ["https://", "http://", "ssh://", "git://", "file://"];
    if !schemes.iter().any(|scheme| url.starts_with(scheme)) || url.contains(char::is_whitespace) {
        return Err(GitError::Address(url.to_owned()));
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    if revision.is_empty() || revision.starts_with('-') || revision.contains(odd) || revision.contains("..") {
        return Err(GitError::Revision(revision.to_owned()));
    }
    Ok(())
}

fn failed(what: &'static str, url: &str, error: &io::Error) -> GitError {
    match error.kind() {
        io::ErrorKind::NotFound => GitError::NoGit { url: shown(url) },
        _ => GitError::Failed { what, url: shown(url), said: error.to_string() },
    }
}

struct Repository<'a> {
    url: &'a str,
    folder: &'a Path,
    /// More bytes than this are not taken in.
    most: u64,
}

impl Repository<'_> {
    /// Fetches what a revision names, and no history where the server allows it.
    async fn fetch(&self, revision: &str) -> Result<String, GitError> {
        let shallow = ["fetch", "--quiet", "--depth=1", "--no-tags", "--", self.url, revision];
        let Err(error) = self.run("fetch from", &shallow).await else {
            return self.commit_of("FETCH_HEAD").await;
        };
        if !is_commit(revision) {
            return Err(error);
        }
        let all = ["fetch", "--quiet", "--tags", "--", self.url, "+refs/*:refs/*"];
        self.run("fetch from", &all).await?;
        self.commit_of(revision).await
    }

    async fn commit_of(&self, name: &str) -> Result<String, GitError> {
        let name = format!("{name}^{{commit}}");
        let said = self.run("find the revision in", &["rev-parse", "--verify", "--quiet", &name]).await?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// Ends when too much has come in, or nothing for a long time, with what to say of it.
    async fn watch(&self) -> String {
        let (mut before, mut since) = (0, Instant::now());
        loop {
            tokio::time::sleep(GLANCE).await;
            let bytes = size_of(self.folder);
            if bytes > self.most {
                return format!("it sends more than the {} bytes that are allowed", self.most);
            }
            if bytes != before {
                (before, since) = (bytes, Instant::now());
            } else if since.elapsed() > SILENCE {
                return format!("nothing has come in for {} s", SILENCE.as_secs());
            }
        }
    }

    async fn run(&self, what: &'static str, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let mut command = tokio::process::Command::from(command::git(self.folder, arguments));
        let output = tokio::select! {
            output = command.kill_on_drop(true).stdin(Stdio::null()).output() => output,
            said = self.watch() => return Err(GitError::Failed { what, url: shown(self.url), said }),
        };
        let output = output.map_err(|error| failed(what, self.url, &error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(GitError::Failed {
                what,
                url: shown(self.url),
                said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
        }
    }
}
