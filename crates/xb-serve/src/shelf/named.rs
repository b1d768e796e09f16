//! What a result names, all of which must be there for it to be of use.

use std::collections::HashSet;
use std::io;

use bazel_remote_apis::build::bazel::remote::execution::v2::{ActionResult, Digest, Directory, Tree};
use prost::Message;
use xb_cache::Blob;

use super::{Name, Shelf};

/// A description of directories is no longer than this.
const MOST_TREE: u64 = 64 << 20;

impl Shelf {
    /// Whether everything is there that a result names: files, what was printed, and what is in directories. What is no
    /// result names nothing.
    pub(super) fn has_all_of(&self, result: &[u8]) -> io::Result<bool> {
        let Ok(result) = ActionResult::decode(result) else {
            return Ok(true);
        };
        let files = result.output_files.into_iter().filter_map(|file| file.digest);
        let mut wanted: Vec<_> = files.chain(result.stdout_digest).chain(result.stderr_digest).collect();
        let (mut trees, mut roots) = (Vec::new(), Vec::new());
        for directory in result.output_directories {
            match (directory.tree_digest, directory.root_directory_digest) {
                (Some(tree), _) => trees.push(tree),
                (None, root) => roots.extend(root),
            }
        }
        for tree in once(trees) {
            let Some(tree) = self.message::<Tree>(&tree)? else { return Ok(false) };
            let directories = tree.root.into_iter().chain(tree.children);
            wanted.extend(directories.flat_map(|directory| directory.files).filter_map(|file| file.digest));
        }
        let mut roots = once(roots);
        let mut seen: HashSet<_> = roots.iter().cloned().collect();
        while let Some(root) = roots.pop() {
            let Some(directory) = self.message::<Directory>(&root)? else { return Ok(false) };
            wanted.extend(directory.files.into_iter().filter_map(|file| file.digest));
            let inner = directory.directories.into_iter().filter_map(|inner| inner.digest);
            roots.extend(inner.filter(|inner| seen.insert(inner.clone())));
        }
        for digest in once(wanted) {
            if !self.has_digest(&digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a digest names, if it is there and is a message.
    fn message<M: Message + Default>(&self, digest: &Digest) -> io::Result<Option<M>> {
        let Some(blob) = blob(digest) else { return Ok(None) };
        let bytes = self.bytes(Name::blob(blob.sha256), MOST_TREE)?;
        Ok(bytes.and_then(|bytes| M::decode(&*bytes).ok()))
    }

    /// Whether a blob is there that a digest names.
    pub(crate) fn has_digest(&self, digest: &Digest) -> io::Result<bool> {
        blob(digest).map_or(Ok(false), |blob| self.has(blob))
    }
}

/// Each of these once: what is named often is looked at once.
fn once(mut digests: Vec<Digest>) -> Vec<Digest> {
    let mut seen = HashSet::new();
    digests.retain(|digest| seen.insert(digest.clone()));
    digests
}

/// The blob that a digest names; none where it can name none here.
pub(crate) fn blob(digest: &Digest) -> Option<Blob> {
    Some(Blob { sha256: digest.hash.parse().ok()?, size: digest.size_bytes.try_into().ok()? })
}
