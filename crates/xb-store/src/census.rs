//! Everything that the database knows, in memory: what garbage collection and verification walk.

use rusqlite::{Connection, Row};
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ActionId, ContentId, Digest, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{ActionResult, decode_directory};

use crate::db::{Database, Key};
use crate::error::Result;
use crate::materialise::digest;

/// What lies directly in a directory.
#[derive(Default)]
pub(crate) struct Beneath {
    pub(crate) files: Vec<ContentId>,
    pub(crate) folders: Vec<TreeId>,
}

/// Something that names trees or contents, and when it was last used.
pub(crate) struct Holder {
    pub(crate) kind: HolderKind,
    pub(crate) trees: Vec<TreeId>,
    pub(crate) log: Option<ContentId>,
    /// The root that a result was built from, which it does not keep.
    pub(crate) root: Option<TreeId>,
    pub(crate) used: i64,
}

/// What kind of thing it is, and its key.
#[derive(Clone, Debug)]
pub(crate) enum HolderKind {
    Root(String),
    Result(ActionId),
    Memo(String, Vec<u8>),
    Materialised(TreeId),
}

/// The rows of the database.
pub(crate) struct Census {
    pub(crate) contents: FxHashSet<ContentId>,
    pub(crate) directories: FxHashMap<TreeId, Beneath>,
    /// Directories whose bytes are not what their digest says, and why.
    pub(crate) damaged: Vec<(TreeId, String)>,
    pub(crate) holders: Vec<Holder>,
}

impl Census {
    pub(crate) fn take(db: &Database) -> Result<Self> {
        let contents = db.list("SELECT digest FROM contents", [], |row| row.get(0).map(content))?;
        let mut census = Self {
            contents: contents.into_iter().collect(),
            directories: FxHashMap::default(),
            damaged: Vec::new(),
            holders: db.read(holders)?,
        };
        let rows = db.list("SELECT digest, bytes FROM directories", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (Key(digest), bytes) in rows {
            census.add_directory(TreeId(digest), bytes);
        }
        census.directories.entry(TreeId(Digest::of(b""))).or_default();
        Ok(census)
    }

    fn add_directory(&mut self, id: TreeId, bytes: Vec<u8>) {
        let decoded = decode_directory(id, &bytes).map_err(|error| error.reason);
        match decoded.and_then(|directory| beneath(&directory).map_err(|error| error.to_string())) {
            Ok(beneath) => {
                self.directories.insert(id, beneath);
            }
            Err(reason) => self.damaged.push((id, reason)),
        }
    }

    /// The materialised trees.
    pub(crate) fn materialised(&self) -> impl Iterator<Item = TreeId> {
        self.holders.iter().filter_map(|holder| match holder.kind {
            HolderKind::Materialised(tree) => Some(tree),
            _ => None,
        })
    }
}

fn beneath(directory: &Directory) -> Result<Beneath> {
    let files = directory.files.iter().map(|file| digest(file.digest.as_ref()).map(ContentId));
    let folders = directory.directories.iter().map(|folder| digest(folder.digest.as_ref()).map(TreeId));
    Ok(Beneath { files: files.collect::<Result<_>>()?, folders: folders.collect::<Result<_>>()? })
}

fn content(Key(digest): Key) -> ContentId {
    ContentId(digest)
}

fn holders(db: &Connection) -> rusqlite::Result<Vec<Holder>> {
    let roots = list(db, "SELECT tree, 0, name FROM roots", |row, tree| {
        Ok(holder(HolderKind::Root(row.get(2)?), tree, row.get(1)?))
    })?;
    let memos = list(db, "SELECT tree, used, kind, key FROM memos", |row, tree| {
        Ok(holder(HolderKind::Memo(row.get(2)?, row.get(3)?), tree, row.get(1)?))
    })?;
    let materialised = list(db, "SELECT tree, used FROM materialised", |row, tree| {
        Ok(holder(HolderKind::Materialised(TreeId(tree)), tree, row.get(1)?))
    })?;
    let results = list(db, "SELECT action, used, result FROM results", |row, action| {
        Ok(result_holder(ActionId(action), row.get(1)?, &row.get::<_, String>(2)?))
    })?;
    Ok([roots, memos, materialised, results].into_iter().flatten().collect())
}

fn list(
    db: &Connection,
    sql: &str,
    map: impl Fn(&Row<'_>, Digest) -> rusqlite::Result<Holder>,
) -> rusqlite::Result<Vec<Holder>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let Key(digest) = row.get(0)?;
        map(row, digest)
    })?;
    rows.collect()
}

fn holder(kind: HolderKind, tree: Digest, used: i64) -> Holder {
    Holder { kind, trees: vec![TreeId(tree)], log: None, root: None, used }
}

/// A result that cannot be read holds nothing.
fn result_holder(action: ActionId, used: i64, text: &str) -> Holder {
    let result: Option<ActionResult> = serde_json::from_str(text).ok();
    let trees = result.iter().flat_map(|result| result.outputs.values().copied()).collect();
    let (log, root) = result.map_or((None, None), |result| (result.log, result.root));
    Holder { kind: HolderKind::Result(action), trees, log, root, used }
}
