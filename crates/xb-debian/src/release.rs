//! `InRelease`: what a suite consists of, signed by Debian.
//!
//! The signature is checked first, over exactly the text that is then parsed: nothing that is unsigned is ever
//! looked at as data.

use std::collections::BTreeMap;
use std::str::from_utf8;

use serde::{Deserialize, Serialize};
use xb_core::Sha256;

use crate::cleartext;
use crate::control::{Paragraph, paragraphs};
use crate::keyring::{Keyring, Refusal, read_signatures};

/// More than this is no `InRelease` (Debian's have 150 KB).
const LIMIT: usize = 16 << 20;

/// What a suite consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// `stable`.
    pub suite: String,
    /// `trixie`.
    pub codename: String,
    /// When it was made: `Sat, 12 Sep 2026 07:55:41 UTC`.
    pub date: String,
    /// Until when it may be believed, where it says so; written as the date is.
    pub valid_until: Option<String>,
    /// The index files by their paths beneath the suite: `main/binary-amd64/Packages.xz`.
    pub files: BTreeMap<String, IndexFile>,
}

/// What an index file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFile {
    /// Its sum.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// Why an `InRelease` is not believed or not understood.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It is not a signed text, or there is more in it than that.
    #[error("this InRelease is not a signed text: {0}; fetch it again, from another mirror if need be")]
    Form(String),
    /// A known key signed something else.
    #[error(
        "the signature by the key {0} is not over this text: the InRelease was changed after it was signed; \
         fetch it again, from another mirror if need be"
    )]
    Changed(String),
    /// None of the keys that signed it is known.
    #[error(
        "no known key signed this InRelease: it is signed by {0}; known are the archive keys of bookworm and trixie"
    )]
    UnknownKey(String),
    /// The key's time was over when the signature was made.
    #[error("the key {0} signed this InRelease outside of its lifetime; a newer xb may know the new key")]
    ExpiredKey(String),
    /// There are only signatures that are not believed.
    #[error("the signature of this InRelease does not count: {0}")]
    Weak(&'static str),
    /// It is signed, and not what an `InRelease` should be.
    #[error("this InRelease is signed, but {0}: it is not the index of a Debian suite")]
    Content(String),
}

/// Checks the signature of an `InRelease`, then reads what was signed.
///
/// # Errors
/// See [`ReleaseError`].
pub fn read_in_release(text: &[u8], keys: &Keyring) -> Result<Release, ReleaseError> {
    let signed = verified(text, keys)?;
    parse(&signed)
}

/// The signed text, when at least one known key vouches for it.
fn verified(text: &[u8], keys: &Keyring) -> Result<String, ReleaseError> {
    let form = |reason: &str| ReleaseError::Form(reason.to_owned());
    if text.len() > LIMIT {
        return Err(form("it is too long"));
    }
    let text = from_utf8(text).map_err(|_| form("it is not UTF-8"))?;
    let cleartext = cleartext::split(text).map_err(form)?;
    let signatures = read_signatures(cleartext.armour).map_err(ReleaseError::Form)?;
    let mut refusals = Vec::new();
    for signature in &signatures {
        match keys.check(signature, cleartext.text.as_bytes()) {
            Ok(()) => return Ok(cleartext.text),
            Err(refusal) => refusals.push(refusal),
        }
    }
    Err(explain(refusals))
}

/// The gravest reason of all: a changed text says more than an unknown key.
fn explain(refusals: Vec<Refusal>) -> ReleaseError {
    let mut unknown = Vec::new();
    let mut other = None;
    for refusal in refusals {
        match refusal {
            Refusal::Bad(key) => return ReleaseError::Changed(key),
            Refusal::Expired(key) => other = Some(ReleaseError::ExpiredKey(key)),
            Refusal::Weak(why) => other = other.or(Some(ReleaseError::Weak(why))),
            Refusal::Unknown(key) => unknown.push(key),
        }
    }
    other.unwrap_or_else(|| match unknown.as_slice() {
        [] => ReleaseError::Form("there is no signature in its signature block".to_owned()),
        keys => ReleaseError::UnknownKey(keys.join(", ")),
    })
}

fn parse(text: &str) -> Result<Release, ReleaseError> {
    let missing = |field: &str| ReleaseError::Content(format!("it has no field `{field}`"));
    let paragraph = paragraphs(text).next().ok_or_else(|| missing("Suite"))?;
    let field = |name: &str| {
        let value = paragraph.field(name).ok_or_else(|| missing(name));
        value.map(str::to_owned)
    };
    Ok(Release {
        suite: field("Suite")?,
        codename: field("Codename")?,
        date: field("Date")?,
        valid_until: paragraph.field("Valid-Until").map(str::to_owned),
        files: parse_files(paragraph)?,
    })
}

fn parse_files(paragraph: Paragraph<'_>) -> Result<BTreeMap<String, IndexFile>, ReleaseError> {
    let sums = paragraph.field("SHA256").unwrap_or_default();
    let files = sums.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        parse_file(line)
            .ok_or_else(|| ReleaseError::Content(format!("`{}` names no file with sum and size", line.trim())))
    });
    let files: BTreeMap<_, _> = files.collect::<Result<_, _>>()?;
    if files.is_empty() {
        return Err(ReleaseError::Content("it lists no file with a SHA-256 sum".to_owned()));
    }
    Ok(files)
}

fn parse_file(line: &str) -> Option<(String, IndexFile)> {
    let mut words = line.split_ascii_whitespace();
    let sha256 = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok()?;
    let path = words.next()?.to_owned();
    words.next().is_none().then_some((path, IndexFile { sha256, size }))
}
