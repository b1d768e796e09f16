//! Trees from short texts, and back.
#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::collections::BTreeMap;

use xb_core::{ContentId, Digest, RelPath, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{
    Conflict, Directories, DirectoriesMut, Entry, Item, MemoryDirectories, PlacedTree, Unbuilt, build_tree, subtree,
};

pub fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

pub fn file(text: &str) -> Entry {
    Entry::File { content: ContentId(Digest::of(text.as_bytes())), executable: false, mode: None }
}

/// `text` is a file's text, `-> target` a link, `dir` and `dir 1777` a directory.
pub fn entry(text: &str) -> Entry {
    if let Some(target) = text.strip_prefix("-> ") {
        return Entry::Symlink { target: target.to_owned() };
    }
    match text.strip_prefix("dir") {
        None => file(text),
        Some(mode) => Entry::Directory { mode: u32::from_str_radix(mode.trim(), 8).ok() },
    }
}

pub fn tree(store: &MemoryDirectories, entries: &[(&str, &str)]) -> TreeId {
    let mut root = Unbuilt::default();
    for (at, text) in entries {
        root.put(&path(at), entry(text));
    }
    build_tree(root, store).unwrap()
}

pub fn placed(tree: TreeId, name: &str) -> PlacedTree {
    PlacedTree { tree, at: RelPath::root(), select: None, conflict: Conflict::Refuse, name: name.into() }
}

/// A tree as a list of paths: what a person would see.
pub fn flat(tree: TreeId, store: &MemoryDirectories) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    walk(tree, &RelPath::root(), store, &mut out);
    out
}

fn walk(tree: TreeId, at: &RelPath, store: &MemoryDirectories, out: &mut BTreeMap<String, String>) {
    let directory = store.directory(tree).unwrap();
    if !at.is_root() || directory.node_properties.is_some() {
        out.insert(at.to_string(), directory_text(&directory));
    }
    for item in directory.items() {
        let path = at.join(item.name()).unwrap();
        match item {
            Item::Directory(node) => walk(subtree(node).unwrap(), &path, store, out),
            Item::Symlink(node) => {
                out.insert(path.to_string(), format!("-> {}", node.target));
            }
            Item::File(node) => {
                let digest = node.digest.as_ref().unwrap();
                out.insert(path.to_string(), format!("file {}", &digest.hash[..8]));
            }
        }
    }
}

fn directory_text(directory: &Directory) -> String {
    let mode = directory.node_properties.as_ref();
    match mode.and_then(|properties| properties.unix_mode.as_ref()) {
        None => "dir".to_owned(),
        Some(mode) => format!("dir {:o}", mode.value),
    }
}

/// What overlayfs shows when `layers` are mounted over each other, computed as the kernel does it: directory by
/// directory, from the uppermost layer down to the first that has something else there.
pub fn overlay(layers: &[TreeId], store: &MemoryDirectories) -> TreeId {
    let mut shown = Directory::default();
    let stack: Vec<_> = layers.iter().rev().map(|layer| store.directory(*layer).unwrap()).collect();
    if let Some(top) = stack.first() {
        shown.node_properties.clone_from(&top.node_properties);
    }
    for directory in &stack {
        for item in directory.items() {
            if shown.item(item.name()).is_some() {
                continue;
            }
            let mut beneath = Vec::new();
            for layer in &stack {
                match layer.item(item.name()) {
                    None => {}
                    Some(Item::Directory(node)) => beneath.push(subtree(node).unwrap()),
                    Some(_) => break,
                }
            }
            if matches!(item, Item::Directory(_)) {
                beneath.reverse();
                shown.put_directory(item.name(), overlay(&beneath, store));
            } else {
                shown.put(item);
            }
        }
    }
    store.add_directory(shown).unwrap()
}
