//! The outputs of an action: where they really are in a container that has ended, and what is in them. All of it is the
//! word of a stranger.

use std::collections::BTreeMap;
use std::sync::Arc;

use bollard::errors::Error;
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder};
use futures_util::StreamExt as _;
use xb_archive::{ArchiveError, Limits, read_build};
use xb_build::ExecutorError;
use xb_core::{RelPath, TreeId};
use xb_graph::{Cause, MissingDirectory, ResolvedAction};
use xb_run::{MOST_LEFT_OUT, clash};
use xb_store::{Contents, StoreError};

use crate::engine::{Engine, is_missing, said};
use crate::folders::{HOSTNAME, of_docker};
use crate::stream::{Reader, from_stream};

/// How Docker marks folders and links in a mode.
const FOLDER: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// What does not outlive a container.
const ELSEWHERE: [&str; 3] = ["dev", "proc", "sys"];

/// A tar file ends in so many bytes that are zero.
const END: usize = 1024;

/// What was taken in.
#[derive(Debug, Default)]
pub struct Taken {
    /// The trees, by the names of outputs.
    pub trees: BTreeMap<String, TreeId>,
    /// What they do not hold, by paths beneath the root.
    pub left_out: Vec<String>,
}

/// All outputs of a container that has ended, or what is wrong with one.
///
/// # Errors
/// When the engine or the store fails.
pub async fn take(
    engine: &Engine,
    container: &str,
    action: &ResolvedAction,
    store: &Arc<dyn Contents>,
) -> Result<Result<Taken, Cause>, ExecutorError> {
    let refused = |wanted: &RelPath, reason| Ok(Err(Cause::RefusedOutput { path: wanted.to_string(), reason }));
    let mut places = BTreeMap::new();
    for (name, wanted) in &action.outputs {
        let Some(place) = real(engine, container, wanted).await? else {
            return Ok(Err(Cause::MissingOutput { path: wanted.to_string() }));
        };
        places.insert(name.clone(), place);
    }
    if let Some((inner, outer)) = clash(&places)
        && let (Some(inner), Some(outer)) = (action.outputs.get(inner), action.outputs.get(outer))
    {
        return refused(inner, format!("it is the folder of `/{outer}`, or lies in it"));
    }
    let mut taken = Taken::default();
    for ((name, wanted), place) in action.outputs.iter().zip(places.values()) {
        match take_one(engine, container, action, place, store).await? {
            Ok((tree, left_out)) => {
                taken.trees.insert(name.clone(), tree);
                let named = left_out.iter().take(MOST_LEFT_OUT).map(|inside| format!("{wanted}/{inside}"));
                taken.left_out.extend(named);
            }
            Err(NoTree::Refused(reason)) => return refused(wanted, reason),
            Err(NoTree::TooLarge) => return Ok(Err(Cause::DiskFull)),
        }
    }
    Ok(Ok(taken))
}

/// Where a folder really is, every link on the way followed within the root, but none at the very end; none where there
/// is no such folder.
async fn real(engine: &Engine, container: &str, path: &RelPath) -> Result<Option<RelPath>, ExecutorError> {
    let mut at = RelPath::root();
    let last = path.components().count();
    for (number, name) in path.components().enumerate() {
        let Ok(here) = at.join(name) else { return Ok(None) };
        let asked = ContainerArchiveInfoOptionsBuilder::new().path(&format!("/{here}")).build();
        let about = match engine.docker.get_container_archive_info(container, Some(asked)).await {
            Ok(about) => about,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => match why_not(engine, container, &here, error).await {
                None => return Ok(None),
                Some(error) => return Err(engine.failed("look for an output", &error)),
            },
        };
        at = match (about.file_mode & (FOLDER | LINK), number + 1 == last) {
            (FOLDER, _) => here,
            (LINK, false) => match RelPath::new(about.link_target.trim_start_matches('/')) {
                Ok(place) => place,
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
    }
    let is_elsewhere = at.components().next().is_some_and(|first| ELSEWHERE.contains(&first));
    Ok(Some(at).filter(|at| !at.is_root() && !is_elsewhere))
}

/// Why an engine does not tell about a path; none where that is because of the path.
///
/// The question itself is one that is answered without words.
async fn why_not(engine: &Engine, container: &str, path: &RelPath, error: Error) -> Option<Error> {
    const PATHS: [&str; 3] = ["too many links", "too many levels of symbolic links", "not a directory"];
    let options = DownloadFromContainerOptionsBuilder::new().path(&format!("/{path}")).build();
    let error = match engine.docker.download_from_container(container, Some(options)).next().await {
        Some(Err(why)) => why,
        _ => error,
    };
    (!is_missing(&error) && !PATHS.iter().any(|why| said(&error).contains(why))).then_some(error)
}

/// A tree, and what it does not hold.
type One = (TreeId, Vec<RelPath>);

/// Why there is no tree of what a command left.
enum NoTree {
    /// No tree can hold it: why, as half a sentence.
    Refused(String),
    /// It is more than the command may write.
    TooLarge,
}

/// The tree of a folder.
async fn take_one(
    engine: &Engine,
    container: &str,
    action: &ResolvedAction,
    place: &RelPath,
    store: &Arc<dyn Contents>,
) -> Result<Result<One, NoTree>, ExecutorError> {
    let options = DownloadFromContainerOptionsBuilder::new().path(&format!("/{place}/.")).build();
    let (filling, reader) = from_stream(engine.docker.download_from_container(container, Some(options)));
    let (store, root, most, within) = (Arc::clone(store), action.root, action.limits.disk, place.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let dropped = hostname(root, &within, &*store)?;
        read(reader, most, dropped, &*store)
    });
    let ((), read) = tokio::join!(filling, reading);
    let read = read.map_err(|error| ExecutorError::Machine(format!("the executor gave up: {error}")))?;
    match read {
        Ok(one) => Ok(Ok(one)),
        Err(ArchiveError::Store(error)) => Err(error.into()),
        Err(ArchiveError::Broken(why)) => {
            let text = format!("the Docker engine at `{}` did not hand over what is in `/{place}`: {why}", engine.host);
            Err(ExecutorError::Gone(text))
        }
        Err(ArchiveError::TooMuch { .. }) if action.limits.disk > 0 => Ok(Err(NoTree::TooLarge)),
        Err(why) => Ok(Err(NoTree::Refused(why.to_string()))),
    }
}

/// What of a folder is there only because Docker mounts it: where it is in the folder.
fn hostname(root: TreeId, place: &RelPath, store: &dyn Contents) -> Result<Option<RelPath>, ArchiveError> {
    let missing = |error: MissingDirectory| StoreError::Damaged { what: error.id.to_string(), reason: error.reason };
    let inside = HOSTNAME.strip_prefix(place.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let Some(inside) = inside.and_then(|inside| RelPath::new(inside).ok()) else { return Ok(None) };
    let (files, _) = of_docker(root, store).map_err(missing)?;
    Ok(files.contains(&HOSTNAME).then_some(inside))
}

fn read(mut from: Reader, most: u64, dropped: Option<RelPath>, store: &dyn Contents) -> Result<One, ArchiveError> {
    let limits = Limits::default();
    let limits = Limits { bytes: if most > 0 { most.min(limits.bytes) } else { limits.bytes }, ..limits };
    let collected = match read_build(&mut from, limits, store) {
        // Of one that was cut off, no entry is to blame.
        collected @ (Ok(_) | Err(ArchiveError::Entry { .. })) => collected,
        Err(error) => return Err(error),
    };
    let zeros = from.zeros_at_the_end().map_err(xb_archive::broken)?;
    if zeros < END {
        return Err(ArchiveError::Broken("the archive has no end".to_owned()));
    }
    let collected = collected?;
    let left_out = collected.left_out.clone();
    let collected = collected.without(|path, _| dropped.as_ref() == Some(path));
    Ok((collected.build(store)?, left_out))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use xb_store::Store;

    use super::*;

    /// What becomes of bytes that a container is said to have left, of which no more than 1000 may be in files.
    fn taken(bytes: Vec<u8>, store: &Store) -> Result<Vec<RelPath>, ArchiveError> {
        let (fill, reader) = from_stream(futures_util::stream::iter([Ok::<_, String>(Bytes::from(bytes))]));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.spawn(fill);
        read(reader, 1000, None, store).map(|(_, left_out)| left_out)
    }

    /// An archive of one entry: its name, which no library of ours would write, its kind, and how many bytes it has.
    fn archive(name: &[u8], kind: tar::EntryType, target: &str, size: usize) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(size as u64);
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..name.len()].copy_from_slice(name);
        fields.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        [header.as_bytes(), &vec![7; size.next_multiple_of(512)][..], &[0; END]].concat()
    }

    #[test]
    fn what_a_container_leaves_is_the_word_of_a_stranger() {
        use tar::EntryType::{Fifo, Link, Regular, Symlink};
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let taken = |bytes| taken(bytes, &store);
        let good = archive(b"./a", Regular, "", 600);
        assert_eq!(taken(good.clone()).unwrap(), []);
        assert_eq!(taken(archive(b"./p", Fifo, "", 0)).unwrap(), [RelPath::new("p").unwrap()]);
        for (bytes, why) in [
            (archive(b"/etc/passwd", Regular, "", 1), "absolute name"),
            (archive(b"./../a", Regular, "", 1), "leads upwards"),
            (archive(b"./a\xff", Regular, "", 1), "not UTF-8"),
            (archive(b"./a", Regular, "", 1001), "more than 1000 bytes"),
            (archive(b"./a", Link, "/etc/passwd", 0), "absolute name"),
            (archive(b"./a", Link, "./elsewhere", 0), "does not come before it"),
            (
                [&archive(b"./a", Symlink, "/etc", 0)[..512], &archive(b"./a/b", Regular, "", 1)].concat(),
                "not a folder",
            ),
        ] {
            let error = taken(bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}: {why}");
        }
        // Where it ends tells whether all of it came.
        for length in [good.len() - 1, good.len() - END, 700, 100] {
            assert!(matches!(taken(good[..length].to_vec()), Err(ArchiveError::Broken(_))), "{length}");
        }
    }
}
