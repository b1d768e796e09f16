//! A server of the Remote Execution API: entries are results of actions, and blobs are contents.
//!
//! A server keeps an `ActionResult`, not its bytes: an entry that is none cannot be put here, and what comes is written
//! down anew.

use std::collections::HashSet;

use prost::Message as _;
use xb_build::BoxFuture;
use xb_core::Sha256;
use xb_http::Patience;
use xb_remote::proto::{ActionResult, Digest};
use xb_remote::{Connection, DigestFunction, Kind, Server};

use super::{Address, Lump, MOST_ENTRY, Remote, RemoteError, Result, entry_name, too_long};
use crate::Blob;

/// How many questions are under way at one time: they share one connection, and none waits for another.
const PARALLEL: usize = 32;

/// A key is the digest of nothing that anybody has. Some servers take a size of zero for the empty content.
const KEY_SIZE: i64 = 1;

/// A server that is a remote.
pub(super) struct Grpc {
    address: Address,
    connection: Connection,
}

impl Grpc {
    pub fn new(address: &Address, server: &Server, patience: &Patience) -> Self {
        let patience = Patience { parallel: PARALLEL, ..patience.clone() };
        let connection = Connection::new(server.clone(), DigestFunction::Sha256, patience);
        Self { address: address.clone(), connection }
    }

    fn failed(&self, error: xb_remote::RemoteError) -> RemoteError {
        let (remote, what, why) = (self.address.clone(), error.what, error.why);
        match error.kind {
            Kind::Unreachable => RemoteError::Unreachable { remote, what, why },
            Kind::Denied => RemoteError::Denied { remote, what, why },
            Kind::Busy => RemoteError::Refused { remote, what, why, passing: true },
            Kind::Refused => RemoteError::Refused { remote, what, why, passing: false },
            Kind::Lied => RemoteError::Lied { remote, what, why },
        }
    }

    fn refused(&self, what: String, why: String) -> RemoteError {
        RemoteError::Refused { remote: self.address.clone(), what, why, passing: false }
    }

    /// What an action left, with what it printed in it: servers may put that aside.
    async fn result(&self, key: Sha256) -> std::result::Result<Option<ActionResult>, xb_remote::RemoteError> {
        let what = entry_name(key);
        let Some(mut result) = self.connection.result(&key_digest(key), &what).await? else {
            return Ok(None);
        };
        if let Some(printed) = result.stdout_digest.take().filter(|_| result.stdout_raw.is_empty()) {
            let is_small = u64::try_from(printed.size_bytes).is_ok_and(|size| size <= MOST_ENTRY);
            let printed = if is_small { self.connection.read(&printed, &what).await? } else { None };
            let Some(printed) = printed else { return Ok(None) };
            result.stdout_raw = printed;
        }
        Ok(Some(result))
    }
}

impl Remote for Grpc {
    fn address(&self) -> &Address {
        &self.address
    }

    fn parallel(&self) -> usize {
        PARALLEL
    }

    fn entry(&self, key: Sha256) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let result = self.result(key).await.map_err(|error| self.failed(error))?;
            let bytes = result.map(|result| result.encode_to_vec());
            match bytes {
                Some(bytes) if bytes.len() as u64 > MOST_ENTRY => {
                    Err(RemoteError::Lied { remote: self.address.clone(), what: entry_name(key), why: too_long() })
                }
                bytes => Ok(bytes),
            }
        })
    }

    fn put_entry(&self, key: Sha256, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let what = entry_name(key);
            if bytes.len() as u64 > MOST_ENTRY {
                return Err(self.refused(what, too_long()));
            }
            let no_result = |error: prost::DecodeError| self.refused(what.clone(), format!("it is no result: {error}"));
            let result = ActionResult::decode(&*bytes).map_err(no_result)?;
            let put = self.connection.put_result(&key_digest(key), result, &what).await;
            put.map_err(|error| self.failed(error))
        })
    }

    fn blob(&self, blob: Blob) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let bytes = self.connection.read(&digest(blob), &blob.to_string()).await;
            bytes.map_err(|error| self.failed(error))
        })
    }

    fn lacks<'a>(&'a self, blobs: &'a [Blob]) -> BoxFuture<'a, Result<HashSet<Blob>>> {
        Box::pin(async move {
            let digests: Vec<_> = blobs.iter().map(|blob| digest(*blob)).collect();
            let missing = self.connection.missing(&digests).await.map_err(|error| self.failed(error))?;
            let lacking = blobs.iter().zip(&digests).filter(|(_, digest)| missing.contains(digest));
            Ok(lacking.map(|(blob, _)| *blob).collect())
        })
    }

    fn put_blobs(&self, blobs: Vec<Lump>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let contents = blobs.into_iter().map(|(blob, bytes)| (digest(blob), bytes)).collect();
            self.connection.write(contents).await.map_err(|error| self.failed(error))
        })
    }
}

fn digest(blob: Blob) -> Digest {
    Digest { hash: blob.sha256.to_string(), size_bytes: blob.size.cast_signed() }
}

fn key_digest(key: Sha256) -> Digest {
    Digest { hash: key.to_string(), size_bytes: KEY_SIZE }
}
