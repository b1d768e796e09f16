//! What the tests share: a world with a store and a project of its own, and servers that misbehave as told.

#![allow(dead_code)]

pub mod archive;
pub mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use xb_core::{Arch, RelPath, Sha256, TreeId};
use xb_fetch::archive::Limits;
use xb_fetch::download::patience;
use xb_fetch::{CrateIndex, GoProxy, Manners, Mirrors, Patience, PythonIndex, RockServers, Settings, Sources};
use xb_graph::reapi::Directory;
use xb_graph::{Directories as _, Fetch, FetchKind};
use xb_store::{Contents as _, Store};

/// A store and a project in a folder that goes away.
pub struct World {
    folder: tempfile::TempDir,
    pub store: Store,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { folder, store }
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn lock_path(&self) -> PathBuf {
        self.project().join("xb.lock")
    }

    pub fn lock_text(&self) -> String {
        std::fs::read_to_string(self.lock_path()).unwrap_or_default()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn settings(&self, manners: Manners, mirrors: Mirrors) -> Settings {
        Settings {
            project: self.project(),
            lock: self.lock_path(),
            manners,
            mirrors,
            crates: CrateIndex::at("http://127.0.0.1:1"),
            python: PythonIndex::at("http://127.0.0.1:1"),
            go: GoProxy::at("http://127.0.0.1:1"),
            rocks: RockServers::of_machine(["http://127.0.0.1:1".to_owned()]),
            host: Arch::Amd64,
            limits: Limits::default(),
            patience: impatient(),
            scratch: self.folder.path().to_owned(),
        }
    }

    pub fn sources(&self, manners: Manners, mirrors: Mirrors) -> Sources {
        let settings = self.settings(manners, mirrors);
        Sources::new(settings, Arc::new(self.store.clone()), Arc::new(())).unwrap()
    }

    pub fn online(&self) -> Sources {
        self.sources(Manners::default(), Mirrors::default())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every path of a tree with what lies there, one on a line.
    pub fn list(&self, tree: TreeId) -> Vec<String> {
        let mut lines = Vec::new();
        self.list_into(tree, &RelPath::root(), &mut lines);
        lines
    }

    fn list_into(&self, tree: TreeId, at: &RelPath, lines: &mut Vec<String>) {
        let directory = self.store.directory(tree).unwrap();
        for file in &directory.files {
            let mark = if file.is_executable { "*" } else { "" };
            let mode = file.node_properties.as_ref().and_then(|it| it.unix_mode.as_ref());
            let mode = mode.map_or(String::new(), |mode| format!(" {:o}", mode.value));
            let text = self.text(&directory, &file.name);
            lines.push(format!("{}{mark}{mode} = {text}", at.join(&file.name).unwrap()));
        }
        for link in &directory.symlinks {
            lines.push(format!("{} -> {}", at.join(&link.name).unwrap(), link.target));
        }
        for folder in &directory.directories {
            let path = at.join(&folder.name).unwrap();
            lines.push(format!("{path}/"));
            let digest = folder.digest.as_ref().unwrap();
            self.list_into(TreeId(digest.try_into().unwrap()), &path, lines);
        }
    }

    fn text(&self, directory: &Directory, name: &str) -> String {
        let file = directory.files.iter().find(|file| file.name == name).unwrap();
        let digest = file.digest.as_ref().unwrap();
        let mut bytes = Vec::new();
        let content = xb_core::ContentId(digest.try_into().unwrap());
        let mut file = self.store.open_content(content).unwrap();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        match bytes.len() > 40 {
            true => format!("{} bytes", bytes.len()),
            false => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The tree at a path of a tree.
    pub fn at(&self, tree: TreeId, path: &str) -> Option<String> {
        let lines = self.list(tree);
        lines.into_iter().find(|line| line.split([' ', '*', '/']).next().is_some() && line.starts_with(path))
    }
}

pub fn impatient() -> Patience {
    Patience {
        pause: Duration::from_millis(5),
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(700),
        ..patience()
    }
}

pub fn sha256(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;

    Sha256(sha2::Sha256::digest(bytes).into())
}

pub fn file(url: &str) -> Fetch {
    Fetch { url: url.to_owned(), how: FetchKind::File { name: "it".to_owned(), executable: false }, sha256: None }
}

pub fn archive(url: &str, strip: u32) -> Fetch {
    Fetch { url: url.to_owned(), how: FetchKind::Archive { strip }, sha256: None }
}

/// Says why a test is passed over; where nothing may be (`XB_TEST_NO_SKIP=1`), that is a failure.
pub fn skip(why: &str) {
    assert!(
        std::env::var_os("XB_TEST_NO_SKIP").is_none_or(|value| value != "1"),
        "this test may not be skipped: {why}"
    );
    use std::io::Write as _;

    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
