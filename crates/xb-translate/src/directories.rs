//! Trees of the store as the API names them: the same directories with other digests, and with the times that files
//! have in every sandbox.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost::Message as _;
use xb_core::{ContentId, Digest, TreeId};
use xb_graph::MissingDirectory;
use xb_graph::reapi::{self, DigestMessage};
use xb_remote::proto;
use xb_store::StoreError;

use crate::names::Names;

/// The time of every file and folder in a sandbox, in seconds since 1970: that of the store's files.
const MTIME: i64 = 1;

/// The properties of files and folders that who runs something is asked to keep.
pub const KEPT: &str = "unix_mode";

/// A directory by the names of the API.
pub struct Named {
    /// What the store calls it.
    pub tree: TreeId,
    /// What the API calls it.
    pub digest: proto::Digest,
    /// The bytes of its `Directory`.
    pub bytes: Vec<u8>,
    /// The files in it.
    pub contents: Vec<(ContentId, proto::Digest)>,
}

/// The directories of a tree and all that are beneath it, inner ones first, but for those of which the API's name is
/// known; these are not looked into.
///
/// # Errors
/// When something of it is not in the store.
pub fn translate(
    root: TreeId,
    names: &Names<'_>,
    known: impl Fn(TreeId) -> Option<proto::Digest>,
) -> Result<Vec<Named>, StoreError> {
    let mut named = HashMap::new();
    let order = walk(root, names, known, &mut named)?;
    let contents: HashSet<_> = order.iter().flat_map(|(_, directory)| files(directory)).collect();
    let mut contents: Vec<_> = contents.into_iter().collect();
    contents.sort_unstable();
    let contents = names.there(&contents)?;
    let mut directories = Vec::with_capacity(order.len());
    for (tree, directory) in order {
        let bytes = encode(&directory, &contents, &named).encode_to_vec();
        let digest = names.function.of(&bytes);
        named.insert(tree, digest.clone());
        let contents = files(&directory).filter_map(|id| Some((id, contents.get(&id)?.clone()))).collect();
        directories.push(Named { tree, digest, bytes, contents });
    }
    Ok(directories)
}

/// The directories that are not known, inner ones first; those that are get into `named`.
fn walk(
    root: TreeId,
    names: &Names<'_>,
    known: impl Fn(TreeId) -> Option<proto::Digest>,
    named: &mut HashMap<TreeId, proto::Digest>,
) -> Result<Vec<(TreeId, Arc<reapi::Directory>)>, StoreError> {
    let missing = |error: MissingDirectory| StoreError::Damaged { what: error.id.to_string(), reason: error.reason };
    let (mut order, mut seen) = (Vec::new(), HashSet::new());
    let mut pending = vec![(root, None)];
    while let Some((tree, read)) = pending.pop() {
        if let Some(directory) = read {
            order.push((tree, directory));
            continue;
        }
        if !seen.insert(tree) {
            continue;
        }
        if let Some(digest) = known(tree) {
            named.insert(tree, digest);
            continue;
        }
        let directory = names.store.directory(tree).map_err(missing)?;
        let beneath: Vec<_> = directory.directories.iter().filter_map(|node| id(node.digest.as_ref())).collect();
        pending.push((tree, Some(directory)));
        pending.extend(beneath.into_iter().map(|id| (TreeId(id), None)));
    }
    Ok(order)
}

fn files(directory: &reapi::Directory) -> impl Iterator<Item = ContentId> {
    directory.files.iter().filter_map(|node| id(node.digest.as_ref())).map(ContentId)
}

fn id(digest: Option<&DigestMessage>) -> Option<Digest> {
    Digest::try_from(digest?).ok()
}

fn encode(
    directory: &reapi::Directory,
    contents: &HashMap<ContentId, proto::Digest>,
    trees: &HashMap<TreeId, proto::Digest>,
) -> proto::Directory {
    let files = directory.files.iter().map(|node| proto::FileNode {
        name: node.name.clone(),
        digest: id(node.digest.as_ref()).and_then(|id| contents.get(&ContentId(id))).cloned(),
        is_executable: node.is_executable,
        node_properties: Some(properties(node.node_properties.as_ref())),
    });
    let directories = directory.directories.iter().map(|node| proto::DirectoryNode {
        name: node.name.clone(),
        digest: id(node.digest.as_ref()).and_then(|id| trees.get(&TreeId(id))).cloned(),
    });
    let symlinks = directory.symlinks.iter().map(|node| proto::SymlinkNode {
        name: node.name.clone(),
        target: node.target.clone(),
        node_properties: None,
    });
    proto::Directory {
        files: files.collect(),
        directories: directories.collect(),
        symlinks: symlinks.collect(),
        node_properties: Some(properties(directory.node_properties.as_ref())),
    }
}

fn properties(of_store: Option<&reapi::NodeProperties>) -> proto::NodeProperties {
    let mut properties = proto::NodeProperties::default();
    properties.mtime.get_or_insert_default().seconds = MTIME;
    if let Some(mode) = of_store.and_then(|properties| properties.unix_mode.as_ref()) {
        properties.unix_mode.get_or_insert_default().value = mode.value;
    }
    properties
}
