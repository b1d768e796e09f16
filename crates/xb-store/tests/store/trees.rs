//! Folders to trees and back.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::rc::Rc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{World, action, listing, result};
use proptest::prelude::*;
use xb_core::{Digest, TreeId};
use xb_graph::reapi::{Directory, FileNode};
use xb_graph::{Directories, DirectoriesMut};
use xb_store::{ActionCache, Contents, Store, StoreError};

const FILES: &[(&str, &str)] = &[
    ("bin/tool*", "#!/bin/sh\n"),
    ("lib/data", "data"),
    ("lib/same", "data"),
    ("lib/link", "-> ../bin/tool"),
    ("lib/outside", "-> /etc/passwd"),
    ("empty-file", ""),
];

#[test]
fn what_is_ingested_is_materialised() {
    let world = World::new();
    let folder = world.folder("in", FILES);
    fs::create_dir(folder.join("empty")).unwrap();
    let tree = world.store.ingest(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(listing(&folder), listing(&made));
    assert_eq!(world.store.ingest(&made).unwrap(), tree);
}

#[test]
fn everything_in_a_materialised_tree_has_the_constant_time() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", FILES)).unwrap();
    let made = world.store.materialise(tree).unwrap();
    for path in listing(&made).keys() {
        let meta = fs::symlink_metadata(made.join(path)).unwrap();
        assert_eq!((meta.mtime(), meta.mtime_nsec()), (1, 0), "{path}");
    }
}

#[test]
fn equal_contents_are_one_inode() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", FILES)).unwrap();
    let made = world.store.materialise(tree).unwrap();
    let inode = |name: &str| fs::metadata(made.join(name)).unwrap().ino();
    assert_eq!(inode("lib/data"), inode("lib/same"));
}

#[test]
fn all_who_need_files_to_be_executable_for_the_first_time_get_them() {
    const EACH: usize = 4;
    let world = World::new();
    for round in 0..20 {
        let node = |name: usize| {
            let script = format!("#!/bin/sh\necho {round} {name}\n");
            let digest = Some(world.store.add_bytes(script.as_bytes()).unwrap().0.into());
            FileNode { name: format!("tool-{name}"), digest, is_executable: true, ..FileNode::default() }
        };
        let files: Vec<FileNode> = (0..200).map(node).collect();
        let tree = |name: usize| Directory { files: files[name..].to_vec(), ..Directory::default() };
        let trees: Vec<TreeId> = (0..EACH).map(|name| world.store.add_directory(tree(name)).unwrap()).collect();
        let together = Barrier::new(EACH);
        let materialise = |tree| {
            together.wait();
            let made = world.store.materialise(tree);
            made.unwrap_or_else(|error| panic!("round {round}: {error}"))
        };
        std::thread::scope(|scope| trees.iter().for_each(|tree| drop(scope.spawn(|| materialise(*tree)))));
    }
}

#[test]
fn moving_a_folder_in_gives_the_same_tree_and_consumes_it() {
    let world = World::new();
    let folder = world.folder("in", FILES);
    let hard_linked = world.path("outside");
    fs::hard_link(folder.join("lib/data"), &hard_linked).unwrap();
    let copied = world.store.ingest(&folder).unwrap();
    let other = World::new();
    let other_folder = other.folder("in", FILES);
    assert_eq!(other.store.ingest_owned(&other_folder).unwrap(), copied);
    assert!(!other_folder.exists());
    let made = other.store.materialise(copied).unwrap();
    assert_eq!(listing(&made), listing(&folder));
}

#[test]
fn a_file_that_has_another_name_is_copied_not_moved() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "text")]);
    let elsewhere = world.path("elsewhere");
    fs::hard_link(folder.join("file"), &elsewhere).unwrap();
    let tree = world.store.ingest_owned(&folder).unwrap();
    fs::write(&elsewhere, "changed").unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(fs::read_to_string(made.join("file")).unwrap(), "text");
}

#[test]
fn moving_reads_what_its_owner_may_not_read() {
    let world = World::new();
    let folder = world.folder("in", &[("a/secret", "text")]);
    for name in ["a/secret", "a"] {
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o000)).unwrap();
    }
    let tree = world.store.ingest_owned(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(fs::read_to_string(made.join("a/secret")).unwrap(), "text");
}

#[test]
fn set_id_and_sticky_bits_are_part_of_a_tree() {
    let world = World::new();
    let folder = world.folder("in", &[("su*", "x"), ("plain*", "x"), ("tmp/a", "x")]);
    fs::set_permissions(folder.join("su"), Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(folder.join("tmp"), Permissions::from_mode(0o1777)).unwrap();
    let tree = world.store.ingest(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(listing(&folder), listing(&made));
    assert_eq!(world.store.ingest(&made).unwrap(), tree);
}

#[test]
fn large_files_stream_through() {
    let world = World::new();
    let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let id = world.store.add_content(&mut bytes.as_slice()).unwrap();
    assert_eq!(id.0, Digest::of(&bytes));
    let mut file = world.store.open_content(id).unwrap();
    let mut back = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut back).unwrap();
    assert_eq!(back, bytes);
}

#[test]
fn the_empty_tree_is_always_there() {
    let world = World::new();
    let empty = TreeId(Digest::of(b""));
    assert!(world.store.has_tree(empty).unwrap());
    assert_eq!(*world.store.directory(empty).unwrap(), Directory::default());
    let made = world.store.materialise(empty).unwrap();
    assert_eq!(listing(&made).len(), 1);
}

#[test]
fn trees_outlive_the_process() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", FILES)).unwrap();
    world.store.put_result(action("a"), &result(tree)).unwrap();
    world.store.remember("kind", b"key", tree).unwrap();
    world.store.add_root("mine", tree).unwrap();
    world.store.remember_bytes("kind", b"key", b"value").unwrap();
    let world = world.reopen();
    let store = &world.store;
    assert!(store.has_tree(tree).unwrap());
    assert_eq!(store.result(action("a")).unwrap(), Some(result(tree)));
    assert_eq!(store.recall("kind", b"key").unwrap(), Some(tree));
    assert_eq!(store.recall("kind", b"other").unwrap(), None);
    assert_eq!(store.recall_bytes("kind", b"key").unwrap().unwrap(), b"value");
    assert_eq!(store.roots().unwrap(), [("mine".to_owned(), tree)]);
    assert!(store.remove_root("mine").unwrap());
    assert!(!store.remove_root("mine").unwrap());
}

#[test]
fn a_tree_with_a_missing_content_is_not_whole() {
    let world = World::new();
    let directory = Directory {
        files: vec![FileNode {
            name: "file".to_owned(),
            digest: Some(Digest::of(b"nowhere").into()),
            ..FileNode::default()
        }],
        ..Directory::default()
    };
    let tree = world.store.add_directory(directory).unwrap();
    assert!(!world.store.has_tree(tree).unwrap());
    let error = world.store.materialise(tree).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(world.store.put_result(action("a"), &result(tree)).is_err());
    assert!(world.store.remember("kind", b"key", tree).is_err());
    world.store.add_bytes(b"nowhere").unwrap();
    assert!(world.store.has_tree(tree).unwrap());
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let world = World::new();
    let content = world.store.add_bytes(b"x").unwrap();
    for name in ["../x", "/etc/x", "..", "", "a/b"] {
        let directory = Directory {
            files: vec![FileNode { name: name.to_owned(), digest: Some(content.0.into()), ..FileNode::default() }],
            ..Directory::default()
        };
        let tree = world.store.add_directory(directory).unwrap();
        let error = world.store.materialise(tree).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{name}: {error}");
    }
}

#[test]
fn an_inode_with_all_its_names_taken_is_replaced() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", &[("file", "popular")])).unwrap();
    let content = crate::common::content_file(&world.store, b"popular");
    let names = world.path("names");
    fs::create_dir(&names).unwrap();
    let link = |number: u32| fs::hard_link(&content, names.join(number.to_string()));
    let limit = (0..70_000).find(|number| link(*number).is_err());
    if limit.is_none() {
        // This file system has no such limit (or a far greater one), so there is nothing to see.
        return;
    }
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(fs::read_to_string(made.join("file")).unwrap(), "popular");
    assert!(fs::metadata(&content).unwrap().nlink() < 10);
}

fn any_files() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof!["[a-c]", "[a-z ä.-]{1,6}x"];
    let path = prop::collection::vec(name, 1..5).prop_map(|parts| parts.join("/"));
    let text = prop_oneof!["[a-z]{0,3}", "[a-z]{0,300}", "-> [a-z/.]{1,9}"];
    let executable = prop_oneof![Just(""), Just("*")];
    let file = (path, executable, text).prop_map(|(path, mark, text)| (path + mark, text));
    prop::collection::vec(file, 0..20)
}

/// Leaves out what cannot be beside what came before: a file where a folder is, or the reverse.
fn possible(files: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (path, text) in files {
        let bare = path.trim_end_matches('*').to_owned();
        let clashes = kept.iter().any(|(other, _)| {
            let other = other.trim_end_matches('*');
            let beneath = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
            beneath(other, &bare) || beneath(&bare, other)
        });
        if !clashes {
            kept.push((path, text));
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn ingest_materialise_ingest_is_identity(files in any_files()) {
        // One store for all cases: that contents meet is part of what is tested.
        thread_local!(static WORLD: Rc<World> = Rc::new(World::new()));
        static CASE: AtomicU32 = AtomicU32::new(0);
        let world = WORLD.with(Rc::clone);
        let name = CASE.fetch_add(1, Ordering::Relaxed).to_string();
        let files = possible(files);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let folder = world.folder(&name, &files);
        let tree = world.store.ingest(&folder).unwrap();
        let made = world.store.materialise(tree).unwrap();
        prop_assert_eq!(listing(&folder), listing(&made));
        prop_assert_eq!(world.store.ingest(&made).unwrap(), tree);
        prop_assert_eq!(world.store.ingest_owned(&folder).unwrap(), tree);
    }
}

#[test]
fn several_results_come_in_the_order_of_the_question() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("some", &[("a", "1")])).unwrap();
    for name in ["one", "two"] {
        world.store.put_result(action(name), &result(tree)).unwrap();
    }
    let asked = ["two", "none", "one", "two"].map(action);
    let found = world.store.results(&asked).unwrap();
    assert_eq!(found, [Some(result(tree)), None, Some(result(tree)), Some(result(tree))]);
    assert!(world.store.results(&[]).unwrap().is_empty());
}

#[test]
fn a_tree_that_several_threads_want_is_made_once() {
    let world = World::new();
    let files: Vec<_> = (0..200).map(|n| format!("f{n}")).collect();
    let files: Vec<_> = files.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let tree = world.store.ingest(&world.folder("some", &files)).unwrap();
    let inode = || std::os::unix::fs::MetadataExt::ino(&world.store.materialise(tree).unwrap().metadata().unwrap());
    let inodes: std::collections::BTreeSet<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(inode)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(inodes.len(), 1);
    assert_eq!(std::fs::read_dir(world.store.scratch()).unwrap().count(), 0);
}

/// A tree that is changed by `write` where people were shown it is refused, found to be damaged, and made again.
fn check_changed(what: &str, write: impl FnOnce(&Path)) {
    let world = World::new();
    let folder = world.folder("f", &[("sub/file", "newest"), ("other", "x")]);
    let tree = world.store.ingest(&folder).unwrap();
    let place = world.store.materialise(tree).unwrap();
    world.store.sync().unwrap();
    write(&place);
    let store = Store::open(&world.store_path()).unwrap();
    for _ in 0..2 {
        let error = store.materialise(tree).unwrap_err();
        assert!(error.to_string().contains("somebody wrote"), "{what}: {error}");
    }
    drop(store);
    assert!(!world.store.verify(true).unwrap().damaged.is_empty(), "{what}");
    let again = world.store.ingest(&folder).unwrap();
    assert_eq!(fs::read(world.store.materialise(again).unwrap().join("sub/file")).unwrap(), b"newest", "{what}");
}

#[test]
fn a_tree_that_somebody_wrote_to_is_not_handed_out_again() {
    check_changed("more bytes", |place| fs::write(place.join("sub/file"), "changed").unwrap());
    check_changed("as many bytes", |place| fs::write(place.join("sub/file"), "oldest").unwrap());
    check_changed("a name", |place| fs::write(place.join("new"), "").unwrap());
    check_changed("no name", |place| fs::remove_file(place.join("sub/file")).unwrap());
}

#[test]
fn a_touched_file_with_the_right_bytes_is_as_good_as_before() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("f", &[("file", "x")])).unwrap();
    let file = world.store.materialise(tree).unwrap().join("file");
    world.store.sync().unwrap();
    fs::write(&file, "x").unwrap();
    let store = Store::open(&world.store_path()).unwrap();
    assert!(store.materialise(tree).is_ok());
    assert_eq!(std::os::unix::fs::MetadataExt::mtime(&fs::metadata(&file).unwrap()), 1);
}
