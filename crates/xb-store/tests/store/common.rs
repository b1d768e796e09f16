//! A store in a folder of its own, and folders to take in.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xb_core::{ActionId, Digest, TreeId};
use xb_graph::{ActionResult, Cause};
use xb_store::Store;

pub struct World {
    pub folder: TempDir,
    pub store: Store,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { folder, store }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store_path(&self) -> PathBuf {
        self.path("store")
    }

    /// Closes the store and opens it again, so that nothing is in memory.
    pub fn reopen(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { folder, store }
    }

    /// A folder with these files; a name that ends in `*` is executable, a text after `->` is a symlink's target.
    pub fn folder(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let top = self.path(name);
        fs::create_dir_all(&top).unwrap();
        for (path, text) in files {
            let executable = path.ends_with('*');
            let path = top.join(path.trim_end_matches('*'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => symlink(target, &path).unwrap(),
                None => write(&path, text, executable),
            }
        }
        top
    }
}

fn write(path: &Path, text: &str, executable: bool) {
    fs::write(path, text).unwrap();
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Everything in a folder: modes and texts, by path.
pub fn listing(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![top.to_owned()];
    while let Some(path) = ahead.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let mode = meta.permissions().mode() & 0o7777;
        let what = if meta.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else if meta.is_dir() {
            ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            format!("{mode:o}/")
        } else {
            format!("{mode:o} {}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
        };
        let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
        found.insert(name, what);
    }
    found
}

pub fn action(name: &str) -> ActionId {
    ActionId(Digest::of(name.as_bytes()))
}

pub fn result(tree: TreeId) -> ActionResult {
    ActionResult {
        exit_code: 0,
        outputs: [("out".to_owned(), tree)].into(),
        log: None,
        cause: Cause::Success,
        milliseconds: 1,
        peak_memory: 0,
        executor: "local".to_owned(),
        left_out: Vec::new(),
        vouched: Vec::new(),
        root: None,
    }
}

/// The one file of the store that holds this content in its plain form.
pub fn content_file(store: &Store, bytes: &[u8]) -> PathBuf {
    let hex = Digest::of(bytes).hex();
    store.folder().join("contents").join(&hex[..2]).join(hex)
}
