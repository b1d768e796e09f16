//! Trees that an engine made, into the store. Bytes are what their digests say, and what the store has already is not
//! fetched.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::sync::Arc;

use xb_build::{ExecutorError, blocking};
use xb_core::{ContentId, TreeId};
use xb_remote::{Connection, DigestFunction, proto};
use xb_translate::{Came, Listed, Names, NoTree};

use crate::executor::{Inner, failed, failed_file};

/// No tree's list of directories is longer, in bytes.
const MOST_TREE: i64 = 256 << 20;

/// How many bytes of small files are held in memory at one time.
const HELD: i64 = 8 << 20;

/// What became of a tree that was asked for.
pub(crate) enum Fetched {
    Tree(Came),
    /// The engine does not have it any more.
    Gone,
    /// No tree can hold it: why, as half a sentence.
    Refused(String),
}

/// A file without a name, on the disk of the store.
fn aside(scratch: &Path) -> io::Result<File> {
    let unusable = |error| io::Error::other(format!("cannot make a file in `{}`: {error}", scratch.display()));
    tempfile::tempfile_in(scratch).map_err(unusable)
}

/// Fetches the list of the directories of a tree, after others that were listed.
///
/// # Errors
/// When the engine cannot be reached, or has something that is no tree.
pub(crate) async fn fetch(
    connection: &Connection,
    tree: &proto::Digest,
    what: &str,
    listed: &mut Listed,
) -> Result<Fetched, ExecutorError> {
    if tree.size_bytes > MOST_TREE {
        return Ok(Fetched::Refused(format!("the list of its folders is longer than {MOST_TREE} bytes")));
    }
    let bytes = connection.read(tree, what).await.map_err(|error| failed(&error))?;
    let Some(bytes) = bytes else { return Ok(Fetched::Gone) };
    match Came::decode(&bytes, connection.function(), listed) {
        Ok(came) => Ok(Fetched::Tree(came)),
        Err(NoTree::Refused(reason)) => Ok(Fetched::Refused(reason)),
        Err(NoTree::Lied(why)) => {
            Err(ExecutorError::Machine(format!("`{}` gives {what}, and {why}", connection.server())))
        }
    }
}

/// What became of trees that came.
pub(crate) enum Taken {
    Trees(Vec<TreeId>),
    /// The engine does not have something of them any more.
    Gone,
}

/// Takes trees into the store: what it has already is not fetched.
///
/// # Errors
/// When the engine cannot be reached or lies, or the store takes nothing.
pub(crate) async fn take(
    inner: &Arc<Inner>,
    connection: &Connection,
    trees: Vec<Came>,
    what: &str,
) -> Result<Taken, ExecutorError> {
    let function = connection.function();
    let files: HashSet<_> = trees.iter().flat_map(Came::files).collect();
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by(|a, b| a.hash.cmp(&b.hash));
    let (asked, known) = blocking(inner, move |inner| {
        let known = names(inner, function).here(&files);
        Ok((files, known))
    })
    .await?;
    let lacking: Vec<_> = asked.into_iter().filter(|digest| !known.contains_key(digest)).collect();
    let Some(come) = bring(inner, connection, lacking, what).await? else {
        return Ok(Taken::Gone);
    };
    let mut contents = known;
    contents.extend(come.iter().map(|(content, digest)| (digest.clone(), *content)));
    let (server, what) = (connection.server().to_string(), what.to_owned());
    blocking(inner, move |inner| {
        names(inner, function).came(&come);
        let built = trees.iter().map(|tree| tree.to_store(&contents));
        let built = built.collect::<Result<Vec<_>, _>>();
        let built = built.map_err(|why| ExecutorError::Machine(format!("`{server}` gives {what}, and {why}")))?;
        let mut ids = Vec::new();
        for placed in built {
            for directory in placed.directories {
                let added = inner.store.add_directory(directory);
                added.map_err(|error| ExecutorError::Store(error.to_string()))?;
            }
            ids.push(placed.tree);
        }
        Ok(Taken::Trees(ids))
    })
    .await
}

fn names(inner: &Inner, function: DigestFunction) -> Names<'_> {
    Names { function, store: &*inner.store, memory: &*inner.memory }
}

/// Fetches files into the store: small ones together, large ones each by itself. None when the engine lacks one.
async fn bring(
    inner: &Arc<Inner>,
    connection: &Connection,
    digests: Vec<proto::Digest>,
    what: &str,
) -> Result<Option<Vec<(ContentId, proto::Digest)>>, ExecutorError> {
    let limit = connection.capabilities().await.map_err(|error| failed(&error))?.batch_bytes.cast_signed();
    let mut come = Vec::with_capacity(digests.len());
    let (small, large): (Vec<_>, Vec<_>) = digests.into_iter().partition(|digest| digest.size_bytes <= limit / 2);
    let mut small = small.into_iter().peekable();
    while small.peek().is_some() {
        let (mut group, mut size) = (Vec::new(), 0);
        while let Some(digest) = small.next_if(|digest| group.is_empty() || size + digest.size_bytes <= HELD) {
            size += digest.size_bytes;
            group.push(digest);
        }
        let read = connection.read_several(&group, what).await.map_err(|error| failed(&error))?;
        if read.len() < group.len() {
            return Ok(None);
        }
        let added = blocking(inner, move |inner| {
            let add = |(digest, bytes): (proto::Digest, Vec<u8>)| {
                Ok((inner.store.add_content(&mut bytes.as_slice())?, digest))
            };
            read.into_iter().map(add).collect::<Result<Vec<_>, ExecutorError>>()
        });
        come.extend(added.await?);
    }
    for digest in large {
        let read = connection.read_to(&digest, || aside(&inner.scratch), what).await;
        let Some(mut file) = read.map_err(|error| failed_file(&error))? else {
            return Ok(None);
        };
        let added = blocking(inner, move |inner| {
            file.rewind().map_err(|error| ExecutorError::Store(error.to_string()))?;
            Ok(inner.store.add_content(&mut file)?)
        });
        come.push((added.await?, digest));
    }
    Ok(Some(come))
}
