//! Several packages' trees as one, by dpkg's rules about who may have which path.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::convert::Infallible;

use xb_core::{RelPath, TreeId};
use xb_graph::reapi::{Directory, NodeProperties};
use xb_graph::{Entry, Step, Unbuilt};
use xb_store::Contents;

use super::packages::{Unpacked, title};
use crate::error::FetchError;
use crate::storage::{file_content, missing};

/// What lies at each path, and which package it is from.
///
/// A folder of one package that is a link to a folder in another is that folder: what lies in it is put where the
/// link leads. A path that two packages have must be the same in both, as it is for packages of several
/// architectures that may be installed together.
#[derive(Default)]
pub(crate) struct Merged {
    entries: BTreeMap<RelPath, (Entry, usize)>,
}

impl Merged {
    /// Merges trees, in their order.
    pub(crate) fn of(packages: &[Unpacked], store: &(impl Contents + ?Sized)) -> Result<Self, FetchError> {
        let mut merged = Self::default();
        for (owner, package) in packages.iter().enumerate() {
            let mut walk = Walk { merged: &mut merged, packages, owner, store };
            walk.folder(&RelPath::root(), package.tree)?;
        }
        Ok(merged)
    }

    /// What lies at a path, links in it not followed.
    pub(crate) fn get(&self, path: &RelPath) -> Option<&Entry> {
        self.entries.get(path).map(|(entry, _)| entry)
    }

    /// Puts an entry, whatever was there.
    pub(crate) fn put(&mut self, path: RelPath, entry: Entry) {
        self.entries.insert(path, (entry, usize::MAX));
    }

    /// Every path, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &RelPath> {
        self.entries.keys()
    }

    /// The tree, to be built.
    pub(crate) fn into_unbuilt(self) -> Unbuilt {
        let mut root = Unbuilt::default();
        for (path, (entry, _)) in self.entries {
            root.put(&path, entry);
        }
        root
    }

    /// Where a path leads when the links on it are followed; to itself when they go round.
    fn follow(&self, path: &RelPath) -> RelPath {
        let look = |path: &RelPath| match self.get(path) {
            Some(Entry::Symlink { target }) => Ok::<_, Infallible>(Step::Link(target.clone())),
            _ => Ok(Step::Into),
        };
        let Ok(end) = xb_graph::follow(&RelPath::root(), path.as_str(), look);
        end.unwrap_or_else(|| path.clone())
    }
}

struct Walk<'m, S: ?Sized> {
    merged: &'m mut Merged,
    packages: &'m [Unpacked],
    owner: usize,
    store: &'m S,
}

impl<S: Contents + ?Sized> Walk<'_, S> {
    fn folder(&mut self, at: &RelPath, tree: TreeId) -> Result<(), FetchError> {
        let directory = self.store.directory(tree).map_err(missing)?;
        let at = self.merged.follow(at);
        self.own_mode(&at, &directory)?;
        for file in &directory.files {
            let content = file_content(file).ok_or_else(|| damaged(tree))?;
            let entry =
                Entry::File { content, executable: file.is_executable, mode: mode(file.node_properties.as_ref()) };
            self.put(join(&at, &file.name, tree)?, entry)?;
        }
        for link in &directory.symlinks {
            let entry = Entry::Symlink { target: link.target.clone() };
            self.put(join(&at, &link.name, tree)?, entry)?;
        }
        for folder in &directory.directories {
            let digest = folder.digest.as_ref().and_then(|digest| digest.try_into().ok());
            let inner = TreeId(digest.ok_or_else(|| damaged(tree))?);
            self.folder(&join(&at, &folder.name, tree)?, inner)?;
        }
        Ok(())
    }

    fn own_mode(&mut self, at: &RelPath, directory: &Directory) -> Result<(), FetchError> {
        let mode = mode(directory.node_properties.as_ref());
        match at.is_root() {
            true => Ok(()),
            false => self.put(at.clone(), Entry::Directory { mode }),
        }
    }

    fn put(&mut self, path: RelPath, entry: Entry) -> Result<(), FetchError> {
        let (old, owner) = match self.merged.entries.entry(path.clone()) {
            Slot::Vacant(slot) => {
                slot.insert((entry, self.owner));
                return Ok(());
            }
            Slot::Occupied(slot) => slot.into_mut(),
        };
        match (&old, &entry) {
            // dpkg never replaces a folder by a link to one.
            (Entry::Directory { .. }, Entry::Symlink { .. }) => Ok(()),
            (Entry::Directory { mode }, Entry::Directory { mode: new }) => {
                *old = Entry::Directory { mode: mode.or(*new) };
                Ok(())
            }
            _ if *old == entry => Ok(()),
            _ => Err(FetchError::Clash {
                first: self.packages.get(*owner).map_or_else(String::new, |it| title(&it.package)),
                second: title(&self.packages[self.owner].package),
                path: path.to_string(),
            }),
        }
    }
}

fn join(at: &RelPath, name: &str, tree: TreeId) -> Result<RelPath, FetchError> {
    at.join(name).map_err(|_| damaged(tree))
}

fn damaged(tree: TreeId) -> FetchError {
    FetchError::Store(xb_store::StoreError::Damaged {
        what: format!("the tree {tree}"),
        reason: "an entry of it names nothing".to_owned(),
    })
}

fn mode(properties: Option<&NodeProperties>) -> Option<u32> {
    properties?.unix_mode.as_ref().map(|mode| mode.value)
}

#[cfg(test)]
mod tests {
    use xb_core::Sha256;
    use xb_debian::Pinned;
    use xb_graph::build_tree;
    use xb_store::Store;

    use super::*;

    fn package(store: &Store, name: &str, entries: &[(&str, Entry)]) -> Unpacked {
        let mut root = Unbuilt::default();
        for (path, entry) in entries {
            root.put(&RelPath::new(path).unwrap(), entry.clone());
        }
        let package = Pinned {
            name: name.to_owned(),
            version: "1".to_owned(),
            arch: "amd64".to_owned(),
            path: "pool/x".to_owned(),
            sha256: Sha256([0; 32]),
            size: 0,
        };
        let tree = build_tree(root, store).unwrap();
        Unpacked { package, tree, control: None }
    }

    fn file(store: &Store, text: &str) -> Entry {
        Entry::File { content: store.add_content(&mut text.as_bytes()).unwrap(), executable: false, mode: None }
    }

    fn link(target: &str) -> Entry {
        Entry::Symlink { target: target.to_owned() }
    }

    fn check(packages: impl Fn(&Store) -> Vec<Unpacked>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let merged = Merged::of(&packages(&store), &store).map_err(|error| error.to_string())?;
        Ok(merged.paths().map(ToString::to_string).collect())
    }

    #[test]
    fn the_same_file_in_two_packages_is_one_file() {
        let paths = check(|store| {
            let same = file(store, "same");
            vec![package(store, "a", &[("etc/x", same.clone())]), package(store, "b", &[("etc/x", same)])]
        });
        assert_eq!(paths.unwrap(), ["etc", "etc/x"]);
    }

    #[test]
    fn two_packages_that_differ_are_both_named() {
        let error = check(|store| {
            let one = package(store, "one", &[("etc/x", file(store, "1"))]);
            vec![one, package(store, "two", &[("etc/x", file(store, "2"))])]
        });
        let error = error.unwrap_err();
        assert!(error.contains("one 1 (amd64)") && error.contains("two 1 (amd64)") && error.contains("/etc/x"));
    }

    #[test]
    fn what_lies_in_a_folder_that_is_a_link_elsewhere_goes_where_it_leads() {
        let paths = check(|store| {
            let links = [("usr/lib/x", link("../share/x")), ("usr/share/x/a", file(store, "a"))];
            vec![package(store, "a", &links), package(store, "b", &[("usr/lib/x/b", file(store, "b"))])]
        });
        let expected = ["usr", "usr/lib", "usr/lib/x", "usr/share", "usr/share/x", "usr/share/x/a", "usr/share/x/b"];
        assert_eq!(paths.unwrap(), expected);
    }

    #[test]
    fn links_on_the_way_of_a_link_are_followed_too() {
        let paths = check(|store| {
            let links = [("usr/lib/x", link("../alias/in/../x")), ("usr/alias", link("/usr/share"))];
            let folders = [("usr/share/x/a", file(store, "a")), ("usr/share/in", link("/opt/in"))];
            let rest = [("opt/x", link("../usr/share/x")), ("opt/in/c", file(store, "c"))];
            let first = package(store, "a", &[links, folders, rest].concat());
            vec![first, package(store, "b", &[("usr/lib/x/b", file(store, "b"))])]
        });
        let paths = paths.unwrap();
        assert!(paths.iter().any(|path| path == "usr/share/x/b"), "{paths:?}");
        assert!(
            !paths.iter().any(|path| path.starts_with("usr/alias/") || path.starts_with("usr/lib/x/")),
            "{paths:?}"
        );
    }

    #[test]
    fn links_that_go_round_end() {
        let paths = check(|store| {
            let round = package(store, "a", &[("x", link("y")), ("y", link("x"))]);
            vec![round, package(store, "b", &[("x/b", file(store, "b"))])]
        });
        assert!(paths.is_err());
    }
}
