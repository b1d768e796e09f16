//! The folders that every command finds, in the tree of its root: where no sandbox of ours makes them.
//!
//! They are `/tmp`, where anybody may write, the working folder, and those of the outputs, as the other executors make
//! them: links on the way are followed within the root.

use std::collections::BTreeMap;

use xb_core::{RelPath, TreeId};
use xb_graph::reapi::{Directory, NodeProperties, UInt32Value};
use xb_graph::{DirectoriesMut, MissingDirectory, follow, step, tree_at};

/// The mode of `/tmp`.
const TMP: u32 = 0o1777;

/// Why a root cannot have the folders that a command finds.
#[derive(Debug, thiserror::Error)]
pub enum Unfurnished {
    /// Something that is no folder lies in the way of one.
    #[error("cannot make the folder `/{path}`: `/{other}` lies in the way")]
    InTheWay {
        /// The folder.
        path: RelPath,
        /// What lies there.
        other: RelPath,
    },
    /// A directory is not in the store.
    #[error(transparent)]
    Missing(#[from] MissingDirectory),
}

/// Why there is no such folder.
enum NoFolder {
    /// Something that is no folder lies there.
    InTheWay(RelPath),
    Missing(MissingDirectory),
}

impl From<MissingDirectory> for NoFolder {
    fn from(missing: MissingDirectory) -> Self {
        Self::Missing(missing)
    }
}

/// A root with the folders that a command finds.
///
/// # Errors
/// When something lies in the way of `/tmp` or of the working folder, or a directory is not in the store. What lies in
/// the way of an output is for the command to clear.
pub fn furnished(
    root: TreeId,
    cwd: &RelPath,
    outputs: &BTreeMap<String, RelPath>,
    store: &(impl DirectoriesMut + ?Sized),
) -> Result<TreeId, Unfurnished> {
    let needed = |path: &RelPath, error| match error {
        NoFolder::Missing(error) => error.into(),
        NoFolder::InTheWay(other) => Unfurnished::InTheWay { path: path.clone(), other },
    };
    let tmp = RelPath::normalise("tmp").unwrap_or_default();
    let (mut root, place) = with_folder(root, &tmp, store).map_err(|error| needed(&tmp, error))?;
    let mode = NodeProperties { unix_mode: Some(UInt32Value { value: TMP }) };
    root = changed(root, &place, |tmp| tmp.node_properties = Some(mode), store)?;
    root = with_folder(root, cwd, store).map_err(|error| needed(cwd, error))?.0;
    for path in outputs.values() {
        match with_folder(root, path, store) {
            Ok((with, _)) => root = with,
            Err(NoFolder::InTheWay(_)) => {}
            Err(NoFolder::Missing(error)) => return Err(error.into()),
        }
    }
    Ok(root)
}

/// A tree in which `path` leads to a folder, and the place of that folder, without links.
fn with_folder(
    mut root: TreeId,
    path: &RelPath,
    store: &(impl DirectoriesMut + ?Sized),
) -> Result<(TreeId, RelPath), NoFolder> {
    let mut at = RelPath::root();
    for name in path.components() {
        if let Some(place) = follow(&at, name, |path| step(root, path, store))? {
            at = place;
            continue;
        }
        let place = at.join(name).map_err(|_| NoFolder::InTheWay(at.clone()))?;
        let folder = tree_at(root, &at, store)?.ok_or_else(|| NoFolder::InTheWay(at.clone()))?;
        if store.directory(folder)?.item(name).is_some() {
            return Err(NoFolder::InTheWay(place));
        }
        let empty = store.add_directory(Directory::default())?;
        root = changed(root, &at, |directory| directory.put_directory(name, empty), store)?;
        at = place;
    }
    Ok((root, at))
}

/// A tree in which the folder at a path without links is another.
fn changed(
    root: TreeId,
    path: &RelPath,
    change: impl FnOnce(&mut Directory),
    store: &(impl DirectoriesMut + ?Sized),
) -> Result<TreeId, MissingDirectory> {
    let Some(folder) = tree_at(root, path, store)? else { return Ok(root) };
    let mut directory = Directory::clone(&*store.directory(folder)?);
    change(&mut directory);
    let mut tree = store.add_directory(directory)?;
    let mut at = path.clone();
    while let (Some(parent), Some(name)) = (at.parent(), at.name()) {
        let Some(folder) = tree_at(root, &parent, store)? else { return Ok(root) };
        let mut directory = Directory::clone(&*store.directory(folder)?);
        directory.put_directory(name, tree);
        tree = store.add_directory(directory)?;
        at = parent;
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use xb_core::{ContentId, Digest};
    use xb_graph::{Entry, MemoryDirectories, Unbuilt, build_tree};

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).expect("a path")
    }

    fn tree(store: &MemoryDirectories, entries: &[(&str, Entry)]) -> TreeId {
        let mut root = Unbuilt::default();
        for (at, entry) in entries {
            root.put(&path(at), entry.clone());
        }
        build_tree(root, store).expect("it is built")
    }

    fn link(target: &str) -> Entry {
        Entry::Symlink { target: target.to_owned() }
    }

    fn file() -> Entry {
        Entry::File { content: ContentId(Digest::of(b"x")), executable: false, mode: None }
    }

    const FOLDER: Entry = Entry::Directory { mode: None };

    fn tmp() -> Entry {
        Entry::Directory { mode: Some(TMP) }
    }

    fn check(before: &[(&str, Entry)], cwd: &str, outputs: &[&str], after: &[(&str, Entry)]) {
        let store = MemoryDirectories::default();
        let outputs = outputs.iter().map(|output| ((*output).to_owned(), path(output))).collect();
        let made = furnished(tree(&store, before), &path(cwd), &outputs, &store);
        assert_eq!(made.expect("nothing lies in the way"), tree(&store, after), "{cwd} {outputs:?}");
    }

    #[test]
    fn what_a_command_finds_is_there() {
        check(&[], "", &[], &[("tmp", tmp())]);
        let all = [("a", file()), ("tmp", tmp()), ("xb/out", FOLDER), ("xb/src/sub", FOLDER)];
        check(&[("a", file())], "xb/src/sub", &["xb/out"], &all);
        let known = [("tmp/kept", file()), ("xb/out/kept", file())];
        check(&known, "xb", &["xb/out"], &[("tmp", tmp()), ("tmp/kept", file()), ("xb/out/kept", file())]);
    }

    #[test]
    fn links_lead_within_the_root() {
        let linked = [("xb", link("/usr/../real")), ("real/in", FOLDER), ("usr", FOLDER), ("tmp", link("real/in"))];
        let after = [
            ("xb", link("/usr/../real")),
            ("real/in", tmp()),
            ("real/out", FOLDER),
            ("real/src", FOLDER),
            ("usr", FOLDER),
            ("tmp", link("real/in")),
        ];
        check(&linked, "xb/src", &["xb/out"], &after);
    }

    #[test]
    fn what_lies_in_the_way_of_an_output_is_left_there() {
        for lies in [file(), link("nowhere")] {
            let before = [("out", lies.clone()), ("tmp", tmp())];
            check(&before, "", &["out", "out/sub"], &before);
            let store = MemoryDirectories::default();
            let root = tree(&store, &[("tmp", lies)]);
            let failed = furnished(root, &path(""), &BTreeMap::new(), &store);
            assert!(failed.is_err_and(|why| why.to_string().contains("`/tmp` lies in the way")));
        }
    }
}
