//! How the Remote Execution API names contents of the store, and the other way round.
//!
//! A content is hashed once by the other digest function; then it is remembered:
//!
//! | kind | key | value |
//! |---|---|---|
//! | `sha256-v1` | the BLAKE3 of a content, and its size | its SHA-256 |
//! | `of-sha256-v1` | the SHA-256 of a content, and its size | its BLAKE3 |
//!
//! Hashes have their 32 bytes, sizes eight, the lowest first. The second kind spares fetching what is here already, and
//! is only believed of contents that the store still has.

use std::collections::HashMap;

use rayon::prelude::*;
use xb_core::{ContentId, Digest, Sha256};
use xb_remote::{DigestFunction, Hashing, proto};
use xb_store::{Contents, Memory, StoreError};

const THERE: &str = "sha256-v1";
const HERE: &str = "of-sha256-v1";

/// How contents are named.
pub struct Names<'a> {
    /// By which function.
    pub function: DigestFunction,
    /// What has the contents.
    pub store: &'a dyn Contents,
    /// What remembers their names.
    pub memory: &'a dyn Memory,
}

impl Names<'_> {
    /// What these contents are called there; those that were never hashed are.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn there(&self, contents: &[ContentId]) -> Result<HashMap<ContentId, proto::Digest>, StoreError> {
        if self.function == DigestFunction::Blake3 {
            return Ok(contents.iter().map(|content| (*content, message(content.0.hex(), content.0.size()))).collect());
        }
        let keys: Vec<_> = contents.iter().map(|content| key(content.0.hash(), content.0.size())).collect();
        let known = self.memory.recall(THERE, &keys);
        let known = contents.iter().zip(known).map(|(content, value)| (*content, value.and_then(hash)));
        let (known, unknown): (Vec<_>, Vec<_>) = known.partition(|(_, hash)| hash.is_some());
        let unknown: Vec<_> = unknown.into_iter().map(|(content, _)| content).collect();
        let hashed = unknown.par_iter().map(|content| Ok((*content, self.hashed(*content)?)));
        let hashed: Vec<(ContentId, [u8; 32])> = hashed.collect::<Result<_, StoreError>>()?;
        self.remember(&hashed);
        let known = known.into_iter().filter_map(|(content, hash)| Some((content, hash?)));
        let named = |(content, hash): (ContentId, _)| (content, message(Sha256(hash).to_string(), content.0.size()));
        Ok(known.chain(hashed).map(named).collect())
    }

    /// What is in the store of the contents of these names, as far as it is known.
    pub fn here(&self, digests: &[proto::Digest]) -> HashMap<proto::Digest, ContentId> {
        let id =
            |digest: &proto::Digest, hash| Some(ContentId(Digest::new(hash, u64::try_from(digest.size_bytes).ok()?)));
        let of_api = |digest: &proto::Digest| Some(digest.hash.parse::<Sha256>().ok()?.0);
        let found: Vec<Option<ContentId>> = match self.function {
            DigestFunction::Blake3 => digests.iter().map(|digest| id(digest, of_api(digest)?)).collect(),
            DigestFunction::Sha256 => {
                let size = |digest: &proto::Digest| digest.size_bytes.cast_unsigned();
                let key = |digest| of_api(digest).map_or(Vec::new(), |hash| key(&hash, size(digest)));
                let keys: Vec<_> = digests.iter().map(key).collect();
                let known = self.memory.recall(HERE, &keys).into_iter();
                known.zip(digests).map(|(value, digest)| id(digest, hash(value?)?)).collect()
            }
        };
        let is_here = |content: &ContentId| matches!(self.store.has_content(*content), Ok(true));
        let pairs = digests.iter().cloned().zip(found);
        pairs.filter_map(|(digest, content)| Some((digest, content.filter(is_here)?))).collect()
    }

    /// Takes note of how contents are called there that came.
    pub fn came(&self, contents: &[(ContentId, proto::Digest)]) {
        let hash = |digest: &proto::Digest| Some(digest.hash.parse::<Sha256>().ok()?.0);
        let known: Vec<_> = contents.iter().filter_map(|(content, digest)| Some((*content, hash(digest)?))).collect();
        self.remember(&known);
    }

    fn hashed(&self, content: ContentId) -> Result<[u8; 32], StoreError> {
        let mut file = self.store.open_content(content)?;
        let unreadable = |error: &dyn std::fmt::Display| StoreError::Damaged {
            what: format!("the content {content}"),
            reason: error.to_string(),
        };
        let digest = Hashing::all_of(self.function, &mut file).map_err(|error| unreadable(&error))?;
        if digest.size_bytes != content.0.size().cast_signed() {
            return Err(unreadable(&format_args!("it is {} bytes long", digest.size_bytes)));
        }
        digest.hash.parse::<Sha256>().map(|sha256| sha256.0).map_err(|error| unreadable(&error))
    }

    fn remember(&self, hashed: &[(ContentId, [u8; 32])]) {
        if hashed.is_empty() || self.function == DigestFunction::Blake3 {
            return;
        }
        let there = hashed.iter().map(|(content, hash)| (key(content.0.hash(), content.0.size()), hash.to_vec()));
        self.memory.remember_all(THERE, &there.collect::<Vec<_>>());
        let here = hashed.iter().map(|(content, hash)| (key(hash, content.0.size()), content.0.hash().to_vec()));
        self.memory.remember_all(HERE, &here.collect::<Vec<_>>());
    }
}

fn key(hash: &[u8; 32], size: u64) -> Vec<u8> {
    [&hash[..], &size.to_le_bytes()].concat()
}

fn hash(value: Vec<u8>) -> Option<[u8; 32]> {
    value.try_into().ok()
}

fn message(hash: String, size: u64) -> proto::Digest {
    proto::Digest { hash, size_bytes: size.cast_signed() }
}
