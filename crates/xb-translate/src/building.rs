//! A tree that came, as one of the store.
//!
//! Names are names that a file can have, no path is longer than any, and what is made is the canonical encoding of what
//! came.

use std::collections::HashMap;

use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::reapi::{Directory, DirectoryNode, FileNode, NodeProperties, SymlinkNode, UInt32Value, encode};
use xb_remote::proto;

use crate::Came;
use crate::came::digest;

/// No tree has more entries, or more folders: ten times what the largest sources and systems have. One folder can be
/// listed once and be in a great many places, and on a disk it is made for each of them.
const MOST_ENTRIES: u64 = 4_000_000;
const MOST_FOLDERS: u64 = 500_000;

/// No more folders are known, at some 200 bytes each.
const MOST_KNOWN: usize = 1 << 18;

/// Linux takes no longer target for a link.
const LONGEST_TARGET: usize = 4095;

impl Came {
    /// The tree by the store's names, with the directories that are not known yet.
    ///
    /// # Errors
    /// When something of it can be in no tree: half a sentence.
    pub fn to_store(&self, contents: &HashMap<proto::Digest, ContentId>) -> Result<Placed, String> {
        let mut building = Building { came: self, contents, done: self.known.clone(), directories: Vec::new() };
        let built = building.build(&self.root, 0)?;
        if built.components > RelPath::DEEPEST || built.bytes > RelPath::LONGEST {
            return Err("it is deeper, or has a longer path, than any file of a tree may have".to_owned());
        }
        if built.entries > MOST_ENTRIES || built.folders > MOST_FOLDERS {
            return Err(format!("it has more than {MOST_FOLDERS} folders, or more than {MOST_ENTRIES} entries in all"));
        }
        let Building { done, directories, .. } = building;
        Ok(Placed { tree: built.tree, directories, done })
    }
}

/// A tree by the store's names.
#[derive(Debug)]
pub struct Placed {
    /// The tree.
    pub tree: TreeId,
    /// Its directories that were not known, inner ones first.
    pub directories: Vec<Directory>,
    done: HashMap<proto::Digest, Built>,
}

/// Folders that a store has, by their names at others: they need not be read again as long as nothing is removed there.
#[derive(Debug, Default)]
pub struct Known(HashMap<proto::Digest, Built>);

impl Known {
    /// A folder, if it is known with all that is beneath it.
    pub(crate) fn get(&self, folder: &proto::Digest) -> Option<Built> {
        self.0.get(folder).copied()
    }

    /// The store has all of a tree, whose directories were added to it.
    pub fn learn(&mut self, placed: Placed) {
        if self.0.len() + placed.done.len() > MOST_KNOWN {
            self.0.clear();
        }
        self.0.extend(placed.done);
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    tree: TreeId,
    components: usize,
    bytes: usize,
    /// How many entries there are beneath it, each as often as it is there.
    entries: u64,
    /// How many of them are folders.
    folders: u64,
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
        let (mut components, mut bytes, mut entries, mut folders) = (0, 0, 0_u64, 0_u64);
        let mut measure = |name: &str, beneath: Option<Built>| {
            let (more, longer) = beneath.map_or((0, 0), |built| (built.components, built.bytes));
            entries = entries.saturating_add(beneath.map_or(1, |built| built.entries.saturating_add(1)));
            folders = folders.saturating_add(beneath.map_or(0, |built| built.folders.saturating_add(1)));
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
        let built = Built { tree: TreeId(encode(&directory).1), components, bytes, entries, folders };
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
    use prost::Message as _;
    use xb_core::Digest;
    use xb_remote::DigestFunction;

    use super::*;
    use crate::NoTree;

    /// A tree in which each of so many folders lists the next one twice: few bytes, and a great many places.
    fn doubled(depth: usize) -> Result<Placed, String> {
        let mut folders = HashMap::from([(DigestFunction::Sha256.of(b""), Vec::new())]);
        let mut named = DigestFunction::Sha256.of(b"");
        for _ in 0..depth {
            let digest = Some(proto_digest(&named));
            let node = |name: &str| DirectoryNode { name: name.to_owned(), digest: digest.clone() };
            let folder = Directory { directories: vec![node("a"), node("b")], ..Directory::default() }.encode_to_vec();
            named = DigestFunction::Sha256.of(&folder);
            folders.insert(named.clone(), folder);
        }
        let read = |named: &proto::Digest| Ok::<_, NoTree>(folders[named].clone());
        let Ok(came) = Came::read(named, DigestFunction::Sha256, &Known::default(), read) else {
            panic!("it can be read")
        };
        came.to_store(&HashMap::new())
    }

    fn proto_digest(named: &proto::Digest) -> xb_graph::reapi::DigestMessage {
        xb_graph::reapi::DigestMessage { hash: named.hash.clone(), size_bytes: named.size_bytes }
    }

    #[test]
    fn few_bytes_do_not_stand_for_a_great_many_folders() {
        let Placed { tree, directories, .. } = doubled(17).expect("262142 folders are not too many");
        assert!(tree != TreeId(Digest::of(b"")) && directories.len() == 18);
        for depth in [18, 40, 64] {
            assert!(doubled(depth).is_err_and(|why| why.contains("more than 500000 folders")), "{depth}");
        }
    }

    #[test]
    fn what_is_known_is_not_read_again() {
        let inner = Directory::default().encode_to_vec();
        let deep = Directory { directories: vec![named("empty", &inner)], ..Directory::default() }.encode_to_vec();
        let outer =
            |name: &str| Directory { directories: vec![named(name, &deep)], ..Directory::default() }.encode_to_vec();
        let all: HashMap<_, _> = [inner.clone(), deep.clone(), outer("a"), outer("b")]
            .map(|bytes| (DigestFunction::Sha256.of(&bytes), bytes))
            .into();
        let place = |name: &str, known: &mut Known| {
            let mut asked = Vec::new();
            let read = |named: &proto::Digest| {
                asked.push(all[named].clone());
                Ok::<_, NoTree>(all[named].clone())
            };
            let root = DigestFunction::Sha256.of(&outer(name));
            let Ok(came) = Came::read(root, DigestFunction::Sha256, known, read) else { panic!("it can be read") };
            let placed = came.to_store(&HashMap::new()).expect("it is a tree");
            let told = (placed.tree, placed.directories.len());
            known.learn(placed);
            (asked, told)
        };
        let mut known = Known::default();
        let (asked, (_, new)) = place("a", &mut known);
        assert_eq!((asked, new), (vec![outer("a"), deep.clone()], 3));
        let (asked, (second, new)) = place("b", &mut known);
        assert_eq!((asked, new), (vec![outer("b")], 1));
        let (asked, (again, new)) = place("b", &mut known);
        assert_eq!((asked, again, new), (vec![], second, 0));
        assert_eq!(place("b", &mut Known::default()).1, (second, 3));
    }

    fn named(name: &str, folder: &[u8]) -> DirectoryNode {
        let digest = Some(proto_digest(&DigestFunction::Sha256.of(folder)));
        DirectoryNode { name: name.to_owned(), digest }
    }
}
