//! The shortest way to "nothing to do": what a build was made from, and what it led to.
//!
//! A build that succeeded is remembered by what was asked for. It counts again when every file that was read, every
//! folder that went in and the lock are what they were, and every result still lies in the store as a folder, which
//! holds all of it. Then neither the evaluator nor the planner is asked.
//!
//! After a day it counts no longer, so that the whole build is looked up again: that marks what it needs as used, and
//! garbage collection that keeps a day or more keeps what an active project uses.
//!
//! The program's own file is part of the key: another xb has another standard library and may decide otherwise.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use xb_build::{RECIPES, Realised, RealisedNode};
use xb_core::{Arch, Digest, RelPath, TreeId};
use xb_eval::Product;
use xb_fetch::Lock;
use xb_graph::{Folder, Graph, Method, Node, NodeId};
use xb_store::{Contents, Store, StoreError};

use crate::emission::Emission;
use crate::project::Project;
use crate::report::{Built, MOST_LISTED};
use crate::request::Request;
use crate::session::Session;

const KIND: &str = "build-memo-v2";

/// How long a build is remembered.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a build was made from, and what it led to.
#[derive(Debug, Serialize, Deserialize)]
struct Memo {
    made: SystemTime,
    reads: Vec<(RelPath, Digest)>,
    folders: Vec<(Folder, TreeId)>,
    lock: Option<Digest>,
    results: Vec<Built>,
}

#[derive(Serialize)]
struct Key<'a> {
    version: &'a str,
    program: Option<(u64, u64, i64, i64)>,
    project: &'a std::path::Path,
    targets: Vec<(&'a RelPath, Option<&'a str>)>,
    arches: &'a [Arch],
    methods: &'a [Method],
    ships: bool,
    checks: bool,
    /// Whose word counts.
    trust: Option<Digest>,
}

/// The results of a build for which nothing has changed; none when something has, or when that cannot be told.
pub fn recall(store: &Store, request: &Request, checks: bool, trust: Option<Digest>) -> Option<Vec<Built>> {
    let bytes = store.recall_bytes(KIND, &key(request, checks, trust)?).ok()??;
    let memo: Memo = serde_json::from_slice(&bytes).ok()?;
    holds(store, &request.project, &memo).then(|| {
        let mut results = memo.results;
        results.iter_mut().for_each(|built| built.cached = true);
        results
    })
}

/// Remembers a build that succeeded. Failing to costs time, never correctness.
///
/// A lock that is not the one that was built with any more is not remembered: another xb has changed it meanwhile.
pub fn remember(
    session: &Session,
    request: &Request,
    checks: bool,
    trust: Option<Digest>,
    emission: &Emission,
    realised: &Realised,
    results: &[Built],
) {
    let memo = || {
        let memo = Memo {
            made: SystemTime::now(),
            reads: emission.reads.clone(),
            folders: folders(&emission.graph, realised),
            lock: lock_used(session)?,
            results: results.to_vec(),
        };
        Some((key(request, checks, trust)?, serde_json::to_vec(&memo).ok()?))
    };
    if let Some((key, value)) = memo() {
        let _ = session.store.remember_bytes(KIND, &key, &value);
    }
}

/// Forgets every build of the store, and what is known of what is made of what: what ran again may have led to something
/// else, which other builds contain, too.
///
/// # Errors
/// See [`StoreError`].
pub fn forget_all(store: &Store) -> Result<(), StoreError> {
    store.forget_bytes(KIND)?;
    store.forget_bytes(RECIPES)
}

fn key(request: &Request, checks: bool, trust: Option<Digest>) -> Option<Vec<u8>> {
    let key = Key {
        version: env!("CARGO_PKG_VERSION"),
        program: program(),
        project: &request.project.folder,
        targets: request.targets.iter().map(|target| (&target.file, target.name.as_deref())).collect(),
        arches: &request.arches,
        methods: &request.methods,
        ships: request.product == Product::Shipped,
        checks,
        trust,
    };
    let bytes = serde_json::to_vec(&key).ok()?;
    Some(Digest::of(&bytes).hash().to_vec())
}

/// What tells this program's file from another one.
fn program() -> Option<(u64, u64, i64, i64)> {
    let file = std::fs::metadata("/proc/self/exe").ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// The digest of the lock's file, while it says what was built with; nothing in it for no file.
fn lock_used(session: &Session) -> Option<Option<Digest>> {
    let used = session.sources.lock();
    match std::fs::read_to_string(session.project.lock()) {
        Ok(text) => (text.parse::<Lock>().ok()? == *used).then(|| Some(Digest::of(text.as_bytes()))),
        Err(_) => (*used == Lock::default()).then_some(None),
    }
}

fn lock_digest(project: &Project) -> Option<Digest> {
    std::fs::read(project.lock()).ok().map(|bytes| Digest::of(&bytes))
}

/// The folders of the project that went in, as they went in. What was not needed had no say in the result.
fn folders(graph: &Graph, realised: &Realised) -> Vec<(Folder, TreeId)> {
    let folder = |(id, node): (&NodeId, &RealisedNode)| match graph.node(*id) {
        Node::Folder(folder) => Some(((**folder).clone(), *node.outputs.get("out")?)),
        _ => None,
    };
    realised.nodes.iter().filter_map(folder).collect()
}

fn folder_now(store: &Store, project: &Project, folder: &Folder) -> Option<TreeId> {
    xb_fetch::ingest_folder(&project.folder, folder, store).ok()
}

/// Whether a result is still there; those that are shown by their paths are looked at, since people may write to them.
fn is_whole(store: &Store, built: &Built, is_shown: bool) -> bool {
    if is_shown { store.materialise(built.tree).is_ok() } else { built.path.is_dir() }
}

fn holds(store: &Store, project: &Project, memo: &Memo) -> bool {
    let unchanged = |(path, digest): &(RelPath, Digest)| {
        std::fs::read(project.on_disk(path)).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
    };
    memo.made.elapsed().is_ok_and(|age| age < LIFE)
        && memo.lock == lock_digest(project)
        && memo.reads.iter().all(unchanged)
        && memo.folders.iter().all(|(folder, tree)| folder_now(store, project, folder) == Some(*tree))
        && memo.results.iter().all(|built| is_whole(store, built, memo.results.len() <= MOST_LISTED))
}
