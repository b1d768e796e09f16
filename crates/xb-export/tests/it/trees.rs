//! Trees in a store.

use std::io::Cursor;

use tempfile::TempDir;
use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::{DirectoriesMut, Entry, Unbuilt, build_tree};
use xb_store::{Contents, Store};

use crate::support::folder;

pub struct World {
    pub folder: TempDir,
    pub store: Store,
}

impl World {
    pub fn new() -> Self {
        let folder = folder();
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { folder, store }
    }

    pub fn content(&self, text: &str) -> ContentId {
        self.store.add_content(&mut Cursor::new(text.as_bytes())).unwrap()
    }

    pub fn file(&self, text: &str) -> Entry {
        Entry::File { content: self.content(text), executable: false, mode: None }
    }

    pub fn tree(&self, entries: impl IntoIterator<Item = (String, Entry)>) -> TreeId {
        let mut root = Unbuilt::default();
        for (path, entry) in entries {
            root.put(&RelPath::new(&path).unwrap(), entry);
        }
        build_tree(root, &self.store as &dyn DirectoriesMut).unwrap()
    }

    /// A tree with one of everything.
    pub fn everything(&self) -> TreeId {
        let program = Entry::File { content: self.content("#!/bin/sh\n"), executable: true, mode: None };
        let setid = Entry::File { content: self.content("setid"), executable: true, mode: Some(0o4755) };
        let link = |target: &str| Entry::Symlink { target: target.to_owned() };
        let long = "n".repeat(120);
        self.tree(
            [
                ("usr/bin/program", program),
                ("usr/bin/setid", setid),
                ("usr/bin/link", link("../lib/./x//y/")),
                ("usr/bin.d/a", self.file("")),
                ("usr/share/ü \n", self.file(&"x".repeat(70_000))),
                (&format!("usr/{long}/{long}"), self.file("long")),
                ("usr/long", link(&"t/".repeat(100))),
                ("tmp", Entry::Directory { mode: Some(0o1777) }),
                ("empty", Entry::Directory { mode: None }),
            ]
            .map(|(path, entry)| (path.to_owned(), entry)),
        )
    }
}
