//! Where entries and blobs are.
//!
//! Any server that speaks Bazel's HTTP caching protocol is a remote, so is any that speaks the Remote Execution API, so
//! is a bucket of S3, and so is any folder: all have entries, whose keys say nothing of their bytes, and blobs, which are
//! named by their SHA-256.

mod address;
mod error;
mod folder;
mod grpc;
mod http;
mod s3;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use xb_build::BoxFuture;
use xb_core::Sha256;
use xb_http::Patience;

use crate::Blob;
use address::Place;
use folder::Folder;
use grpc::Grpc;
use http::Http;
use s3::S3;

pub use address::{Address, AddressError};
pub use error::RemoteError;
pub use folder::{ASIDE, BLOBS, ENTRIES, FILE_MODE, FOLDER_MODE, place_of};

/// An entry has at most so many bytes.
pub const MOST_ENTRY: u64 = 16 << 20;

/// What a remote did, or why not.
pub(crate) type Result<T> = std::result::Result<T, RemoteError>;

/// A blob, and its bytes.
pub type Lump = (Blob, Vec<u8>);

/// Small entries by keys, and blobs by their SHA-256, on another machine or in a folder.
pub trait Remote: Send + Sync {
    /// Where it is.
    fn address(&self) -> &Address;

    /// How many things one may ask of it at one time.
    fn parallel(&self) -> usize;

    /// The bytes of an entry, if there is one: at most [`MOST_ENTRY`], and whatever somebody put there.
    fn entry(&self, key: Sha256) -> BoxFuture<'_, Result<Option<Vec<u8>>>>;

    /// Puts an entry in the place of what has its key.
    fn put_entry(&self, key: Sha256, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>>;

    /// The bytes of a blob, if it is there. What is there under its name and is another is [`RemoteError::Lied`].
    fn blob(&self, blob: Blob) -> BoxFuture<'_, Result<Option<Vec<u8>>>>;

    /// Which of these blobs it says that it lacks.
    fn lacks<'a>(&'a self, blobs: &'a [Blob]) -> BoxFuture<'a, Result<HashSet<Blob>>>;

    /// Puts blobs. Where it fails, some may be there.
    fn put_blobs(&self, blobs: Vec<Lump>) -> BoxFuture<'_, Result<()>>;
}

/// The remote at an address. Nobody is asked anything yet.
///
/// # Errors
/// When this machine can speak no HTTP at all.
pub fn open(address: &Address, patience: &Patience) -> Result<Arc<dyn Remote>> {
    Ok(match &address.0 {
        Place::Folder(folder) => Arc::new(Folder::new(address, folder, patience)),
        Place::Http(root) => Arc::new(Http::new(address, root, patience)?),
        Place::S3(bucket) => Arc::new(S3::new(address, bucket, patience)?),
        Place::Grpc(server) => Arc::new(Grpc::new(address, server, patience)),
    })
}

/// How patient one is with a cache: a build can do without.
pub fn patience() -> Patience {
    Patience {
        parallel: 8,
        tries: 3,
        pause: Duration::from_millis(300),
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(30),
    }
}

/// How an entry is called in an error.
fn entry_name(key: Sha256) -> String {
    format!("the entry {key}")
}

/// Why bytes cannot be an entry: there are too many of them.
fn too_long() -> String {
    format!("an entry has at most {MOST_ENTRY} bytes")
}
