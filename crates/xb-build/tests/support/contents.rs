//! Contents and results in memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use xb_core::{ActionId, ContentId, Digest, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{ActionResult, Directories, DirectoriesMut, MemoryDirectories, MissingDirectory};
use xb_store::{ActionCache, Contents, StoreError};

#[derive(Debug, Default)]
pub struct MemoryContents {
    directories: MemoryDirectories,
    texts: Mutex<HashMap<ContentId, Vec<u8>>>,
    /// How many directories were added.
    pub added: AtomicUsize,
}

impl MemoryContents {
    /// The text of a file at the top of a tree.
    pub fn text(&self, tree: TreeId, name: &str) -> String {
        let directory = self.directory(tree).unwrap();
        let file = directory.files.iter().find(|file| file.name == name).unwrap();
        let id = ContentId(Digest::try_from(file.digest.as_ref().unwrap()).unwrap());
        String::from_utf8(self.texts.lock().unwrap()[&id].clone()).unwrap()
    }
}

impl Directories for MemoryContents {
    fn directory(&self, id: TreeId) -> Result<Arc<Directory>, MissingDirectory> {
        self.directories.directory(id)
    }
}

impl DirectoriesMut for MemoryContents {
    fn add_directory(&self, directory: Directory) -> Result<TreeId, MissingDirectory> {
        self.added.fetch_add(1, Ordering::Relaxed);
        self.directories.add_directory(directory)
    }
}

fn missing<T>(what: &str) -> Result<T, StoreError> {
    Err(StoreError::Missing { what: what.to_owned() })
}

impl Contents for MemoryContents {
    fn add_content(&self, from: &mut dyn Read) -> Result<ContentId, StoreError> {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        let id = ContentId(Digest::of(&bytes));
        self.texts.lock().unwrap().insert(id, bytes);
        Ok(id)
    }

    fn open_content(&self, _: ContentId) -> Result<File, StoreError> {
        missing("a file on a disk")
    }

    fn ingest(&self, _: &Path) -> Result<TreeId, StoreError> {
        missing("a disk")
    }

    fn materialise(&self, _: TreeId) -> Result<PathBuf, StoreError> {
        missing("a disk")
    }

    fn has_tree(&self, tree: TreeId) -> Result<bool, StoreError> {
        Ok(self.directory(tree).is_ok())
    }
}

#[derive(Debug, Default)]
pub struct MemoryCache {
    pub results: Mutex<HashMap<ActionId, ActionResult>>,
}

impl ActionCache for MemoryCache {
    fn result(&self, action: ActionId) -> Result<Option<ActionResult>, StoreError> {
        Ok(self.results.lock().unwrap().get(&action).cloned())
    }

    fn put_result(&self, action: ActionId, result: &ActionResult) -> Result<(), StoreError> {
        self.results.lock().unwrap().insert(action, result.clone());
        Ok(())
    }

    fn forget(&self, action: ActionId) -> Result<(), StoreError> {
        self.results.lock().unwrap().remove(&action);
        Ok(())
    }
}
