//! A tree as somebody else tells of it: nothing of it is believed.

use std::collections::{HashMap, HashSet};

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost::{DecodeError, Message};
use xb_graph::reapi::{DigestMessage, Directory, FileNode};
use xb_remote::{DigestFunction, proto};

use crate::building::Built;
use crate::{Known, Named};

/// All outputs of an action together list no more entries. An entry of two bytes, where it is listed, has hundreds in
/// memory.
const MOST_LISTED: u64 = 5_000_000;

/// `Tree`, with directories as the bytes that they are hashed as.
#[derive(Clone, PartialEq, Message)]
struct Raw {
    #[prost(bytes = "vec", optional, tag = "1")]
    root: Option<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    children: Vec<Vec<u8>>,
}

/// The bytes of the `Tree` of directories of which the outermost is the last, as [`translate`](crate::translate) gives
/// them.
pub fn tree_message(directories: &[Named]) -> Vec<u8> {
    let mut seen = HashSet::new();
    let (root, children) = directories.split_last().map_or((None, &[][..]), |(root, rest)| (Some(root), rest));
    let children = children.iter().filter(|child| seen.insert(&child.digest)).map(|child| child.bytes.clone());
    Raw { root: Some(root.map(|root| root.bytes.clone()).unwrap_or_default()), children: children.collect() }
        .encode_to_vec()
}

/// How many entries the trees that came so far list.
#[derive(Default)]
pub struct Listed(u64);

impl Listed {
    /// Counts what a message lists, which is in the fields up to `last`, before it is read.
    fn count(&mut self, mut message: &[u8], last: u32) -> Result<(), NoTree> {
        let unreadable = |error: DecodeError| NoTree::Lied(format!("it cannot be read: {error}"));
        while message.has_remaining() {
            let (field, kind) = decode_key(&mut message).map_err(unreadable)?;
            skip_field(kind, field, &mut message, DecodeContext::default()).map_err(unreadable)?;
            self.0 += u64::from(field <= last);
        }
        match self.0 > MOST_LISTED {
            true => Err(NoTree::Refused(format!("the outputs have more than {MOST_LISTED} files and folders"))),
            false => Ok(()),
        }
    }
}

/// A tree as it came: directories by the API's names of them.
pub struct Came {
    pub(crate) root: proto::Digest,
    pub(crate) directories: HashMap<proto::Digest, Directory>,
    /// Folders of it that were known, and are not among these.
    pub(crate) known: HashMap<proto::Digest, Built>,
}

/// Why bytes are no tree.
pub enum NoTree {
    /// No tree can hold what was made: why, as half a sentence.
    Refused(String),
    /// They are not what was asked for: why, as half a sentence.
    Lied(String),
}

impl Came {
    /// Reads the bytes of a `Tree`.
    pub fn decode(bytes: &[u8], function: DigestFunction, listed: &mut Listed) -> Result<Self, NoTree> {
        listed.count(bytes, 2)?;
        let raw = Raw::decode(bytes).map_err(|error| NoTree::Lied(format!("it cannot be read: {error}")))?;
        let root = raw.root.unwrap_or_default();
        let mut came = Self::of(function.of(&root), function);
        for bytes in std::iter::once(root).chain(raw.children) {
            came.add(function.of(&bytes), &bytes, listed)?;
        }
        Ok(came)
    }

    /// Reads a tree from who has its directories by their digests, but for those that are known.
    ///
    /// # Errors
    /// When one cannot be read, or is not what its digest says.
    pub fn read<E: From<NoTree>>(
        root: proto::Digest,
        function: DigestFunction,
        known: &Known,
        mut read: impl FnMut(&proto::Digest) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let (mut came, mut listed) = (Self::of(root.clone(), function), Listed::default());
        let mut pending = vec![root];
        while let Some(named) = pending.pop() {
            if came.directories.contains_key(&named) {
                continue;
            }
            if let Some(built) = known.get(&named) {
                came.known.insert(named, built);
                continue;
            }
            let bytes = read(&named)?;
            if function.of(&bytes) != named {
                let why = format!("the folder {} in it is another one", named.hash);
                return Err(NoTree::Lied(why).into());
            }
            let directory = came.add(named, &bytes, &mut listed)?;
            pending.extend(directory.directories.iter().filter_map(|node| node.digest.as_ref()).map(digest));
        }
        Ok(came)
    }

    /// An empty folder has no bytes that would have to be listed.
    fn of(root: proto::Digest, function: DigestFunction) -> Self {
        let directories = HashMap::from([(function.of(b""), Directory::default())]);
        Self { root, directories, known: HashMap::new() }
    }

    fn add(&mut self, named: proto::Digest, bytes: &[u8], listed: &mut Listed) -> Result<&Directory, NoTree> {
        listed.count(bytes, 3)?;
        let directory = Directory::decode(bytes).map_err(|error| match error.to_string().contains("UTF-8") {
            // The API has no other way to tell of such names.
            true => NoTree::Refused("a name or the target of a link in it is not UTF-8".to_owned()),
            false => NoTree::Lied(format!("a folder of it cannot be read: {error}")),
        })?;
        if let Some(node) = directory.files.iter().find(|node| has_negative_size(node)) {
            return Err(NoTree::Lied(format!("`{}` in it has less than no bytes", node.name)));
        }
        Ok(self.directories.entry(named).insert_entry(directory).into_mut())
    }

    /// The files in it, each once; those in folders that are listed, and are in no folder of the tree, are not.
    pub fn files(&self) -> HashSet<proto::Digest> {
        let (mut files, mut seen) = (HashSet::new(), HashSet::new());
        let mut pending = vec![self.root.clone()];
        while let Some(folder) = pending.pop() {
            let Some(directory) = self.directories.get(&folder) else { continue };
            if seen.insert(folder) {
                files.extend(directory.files.iter().filter_map(|node| node.digest.as_ref()).map(digest));
                pending.extend(directory.directories.iter().filter_map(|node| node.digest.as_ref()).map(digest));
            }
        }
        files
    }
}

pub(crate) fn digest(of_engine: &DigestMessage) -> proto::Digest {
    proto::Digest { hash: of_engine.hash.clone(), size_bytes: of_engine.size_bytes }
}

fn has_negative_size(node: &FileNode) -> bool {
    node.digest.as_ref().is_some_and(|digest| digest.size_bytes < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes in which a field, of a length that is written in one byte, is `count` times.
    fn fields(field: u8, content: &[u8], count: usize) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("it is short");
        [&[field << 3 | 2, length], content].concat().repeat(count)
    }

    fn refused(bytes: &[u8], listed: &mut Listed) -> Option<String> {
        match Came::decode(bytes, DigestFunction::Sha256, listed) {
            Err(NoTree::Refused(why)) => Some(why),
            Err(NoTree::Lied(why)) => panic!("it is no lie: {why}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn entries_are_counted_before_they_are_read_and_over_all_outputs() {
        let most = usize::try_from(MOST_LISTED).expect("it is not much");
        let told = "more than 5000000 files and folders";
        assert!(refused(&fields(2, b"", most + 1), &mut Listed::default()).is_some_and(|why| why.contains(told)));
        // A folder of files without names, of which each is two bytes.
        let folder = fields(1, b"", 100);
        let folder = Raw { root: Some(folder.clone()), children: vec![folder] }.encode_to_vec();
        let mut listed = Listed(MOST_LISTED - 300);
        assert_eq!(refused(&folder, &mut listed), None);
        assert!(refused(&folder, &mut listed).is_some_and(|why| why.contains(told)));
    }
}
