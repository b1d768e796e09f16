//! The file that says who may do what: one line for each token, `NAME read|write|execute SHA-256`.
//!
//! A token is not in it, so who reads the file can do nothing with it. A change counts at once: the file is read again
//! when it is another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;
use xb_core::Sha256;

use crate::Rights;
use crate::access::Caller;

/// How the file says what a token allows.
const RIGHTS: [(&str, Rights); 3] = [("read", Rights::Read), ("write", Rights::Write), ("execute", Rights::Execute)];

/// How many random bytes a token is made of.
const RANDOM: usize = 24;

/// A file of tokens is a page of text.
const MOST_BYTES: u64 = 1 << 20;

/// Why tokens cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file cannot be read or written.
    #[error("the file of tokens `{path}` cannot be {action}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A line is none.
    #[error("line {line} of `{path}` is no `NAME read|write|execute SHA-256`: {why}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A name is taken, or can be none.
    #[error("{0}")]
    Name(String),
}

/// The tokens in a file.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    read: Mutex<ReadOnce>,
}

/// What the file said when it was this one.
#[derive(Debug)]
struct ReadOnce {
    stamp: Option<Stamp>,
    entries: Vec<Entry>,
}

/// What tells a file from the one that was there before.
type Stamp = (u64, u64, u64, i64, i64);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: Arc<str>,
    rights: Rights,
    sha256: Sha256,
}

/// A token that was just made: what its holder keeps, since it is nowhere else.
pub struct NewToken(pub String);

impl Tokens {
    /// The tokens in a file.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is none.
    pub fn open(path: &Path) -> Result<Self, TokensError> {
        let (entries, stamp) = read(path)?;
        Ok(Self { path: path.to_owned(), read: Mutex::new(ReadOnce { stamp: Some(stamp), entries }) })
    }

    /// Makes a token and adds it to a file, which is made where there is none.
    ///
    /// # Errors
    /// When there is one of that name, or the file cannot be read or written.
    pub fn add(path: &Path, name: &str, rights: Rights) -> Result<NewToken, TokensError> {
        let failed = |action| move |error| TokensError::Io { path: path.to_owned(), action, error };
        let is_name = |sign: char| sign.is_ascii_alphanumeric() || "-_.@".contains(sign);
        if name.is_empty() || !name.chars().all(is_name) {
            let why = "a name is made of letters, digits, `-`, `_`, `.` and `@`";
            return Err(TokensError::Name(format!("`{name}` is no name of a token: {why}")));
        }
        let options = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let mut file = options.map_err(failed("written"))?;
        let (entries, _) = read(path)?;
        if entries.iter().any(|entry| *entry.name == *name) {
            let file = path.display();
            let why = format!("there is a token of `{name}` in `{file}` already: remove its line to make another");
            return Err(TokensError::Name(why));
        }
        let mut random = [0; RANDOM];
        File::open("/dev/urandom").and_then(|mut from| from.read_exact(&mut random)).map_err(failed("written"))?;
        let token = URL_SAFE_NO_PAD.encode(random);
        let rights = RIGHTS.into_iter().find(|(_, known)| *known == rights);
        let (rights, _) = rights.ok_or_else(|| TokensError::Name("a token that allows nothing is none".to_owned()))?;
        let text = fs::read(path).map_err(failed("read"))?;
        let break_before = if text.last().is_some_and(|byte| *byte != b'\n') { "\n" } else { "" };
        let line = format!("{break_before}{name} {rights} {}\n", sum(&token));
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("written"))?;
        Ok(NewToken(token))
    }

    /// Who holds a token; none where it is nobody's.
    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fs::metadata(&self.path).ok().map(|meta| stamp(&meta));
        if now != known.stamp {
            // A file that cannot be read lets nobody in.
            *known = match read(&self.path) {
                Ok((entries, stamp)) => ReadOnce { stamp: Some(stamp), entries },
                Err(_) => ReadOnce { stamp: now, entries: Vec::new() },
            };
        }
        // What is compared are hashes: how long that takes tells nothing of the token.
        let sha256 = sum(token);
        let entry = known.entries.iter().find(|entry| entry.sha256 == sha256)?;
        Some(Caller { rights: entry.rights, name: Some(Arc::clone(&entry.name)) })
    }
}

fn sum(token: &str) -> Sha256 {
    Sha256(sha2::Sha256::digest(token.as_bytes()).into())
}

fn stamp(meta: &fs::Metadata) -> Stamp {
    (meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec())
}

fn read(path: &Path) -> Result<(Vec<Entry>, Stamp), TokensError> {
    let failed = |error| TokensError::Io { path: path.to_owned(), action: "read", error };
    let file = File::open(path).map_err(failed)?;
    let stamp = stamp(&file.metadata().map_err(failed)?);
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(failed)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = entry(line).and_then(|entry| match entries.iter().any(|other| other.name == entry.name) {
            true => Err(format!("`{}` is there twice", entry.name)),
            false => Ok(entry),
        });
        let wrong = |why| TokensError::Line { path: path.to_owned(), line: number + 1, why };
        entries.push(entry.map_err(wrong)?);
    }
    Ok((entries, stamp))
}

fn entry(line: &str) -> Result<Entry, String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [name, rights, sha256] = words.as_slice() else {
        return Err(format!("it has {} words", words.len()));
    };
    let rights = RIGHTS.into_iter().find(|(name, _)| name == rights).map(|(_, rights)| rights);
    let rights = rights.ok_or("what it allows is neither `read`, `write` nor `execute`")?;
    let sha256 = sha256.parse().map_err(|_| "its last word is no SHA-256".to_owned())?;
    Ok(Entry { name: (*name).into(), rights, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_as_long_as_its_line_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens");
        let NewToken(reader) = Tokens::add(&path, "reader", Rights::Read).expect("it is made");
        let tokens = Tokens::open(&path).expect("it can be read");
        let NewToken(writer) = Tokens::add(&path, "writer", Rights::Write).expect("it is made");
        let rights = |token: &str| tokens.caller(token).map(|caller| caller.rights);
        assert_eq!(rights(&reader), Some(Rights::Read));
        assert_eq!(rights(&writer), Some(Rights::Write));
        assert_eq!(tokens.caller(&writer).and_then(|caller| caller.name).as_deref(), Some("writer"));
        assert_eq!([rights(""), rights("x")], [None, None]);
        assert!(Tokens::add(&path, "writer", Rights::Read).is_err());
        assert!(Tokens::add(&path, "a b", Rights::Read).is_err());
        let text = fs::read_to_string(&path).expect("it can be read");
        assert!(!text.contains(&writer) && !text.contains(&reader));
        let without: String =
            text.lines().filter(|line| !line.starts_with("writer")).map(|l| format!("{l}\n")).collect();
        fs::write(&path, format!("# who builds\n\n{without}")).expect("it is written");
        assert_eq!((rights(&reader), rights(&writer)), (Some(Rights::Read), None));
        let cut = fs::read_to_string(&path).expect("it can be read");
        fs::write(&path, cut.trim_end()).expect("it is written");
        let NewToken(third) = Tokens::add(&path, "third", Rights::Execute).expect("it is made");
        assert_eq!((rights(&reader), rights(&third)), (Some(Rights::Read), Some(Rights::Execute)));
        fs::remove_file(&path).expect("it was there");
        assert_eq!(rights(&reader), None);
    }

    #[test]
    fn what_is_no_line_is_told_with_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens");
        let sum = sum("x");
        for line in ["a", "a write", "a all x", "a read xyz", &format!("a read {sum} b"), &format!("b read {sum}")] {
            fs::write(&path, format!("b read {sum}\n{line}\n")).expect("it is written");
            let error = Tokens::open(&path).expect_err(line).to_string();
            assert!(error.contains("line 2"), "{error}");
        }
    }
}
