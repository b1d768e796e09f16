//! A bucket of S3, or of what speaks as it does: objects are named as the files of a folder are.
//!
//! Who one is to it is in the variables that other programs of S3 read (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`); a machine's own role is
//! asked for only where `AWS_METADATA_ENDPOINT` says of whom. Where there is none of them, and no key in the url, one is
//! nobody.

use std::collections::HashSet;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, future, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStoreExt, RetryConfig};
use xb_build::BoxFuture;
use xb_core::Sha256;
use xb_http::{Patience, chain};

use super::address::Bucket;
use super::folder::{BLOBS, ENTRIES, place_of};
use super::{Address, Lump, MOST_ENTRY, Remote, RemoteError, Result, entry_name, too_long};
use crate::Blob;

/// How many things are asked for at one time: each is a request of its own.
const PARALLEL: usize = 32;

/// What tells who one is; where none of these is set, nobody is asked.
const CREDENTIALS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
];

/// A bucket that is a remote.
pub(super) struct S3 {
    address: Address,
    store: AmazonS3,
    prefix: String,
}

impl S3 {
    pub fn new(address: &Address, bucket: &Bucket, patience: &Patience) -> Result<Self> {
        // Fails only when somebody was here before, with a provider that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_somebody = bucket.user.is_some() || CREDENTIALS.iter().any(|name| std::env::var_os(name).is_some());
        let options = ClientOptions::new()
            .with_connect_timeout(patience.connect)
            .with_timeout(patience.silence)
            .with_allow_http(true);
        let backoff = BackoffConfig { init_backoff: patience.pause, ..BackoffConfig::default() };
        let max_retries = patience.tries.saturating_sub(1) as usize;
        let retry_timeout = patience.silence.saturating_mul(patience.tries);
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&bucket.name)
            .with_client_options(options)
            .with_skip_signature(!is_somebody)
            .with_retry(RetryConfig { backoff, max_retries, retry_timeout });
        if let Some((id, secret)) = &bucket.user {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        let wrong = |error: Error| RemoteError::Refused {
            remote: address.clone(),
            what: "a connection".to_owned(),
            why: error.to_string(),
            passing: false,
        };
        Ok(Self { address: address.clone(), store: builder.build().map_err(wrong)?, prefix: bucket.prefix.clone() })
    }

    fn key(&self, place: &Path) -> Key {
        Key::from_iter([self.prefix.as_str(), &place.to_string_lossy()].into_iter().flat_map(|part| part.split('/')))
    }

    fn entry_key(&self, key: Sha256) -> Key {
        self.key(&place_of(ENTRIES, key))
    }

    fn blob_key(&self, blob: Blob) -> Key {
        self.key(&place_of(BLOBS, blob.sha256))
    }

    /// The bytes of an object, if it is there, unless something is wrong with its size.
    async fn get(&self, key: &Key, what: String, wrong: impl Fn(u64) -> Option<String>) -> Result<Option<Vec<u8>>> {
        let got = match self.store.get(key).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            got => got.map_err(|error| self.failed(&what, &error))?,
        };
        if let Some(why) = wrong(got.meta.size) {
            return Err(RemoteError::Lied { remote: self.address.clone(), what, why });
        }
        let bytes = got.bytes().await.map_err(|error| self.failed(&what, &error))?;
        Ok(Some(bytes.into()))
    }

    async fn put(&self, key: &Key, what: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self.store.put(key, bytes.into()).await;
        put.map(|_| ()).map_err(|error| self.failed(what, &error))
    }

    async fn lacks_one(&self, blob: Blob) -> Result<bool> {
        match self.store.head(&self.blob_key(blob)).await {
            Ok(meta) => Ok(meta.size != blob.size),
            Err(Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(self.failed(&blob.to_string(), &error)),
        }
    }

    fn failed(&self, what: &str, error: &Error) -> RemoteError {
        let (remote, what) = (self.address.clone(), what.to_owned());
        let caused = chain(error);
        let why = if caused.is_empty() { error.to_string() } else { caused };
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => RemoteError::Denied { remote, what, why },
            // It was tried again as often as patience lasts.
            Error::Generic { .. } => RemoteError::Unreachable { remote, what, why },
            _ => RemoteError::Refused { remote, what, why, passing: false },
        }
    }
}

impl Remote for S3 {
    fn address(&self) -> &Address {
        &self.address
    }

    fn parallel(&self) -> usize {
        PARALLEL
    }

    fn entry(&self, key: Sha256) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let wrong = |size| (size > MOST_ENTRY).then(too_long);
            self.get(&self.entry_key(key), entry_name(key), wrong).await
        })
    }

    fn put_entry(&self, key: Sha256, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let what = entry_name(key);
            if bytes.len() as u64 > MOST_ENTRY {
                let remote = self.address.clone();
                return Err(RemoteError::Refused { remote, what, why: too_long(), passing: false });
            }
            self.put(&self.entry_key(key), &what, bytes).await
        })
    }

    fn blob(&self, blob: Blob) -> BoxFuture<'_, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let wrong = |size| (size != blob.size).then(|| format!("it is {size} bytes long, not {}", blob.size));
            let bytes = self.get(&self.blob_key(blob), blob.to_string(), wrong).await?;
            match bytes.as_ref().and_then(|bytes| blob.differs(bytes)) {
                Some(why) => Err(RemoteError::Lied { remote: self.address.clone(), what: blob.to_string(), why }),
                None => Ok(bytes),
            }
        })
    }

    fn lacks<'a>(&'a self, blobs: &'a [Blob]) -> BoxFuture<'a, Result<HashSet<Blob>>> {
        let asked = stream::iter(blobs).map(async |blob| Ok(self.lacks_one(*blob).await?.then_some(*blob)));
        Box::pin(asked.buffer_unordered(PARALLEL).try_filter_map(future::ok).try_collect())
    }

    fn put_blobs(&self, blobs: Vec<Lump>) -> BoxFuture<'_, Result<()>> {
        let put = stream::iter(blobs)
            .map(async |(blob, bytes)| self.put(&self.blob_key(blob), &blob.to_string(), bytes).await);
        Box::pin(put.buffer_unordered(PARALLEL).try_collect())
    }
}
