//! A tree as an engine tells of it, and as the store has it.
//!
//! Nothing of it is believed: names are names that a file can have, no path is longer than any, and what is made is the
//! canonical encoding of what came.

use std::collections::{HashMap, HashSet};

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost::{DecodeError, Message};
use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::reapi::{
    DigestMessage, Directory, DirectoryNode, FileNode, NodeProperties, SymlinkNode, UInt32Value, encode,
};
use xb_remote::{DigestFunction, proto};

/// No tree has more entries. One folder can be listed once and be in a great many places.
const MOST_ENTRIES: u64 = 50_000_000;

/// All outputs of an action together list no more entries. An entry of two bytes, where it is listed, has hundreds in
/// memory.
const MOST_LISTED: u64 = 5_000_000;

/// Linux takes no longer target for a link.
const LONGEST_TARGET: usize = 4095;

/// `Tree`, with directories as the bytes that they are hashed as.
#[derive(Clone, PartialEq, Message)]
struct Raw {
    #[prost(bytes = "vec", optional, tag = "1")]
    root: Option<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    children: Vec<Vec<u8>>,
}

/// How many entries the trees that came so far list.
#[derive(Default)]
pub(crate) struct Listed(u64);

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

/// A tree as it came: directories by the engine's names of them.
pub(crate) struct Came {
    root: proto::Digest,
    directories: HashMap<proto::Digest, Directory>,
}

/// Why bytes are no tree.
pub(crate) enum NoTree {
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
        let mut came = Self { root: function.of(&root), directories: HashMap::new() };
        for bytes in std::iter::once(root).chain(raw.children) {
            listed.count(&bytes, 3)?;
            match Directory::decode(&*bytes) {
                Ok(directory) => {
                    if let Some(node) = directory.files.iter().find(|node| has_negative_size(node)) {
                        return Err(NoTree::Lied(format!("`{}` in it has less than no bytes", node.name)));
                    }
                    came.directories.insert(function.of(&bytes), directory);
                }
                // The API has no other way to tell of such names.
                Err(error) if error.to_string().contains("UTF-8") => {
                    return Err(NoTree::Refused("a name or the target of a link in it is not UTF-8".to_owned()));
                }
                Err(error) => return Err(NoTree::Lied(format!("a folder of it cannot be read: {error}"))),
            }
        }
        // An empty folder has no bytes that would have to be listed.
        came.directories.entry(function.of(b"")).or_default();
        Ok(came)
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

    /// The directories of the tree, inner ones first, by the store's names.
    ///
    /// # Errors
    /// When something of it can be in no tree: half a sentence.
    pub fn to_store(&self, contents: &HashMap<proto::Digest, ContentId>) -> Result<(TreeId, Vec<Directory>), String> {
        let mut building = Building { came: self, contents, done: HashMap::new(), directories: Vec::new() };
        let built = building.build(&self.root, 0)?;
        if built.components > RelPath::DEEPEST || built.bytes > RelPath::LONGEST {
            return Err("it is deeper, or has a longer path, than any file of a tree may have".to_owned());
        }
        if built.entries > MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} files and folders"));
        }
        Ok((built.tree, building.directories))
    }
}

struct Building<'a> {
    came: &'a Came,
    contents: &'a HashMap<proto::Digest, ContentId>,
    /// A folder that is in several places is built once.
    done: HashMap<proto::Digest, Built>,
    directories: Vec<Directory>,
}

/// A folder that was built, and the longest path beneath it.
#[derive(Clone, Copy)]
struct Built {
    tree: TreeId,
    components: usize,
    bytes: usize,
    /// How many entries there are beneath it, each as often as it is there.
    entries: u64,
}

impl Building<'_> {
    fn build(&mut self, named: &proto::Digest, depth: usize) -> Result<Built, String> {
        if let Some(built) = self.done.get(named) {
            return Ok(*built);
        }
        if depth > RelPath::DEEPEST {
            return Err("it is deeper than a path may be".to_owned());
        }
        let came = self.came.directories.get(named).ok_or("a folder of it is not listed")?;
        let mut directory =
            Directory { node_properties: special(came.node_properties.as_ref(), 0o700), ..Directory::default() };
        let (mut components, mut bytes, mut entries) = (0, 0, 0_u64);
        let mut measure = |name: &str, beneath: Option<Built>| {
            let (more, longer) = beneath.map_or((0, 0), |built| (built.components, built.bytes));
            entries = entries.saturating_add(1 + beneath.map_or(0, |built| built.entries.min(MOST_ENTRIES + 1)));
            components = components.max(1 + more);
            bytes = bytes.max(name.len() + if more > 0 { 1 + longer } else { 0 });
        };
        for node in &came.files {
            measure(&node.name, None);
            directory.files.push(self.file(node)?);
        }
        for node in &came.symlinks {
            measure(&node.name, None);
            directory.symlinks.push(link(node)?);
        }
        for node in &came.directories {
            let named = node.digest.as_ref().map(digest).ok_or("a folder of it has no digest")?;
            let built = self.build(&named, depth + 1)?;
            measure(&node.name, Some(built));
            let digest = Some(built.tree.0.into());
            directory.directories.push(DirectoryNode { name: node.name.clone(), digest });
        }
        directory.files.sort_by(|a, b| a.name.cmp(&b.name));
        directory.symlinks.sort_by(|a, b| a.name.cmp(&b.name));
        directory.directories.sort_by(|a, b| a.name.cmp(&b.name));
        directory.check()?;
        let built = Built { tree: TreeId(encode(&directory).1), components, bytes, entries };
        self.directories.push(directory);
        self.done.insert(named.clone(), built);
        Ok(built)
    }

    fn file(&self, node: &FileNode) -> Result<FileNode, String> {
        let content = node.digest.as_ref().and_then(|named| self.contents.get(&digest(named)));
        let content = content.ok_or_else(|| format!("`{}` in it has no digest", node.name))?;
        let mode = node.node_properties.as_ref().and_then(|properties| properties.unix_mode.as_ref());
        Ok(FileNode {
            name: node.name.clone(),
            digest: Some(content.0.into()),
            is_executable: mode.map_or(node.is_executable, |mode| mode.value & 0o111 != 0),
            node_properties: special(node.node_properties.as_ref(), 0o400),
        })
    }
}

fn digest(of_engine: &DigestMessage) -> proto::Digest {
    proto::Digest { hash: of_engine.hash.clone(), size_bytes: of_engine.size_bytes }
}

fn has_negative_size(node: &FileNode) -> bool {
    node.digest.as_ref().is_some_and(|digest| digest.size_bytes < 0)
}

fn link(node: &SymlinkNode) -> Result<SymlinkNode, String> {
    let target = &node.target;
    if target.is_empty() || target.len() > LONGEST_TARGET || target.contains('\0') {
        return Err(format!("the link `{}` in it leads to what no link can lead to", node.name));
    }
    Ok(node.clone())
}

/// The whole mode, where set-id or sticky bits are in it, with what the owner may do at least.
fn special(properties: Option<&NodeProperties>, least: u32) -> Option<NodeProperties> {
    let mode = properties?.unix_mode.as_ref()?.value & 0o7777;
    (mode & 0o7000 != 0).then_some(NodeProperties { unix_mode: Some(UInt32Value { value: mode | least }) })
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
