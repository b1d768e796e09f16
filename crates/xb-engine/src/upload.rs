//! What an engine lacks of a tree goes there.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use xb_build::{ExecutorError, blocking};
use xb_core::{ContentId, TreeId};
use xb_remote::{Connection, proto};
use xb_store::{Contents, StoreError};
use xb_translate::{Named, Names, translate};

use crate::executor::{Inner, failed, failed_file};

/// How many bytes of small files are held in memory at one time.
const HELD: u64 = 8 << 20;

/// How many large files go at one time.
const STREAMS: usize = 4;

/// Sees to it that the engine has a tree, with all that is beneath it, and returns what the engine calls it.
///
/// # Errors
/// When something of it is not in the store, or the engine does not take it.
pub(crate) async fn tree(
    inner: &Arc<Inner>,
    connection: &Connection,
    root: TreeId,
) -> Result<proto::Digest, ExecutorError> {
    loop {
        if let Some(digest) = inner.known.tree(root) {
            return Ok(digest);
        }
        let mut claim = inner.known.claim(root);
        if claim.trees.is_empty() {
            claim.settle().await.map_err(ExecutorError::Gone)?;
            continue;
        }
        let function = connection.function();
        let translated = blocking(inner, move |inner| {
            let names = Names { function, store: &*inner.store, memory: &*inner.memory };
            Ok(translate(root, &names, |tree| inner.known.tree(tree))?)
        })
        .await?;
        claim.extend(translated.iter().map(|directory| directory.tree));
        let ours: HashSet<_> = claim.trees.iter().copied().collect();
        let all = translated.len();
        let digest = translated.last().map(|directory| directory.digest.clone());
        let ours = translated.into_iter().filter(|directory| ours.contains(&directory.tree)).collect();
        let sent = send(inner, connection, ours).await;
        if let Err(ExecutorError::Gone(why)) = &sent {
            claim.is_gone(why);
        }
        let sent = sent?;
        // What is ours may lie above what another sends, so it is not whole yet.
        if sent.len() == all {
            inner.known.has(sent);
        }
        if !claim.settle().await.map_err(ExecutorError::Gone)?
            && let Some(digest) = digest
        {
            return Ok(digest);
        }
    }
}

/// Sends what the engine lacks of these directories and their files, and returns what it calls them.
async fn send(
    inner: &Arc<Inner>,
    connection: &Connection,
    directories: Vec<Named>,
) -> Result<Vec<(TreeId, proto::Digest)>, ExecutorError> {
    let contents = directories.iter().flat_map(|directory| &directory.contents);
    let contents: HashMap<_, _> = contents.map(|(content, digest)| (digest.clone(), *content)).collect();
    let mut digests: Vec<_> = directories.iter().map(|directory| directory.digest.clone()).collect();
    digests.extend(contents.keys().cloned());
    let missing = connection.missing(&digests).await.map_err(|error| failed(&error))?;
    let contents = contents.into_iter().filter(|(digest, _)| missing.contains(digest)).collect();
    files(inner, connection, contents).await?;
    let mut sent = Vec::with_capacity(directories.len());
    let mut lacking = Vec::new();
    for directory in directories {
        if missing.contains(&directory.digest) {
            lacking.push((directory.digest.clone(), directory.bytes));
        }
        sent.push((directory.tree, directory.digest));
    }
    connection.write(lacking).await.map_err(|error| failed(&error))?;
    Ok(sent)
}

/// Sends files: small ones together, large ones each by itself and never held in memory.
async fn files(
    inner: &Arc<Inner>,
    connection: &Connection,
    contents: Vec<(proto::Digest, ContentId)>,
) -> Result<(), ExecutorError> {
    let limit = connection.capabilities().await.map_err(|error| failed(&error))?.batch_bytes;
    let (small, large): (Vec<_>, Vec<_>) = contents.into_iter().partition(|(_, content)| content.0.size() <= limit / 2);
    for group in groups(small) {
        let read = blocking(inner, move |inner| {
            let read = group.into_iter().map(|(digest, content)| Ok((digest, read(&*inner.store, content)?)));
            Ok(read.collect::<Result<Vec<_>, StoreError>>()?)
        });
        connection.write(read.await?).await.map_err(|error| failed(&error))?;
    }
    let streams = stream::iter(large).map(|(digest, content)| file(inner, connection, digest, content));
    streams.buffer_unordered(STREAMS).try_collect().await
}

async fn file(
    inner: &Arc<Inner>,
    connection: &Connection,
    digest: proto::Digest,
    content: ContentId,
) -> Result<(), ExecutorError> {
    let open = || inner.store.open_content(content).map_err(std::io::Error::other);
    connection.write_file(&digest, open).await.map_err(|error| failed_file(&error))
}

/// Files in as few groups as may be, of which none is more than is held at one time.
fn groups(files: Vec<(proto::Digest, ContentId)>) -> Vec<Vec<(proto::Digest, ContentId)>> {
    let mut groups: Vec<Vec<_>> = Vec::new();
    let mut room = 0;
    for file in files {
        let size = file.1.0.size();
        match groups.last_mut() {
            Some(group) if size <= room => {
                room -= size;
                group.push(file);
            }
            _ => {
                room = HELD.saturating_sub(size);
                groups.push(vec![file]);
            }
        }
    }
    groups
}

fn read(store: &dyn Contents, content: ContentId) -> Result<Vec<u8>, StoreError> {
    let damaged = |error: std::io::Error| StoreError::Damaged { what: content.to_string(), reason: error.to_string() };
    let mut bytes = Vec::new();
    store.open_content(content)?.take(content.0.size() + 1).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}
