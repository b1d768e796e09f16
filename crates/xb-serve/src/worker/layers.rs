//! A root in layers: of what two roots have in common nothing is made anew.

use std::collections::HashMap;
use std::sync::Arc;

use xb_core::TreeId;
use xb_graph::reapi::{Directory, DirectoryNode};
use xb_graph::{MissingDirectory, subtree};
use xb_store::{Contents, FOLDER};

use super::Trouble;

/// The folder in which most of a system lies: what is in it is laid over each other, too.
const SYSTEM: &str = "usr";

/// The layers of a root: one for each folder in it and in its `usr`, and what else is in these.
///
/// # Errors
/// When a folder is not in the store.
pub(super) fn layers(root: TreeId, store: &dyn Contents) -> Result<Vec<TreeId>, MissingDirectory> {
    let top = store.directory(root)?;
    let mut layers = vec![store.add_directory(Directory { directories: Vec::new(), ..Directory::clone(&top) })?];
    for node in &top.directories {
        if node.name != SYSTEM {
            layers.push(store.add_directory(only(&top, node.clone()))?);
            continue;
        }
        let system = store.directory(subtree(node)?)?;
        let rest = Directory { directories: Vec::new(), ..Directory::clone(&system) };
        let parts = system.directories.iter().map(|inner| only(&system, inner.clone()));
        for part in std::iter::once(rest).chain(parts) {
            let part = store.add_directory(part)?;
            let node = DirectoryNode { name: node.name.clone(), digest: Some(part.0.into()) };
            layers.push(store.add_directory(only(&top, node))?);
        }
    }
    Ok(layers)
}

/// A folder like another, with nothing in it but one folder.
fn only(like: &Arc<Directory>, node: DirectoryNode) -> Directory {
    Directory { directories: vec![node], node_properties: like.node_properties.clone(), ..Directory::default() }
}

/// How much room the folders of layers will take that are none yet, in bytes.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn room(layers: &[TreeId], store: &dyn Contents) -> Result<u64, Trouble> {
    let mut counted = HashMap::new();
    let mut room = 0_u64;
    for layer in layers {
        if !store.is_materialised(*layer)? {
            room = room.saturating_add(folders(*layer, store, &mut counted)?.saturating_mul(FOLDER));
        }
    }
    Ok(room)
}

/// How many folders are beneath a tree, each as often as it is there. A tree is no deeper than a path.
fn folders(tree: TreeId, store: &dyn Contents, counted: &mut HashMap<TreeId, u64>) -> Result<u64, MissingDirectory> {
    if let Some(count) = counted.get(&tree) {
        return Ok(*count);
    }
    let mut count = 0_u64;
    for node in &store.directory(tree)?.directories {
        count = count.saturating_add(folders(subtree(node)?, store, counted)?).saturating_add(1);
    }
    counted.insert(tree, count);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use xb_store::Store;

    use super::*;

    #[test]
    fn what_two_roots_have_in_common_is_in_the_same_layers() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let write = |root: &Path, path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        let root = |name: &str| {
            let root = folder.path().join(name);
            for path in ["usr/bin/sh", "usr/lib/libc.so", "usr/README", "etc/passwd", "init"] {
                write(&root, path, path);
            }
            write(&root, "xb/build", name);
            write(&root, "usr/local/lib/mine", name);
            let tree = store.ingest(&root).expect("a tree");
            let layers = layers(tree, &store).expect("layers");
            let room = room(&layers, &store).expect("it is there");
            layers.iter().for_each(|layer| drop(store.materialise(*layer).expect("a folder")));
            (layers, room)
        };
        let ((one, first), (two, second)) = (root("one"), root("two"));
        // What is in the root itself and in `usr`, `etc`, `xb`, `usr/bin`, `usr/lib` and `usr/local`.
        assert_eq!((one.len(), two.len()), (7, 7));
        assert_eq!(one.iter().filter(|layer| !two.contains(layer)).count(), 2);
        // The first has `etc`, `xb` and four times `usr`, with three folders in it and one more.
        assert_eq!((first, second), (10 * FOLDER, (1 + 3) * FOLDER));
        let files = |layers: &[TreeId]| {
            let files = ["init", "usr/README", "usr/bin/sh", "usr/local/lib/mine", "xb/build", "etc/passwd"];
            let place = |layer: &TreeId| store.materialise(*layer).expect("a folder");
            files.map(|file| layers.iter().filter(|layer| place(layer).join(file).exists()).count())
        };
        assert_eq!(files(&two), [1; 6]);
    }
}
