//! What tests of caches share: a server, and no patience.

#![allow(dead_code, reason = "each test takes what it needs")]

pub mod server;
pub mod trees;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use xb_cache::{Blob, Patience, Remote, RemoteError};

pub fn patience() -> Patience {
    let moment = Duration::from_millis(400);
    Patience { pause: Duration::from_millis(5), silence: moment, connect: moment, ..xb_cache::patience() }
}

/// The remote at an address.
pub fn remote(address: &str) -> Arc<dyn Remote> {
    xb_cache::open(&address.parse().expect("an address"), &patience()).expect("a remote")
}

/// The remote in a folder.
pub fn folder(path: &Path) -> Arc<dyn Remote> {
    remote(path.to_str().expect("a path that is text"))
}

/// Runs what is asynchronous, and may go from thread to thread as what a build does must, to its end.
pub fn run<T>(work: impl Future<Output = T> + Send) -> T {
    run_here(work)
}

/// Runs what is asynchronous to its end.
pub fn run_here<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(work)
}

/// Whether a remote says that it has a blob.
pub async fn has(remote: &Arc<dyn Remote>, blob: Blob) -> Result<bool, RemoteError> {
    Ok(remote.lacks(&[blob]).await?.is_empty())
}

/// Puts one blob.
pub async fn put(remote: &Arc<dyn Remote>, blob: Blob, bytes: Vec<u8>) -> Result<(), RemoteError> {
    remote.put_blobs(vec![(blob, bytes)]).await
}
