//! What a result names, all of which must be there for it to be of use.

use std::io;

use bazel_remote_apis::build::bazel::remote::execution::v2::{ActionResult, Digest, Tree};
use prost::Message as _;
use xb_cache::Blob;

use super::{Name, Shelf};

/// A description of an output's directories is no longer than this.
const MOST_TREE: u64 = 64 << 20;

impl Shelf {
    /// Whether everything is there that a result names: files, what was printed, and what is in directories. What is no
    /// result names nothing.
    pub(super) fn has_all_of(&self, result: &[u8]) -> io::Result<bool> {
        let Ok(result) = ActionResult::decode(result) else {
            return Ok(true);
        };
        let files = result.output_files.into_iter().filter_map(|file| file.digest);
        let printed = [result.stdout_digest, result.stderr_digest].into_iter().flatten();
        for digest in files.chain(printed) {
            if !self.has_digest(&digest)? {
                return Ok(false);
            }
        }
        for directory in result.output_directories {
            let trees = [directory.tree_digest, directory.root_directory_digest];
            for (number, digest) in trees.into_iter().enumerate().filter_map(|(n, digest)| Some((n, digest?))) {
                if !self.has_digest(&digest)? || (number == 0 && !self.has_all_beneath(&digest)?) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn has_all_beneath(&self, tree: &Digest) -> io::Result<bool> {
        let Some(blob) = blob(tree) else { return Ok(false) };
        let bytes = self.bytes(Name::blob(blob.sha256), MOST_TREE)?;
        let Some(tree) = bytes.and_then(|bytes| Tree::decode(&*bytes).ok()) else {
            return Ok(false);
        };
        let directories = tree.root.into_iter().chain(tree.children);
        for digest in directories.flat_map(|directory| directory.files).filter_map(|file| file.digest) {
            if !self.has_digest(&digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a blob is there that a digest names.
    pub(crate) fn has_digest(&self, digest: &Digest) -> io::Result<bool> {
        blob(digest).map_or(Ok(false), |blob| self.has(blob))
    }
}

/// The blob that a digest names; none where it can name none here.
pub(crate) fn blob(digest: &Digest) -> Option<Blob> {
    Some(Blob { sha256: digest.hash.parse().ok()?, size: digest.size_bytes.try_into().ok()? })
}
