//! Trees of git repositories.
//!
//! The `git` program of this machine is used, and only while something is locked or fetched, never while something
//! is built: in an environment without the user's configuration, hooks or credentials. Commits and blobs are fetched
//! into a bare repository that is thrown away, and read as they are: attributes, filters and line ends do nothing,
//! submodules are empty folders. What is believed is the digest of the tree that comes out, since a commit's own name
//! is a SHA-1.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::{Entry, Unbuilt, build_tree};
use xb_store::StoreError;

use crate::Storage;
use crate::mirror::shown;
use crate::storage::missing;

/// What of the user's environment git may know: how to reach the network.
const ENVIRONMENT: [&str; 13] = [
    "PATH",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "SSH_AUTH_SOCK",
];

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
    /// The tree has an entry that xb cannot take.
    #[error("the entry `{entry}` of `{url}` {reason}")]
    Entry {
        /// The repository.
        url: String,
        /// The entry's path.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
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
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
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
pub(crate) async fn fetch(
    url: &str,
    revision: &str,
    scratch: &Path,
    storage: &dyn Storage,
) -> Result<Checkout, GitError> {
    check_words(url, revision)?;
    let folder = tempfile::tempdir_in(scratch).map_err(|error| failed("make a folder for", url, &error))?;
    let repository = Repository { url, folder: folder.path() };
    repository.run("prepare a repository for", &["init", "--quiet", "--bare"]).await?;
    let commit = repository.fetch(revision).await?;
    let tree = repository.read(&commit, storage).await?;
    Ok(Checkout { commit, tree })
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
}

/// A blob of a tree: its mode, its name in the repository, and its path.
struct Blob {
    mode: Vec<u8>,
    object: String,
    path: RelPath,
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

    async fn read(&self, commit: &str, storage: &dyn Storage) -> Result<TreeId, GitError> {
        let list = self.run("list the files of", &["ls-tree", "-r", "-t", "-z", "--full-tree", commit]).await?;
        let mut root = Unbuilt::default();
        let mut blobs = Vec::new();
        for line in list.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let (kind, blob) = self.line(line)?;
            match kind {
                b"blob" => blobs.push(blob),
                _ => root.put(&blob.path, Entry::Directory { mode: None }),
            }
        }
        self.read_blobs(&blobs, &mut root, storage).await?;
        Ok(build_tree(root, storage).map_err(missing)?)
    }

    /// Reads `<mode> <kind> <object>\t<path>`.
    fn line<'l>(&self, line: &'l [u8]) -> Result<(&'l [u8], Blob), GitError> {
        let wrong = |reason| self.wrong_entry(&String::from_utf8_lossy(line), reason);
        let tab = line.iter().position(|byte| *byte == b'\t');
        let (head, path) = line.split_at(tab.ok_or_else(|| wrong("is not a line of git's"))?);
        let path = str::from_utf8(&path[1..]).map_err(|_| wrong("has a name that is not UTF-8"))?;
        let path = RelPath::new(path).map_err(|_| wrong("has a name that no file can have"))?;
        let mut words = head.split(|byte| *byte == b' ');
        let (mode, kind, object) = (words.next(), words.next(), words.next());
        let (Some(mode), Some(kind), Some(object)) = (mode, kind, object) else {
            return Err(wrong("is not a line of git's"));
        };
        let blob = Blob { mode: mode.to_vec(), object: String::from_utf8_lossy(object).into_owned(), path };
        Ok((kind, blob))
    }

    fn wrong_entry(&self, entry: &str, reason: &'static str) -> GitError {
        GitError::Entry { url: shown(self.url), entry: entry.to_owned(), reason }
    }

    async fn read_blobs(&self, blobs: &[Blob], root: &mut Unbuilt, storage: &dyn Storage) -> Result<(), GitError> {
        let broken = |error: io::Error| failed("read the files of", self.url, &error);
        let mut child = self.command(&["cat-file", "--batch"]).stdin(Stdio::piped()).spawn().map_err(broken)?;
        let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken(io::Error::other("it has no standard input and output")));
        };
        let mut from = BufReader::new(from);
        for blob in blobs {
            to.write_all(format!("{}\n", blob.object).as_bytes()).await.map_err(broken)?;
            to.flush().await.map_err(broken)?;
            let bytes = read_blob(&mut from).await.map_err(broken)?;
            let entry = self.entry(blob, bytes, storage)?;
            root.put(&blob.path, entry);
        }
        Ok(())
    }

    fn entry(&self, blob: &Blob, bytes: Vec<u8>, storage: &dyn Storage) -> Result<Entry, GitError> {
        if blob.mode == b"120000" {
            let target = String::from_utf8(bytes)
                .map_err(|_| self.wrong_entry(blob.path.as_str(), "is a link to a name that is not UTF-8"))?;
            return Ok(Entry::Symlink { target });
        }
        let content: ContentId = storage.add_content(&mut bytes.as_slice())?;
        Ok(Entry::File { content, executable: blob.mode == b"100755", mode: None })
    }

    async fn run(&self, what: &'static str, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).stdin(Stdio::null()).output().await;
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().kill_on_drop(true).current_dir(self.folder);
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .envs([
                ("HOME", "/nonexistent"),
                ("LC_ALL", "C"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_NO_REPLACE_OBJECTS", "1"),
                ("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file"),
                ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
            ])
            .args(["-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// Reads `<object> blob <size>`, the bytes, and the line's end after them.
async fn read_blob(from: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = String::new();
    from.read_line(&mut head).await?;
    let line = head.trim_end();
    let size = line.split_once(" blob ").and_then(|(_, size)| size.parse::<u64>().ok());
    let size = size.ok_or_else(|| io::Error::other(format!("it says `{line}`")))?;
    let mut bytes = Vec::new();
    from.take(size).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 != size || from.read_u8().await? != b'\n' {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(bytes)
}
