//! Stores, and trees in them.

use std::sync::Arc;

use tempfile::TempDir;

use xb_cache::{Limits, Packs, Remote};
use xb_core::{ContentId, TreeId};
use xb_graph::{Entry, Unbuilt, build_tree};
use xb_store::{Contents, Memory, ShortMemory, Store};

pub const LIMITS: Limits = Limits { raw_bytes: 1 << 30, directories: 100_000 };

/// A store in a folder of its own, and what moves trees between it and a remote.
pub struct Machine {
    pub store: Store,
    pub memory: Arc<ShortMemory>,
    _folder: TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        Self { store, memory: Arc::default(), _folder: folder }
    }

    pub fn packs(&self, remote: &Arc<dyn Remote>) -> Packs {
        let (remote, store) = (Arc::clone(remote), Arc::new(self.store.clone()));
        Packs { remote, store, memory: Arc::clone(&self.memory) as Arc<dyn Memory> }
    }

    pub fn content(&self, bytes: &[u8]) -> ContentId {
        self.store.add_bytes(bytes).expect("it is added")
    }

    pub fn file(&self, bytes: &[u8]) -> Entry {
        Entry::File { content: self.content(bytes), executable: false, mode: None }
    }

    pub fn tree<'a>(&self, entries: impl IntoIterator<Item = (&'a str, Entry)>) -> TreeId {
        let mut root = Unbuilt::default();
        for (path, entry) in entries {
            root.put(&path.parse().expect("a path"), entry);
        }
        build_tree(root, &self.store).expect("a tree")
    }

    pub fn has(&self, tree: TreeId) -> bool {
        self.store.has_tree(tree).expect("an answer")
    }

    /// The bytes of a content.
    pub fn read(&self, id: ContentId) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = self.store.open_content(id).expect("it is there");
        std::io::Read::read_to_end(&mut file, &mut bytes).expect("it is read");
        bytes
    }
}

/// Lines of words that are always the same, and compress as text does.
pub fn lines(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 16);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let end = if state.is_multiple_of(11) { '\n' } else { ' ' };
        bytes.extend_from_slice(format!("{:x}{end}", state % 4096 * 7919).as_bytes());
    }
    bytes.truncate(size);
    bytes
}
