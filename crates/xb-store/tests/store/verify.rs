//! A flipped byte is found, and what depends on it is made again.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use xb_core::{ContentId, Digest};
use xb_graph::ActionResult;
use xb_store::{ActionCache, Contents, Store, StoreError};

use crate::common::{World, action, content_file, listing, result};

fn content_id(bytes: &[u8]) -> ContentId {
    ContentId(Digest::of(bytes))
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_store_is_said_to_be_sound() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", &[("a/b", "b"), ("c*", "c")])).unwrap();
    world.store.materialise(tree).unwrap();
    let report = world.store.verify(false).unwrap();
    assert_eq!((report.contents, report.bytes, report.trees), (2, 2, 1));
    assert!(report.damaged.is_empty(), "{report:?}");
}

#[test]
fn a_flipped_byte_is_found_and_what_depends_on_it_goes() {
    let world = World::new();
    let folder = world.folder("in", &[("sub/file", "flipped"), ("other", "sound")]);
    let (bad, good) = (
        world.store.ingest(&folder).unwrap(),
        world.store.ingest(&world.folder("good", &[("other", "sound")])).unwrap(),
    );
    for (name, tree) in [("bad", bad), ("good", good)] {
        world.store.put_result(action(name), &result(tree)).unwrap();
        world.store.remember(name, b"key", tree).unwrap();
        world.store.add_root(name, tree).unwrap();
        world.store.materialise(tree).unwrap();
    }
    flip(&content_file(&world.store, b"flipped"));

    let report = world.store.verify(false).unwrap();
    assert_eq!(report.damaged.len(), 1, "{report:?}");
    let affected = &report.damaged[0].affected;
    let expected = [
        format!("the materialised tree {bad}"),
        "the memo bad".to_owned(),
        format!("the result of {}", action("bad")),
        "the root bad".to_owned(),
    ];
    assert_eq!(affected, &expected);
    assert!(world.store.result(action("bad")).unwrap().is_some(), "nothing goes unless it is asked for");

    assert!(world.store.verify(true).unwrap().repaired);
    assert_eq!(world.store.result(action("bad")).unwrap(), None);
    assert_eq!(world.store.recall("bad", b"key").unwrap(), None);
    assert!(!world.store.has_tree(bad).unwrap());
    assert!(world.store.result(action("good")).unwrap().is_some());
    assert!(world.store.recall("good", b"key").unwrap().is_some());
    assert!(world.store.verify(false).unwrap().damaged.is_empty());

    assert_eq!(world.store.ingest(&folder).unwrap(), bad);
    let made = world.store.materialise(bad).unwrap();
    assert_eq!(listing(&made), listing(&folder));
}

#[test]
fn what_was_built_from_something_damaged_goes_too() {
    let world = World::new();
    let root = world.store.ingest(&world.folder("root", &[("lib/file", "flipped")])).unwrap();
    let other = world.store.ingest(&world.folder("other", &[("lib/file", "sound")])).unwrap();
    let out = world.store.ingest(&world.folder("out", &[("made", "from it")])).unwrap();
    for (name, root) in [("bad", root), ("good", other)] {
        world.store.put_result(action(name), &ActionResult { root: Some(root), ..result(out) }).unwrap();
    }
    flip(&content_file(&world.store, b"flipped"));
    let report = world.store.verify(true).unwrap();
    assert_eq!(report.damaged[0].affected, [format!("the result of {}, built from it", action("bad"))]);
    assert_eq!(world.store.result(action("bad")).unwrap(), None);
    assert!(world.store.result(action("good")).unwrap().is_some());
}

#[test]
fn a_content_that_somebody_wrote_to_gets_into_nothing_new() {
    let world = World::new();
    let first = world.store.ingest(&world.folder("first", &[("f", "text")])).unwrap();
    let second = world.store.ingest(&world.folder("second", &[("g", "text"), ("x*", "text")])).unwrap();
    let shown = world.store.materialise(first).unwrap().join("f");
    fs::write(&shown, "evil").unwrap();
    let refused = world.store.materialise(second).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(world.store.open_content(content_id(b"text")).is_err());

    // Whoever brings the bytes again mends it, and what is shown of it is refused as before.
    world.store.ingest(&world.folder("third", &[("h", "text")])).unwrap();
    let made = world.store.materialise(second).unwrap();
    assert_eq!(fs::read_to_string(made.join("g")).unwrap(), "text");
    assert_eq!(fs::read_to_string(made.join("x")).unwrap(), "text");
    assert!(Store::open(&world.store_path()).unwrap().materialise(first).is_err());

    // Its time alone says nothing.
    let file = fs::File::open(content_file(&world.store, b"text")).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    assert!(world.store.open_content(content_id(b"text")).is_ok());
}

#[test]
fn of_two_forms_the_sound_one_stays() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", &[("file", "twins"), ("file-x*", "twins")])).unwrap();
    world.store.materialise(tree).unwrap();
    world.store.put_result(action("a"), &result(tree)).unwrap();
    flip(&content_file(&world.store, b"twins").with_extension("x"));
    assert_eq!(world.store.verify(true).unwrap().damaged.len(), 1);
    assert!(world.store.result(action("a")).unwrap().is_some(), "the content is still here");
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(fs::read_to_string(made.join("file-x")).unwrap(), "twins");
    assert!(world.store.verify(false).unwrap().damaged.is_empty());
}

#[test]
fn a_missing_file_is_found() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", &[("file", "text")])).unwrap();
    fs::remove_file(content_file(&world.store, b"text")).unwrap();
    assert_eq!(world.store.verify(true).unwrap().damaged[0].reason, "its file is gone");
    assert!(!world.store.has_tree(tree).unwrap());
}

#[test]
fn a_materialised_tree_that_was_written_to_is_made_again() {
    let world = World::new();
    let folder = world.folder("in", &[("sub/file", "text"), ("link", "-> file")]);
    let tree = world.store.ingest(&folder).unwrap();
    let harms: [fn(&Path); 5] = [
        |made| fs::write(made.join("sub/new"), "").unwrap(),
        |made| fs::remove_file(made.join("sub/file")).unwrap(),
        |made| {
            fs::remove_file(made.join("sub/file")).unwrap();
            fs::write(made.join("sub/file"), "evil").unwrap();
        },
        |made| {
            fs::remove_file(made.join("link")).unwrap();
            std::os::unix::fs::symlink("elsewhere", made.join("link")).unwrap();
        },
        |made| fs::set_permissions(made.join("sub"), Permissions::from_mode(0o777)).unwrap(),
    ];
    for harm in harms {
        let made = world.store.materialise(tree).unwrap();
        harm(&made);
        let report = world.store.verify(true).unwrap();
        assert_eq!(report.damaged.len(), 1, "{report:?}");
        assert_eq!(listing(&world.store.materialise(tree).unwrap()), listing(&folder));
    }
}

#[test]
fn a_damaged_directory_is_found() {
    let world = World::new();
    let folder = world.folder("in", &[("sub/file", "text")]);
    let tree = world.store.ingest(&folder).unwrap();
    world.store.put_result(action("a"), &result(tree)).unwrap();
    let database = Connection::open(world.store.folder().join("db.sqlite")).unwrap();
    database
        .execute("UPDATE directories SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB)", [])
        .unwrap();
    drop(database);
    let report = world.store.verify(true).unwrap();
    assert_eq!(report.damaged.len(), 2, "{report:?}");
    assert_eq!(world.store.result(action("a")).unwrap(), None);
    assert_eq!(world.store.ingest(&folder).unwrap(), tree);
    assert!(world.store.verify(false).unwrap().damaged.is_empty());
}

#[test]
fn repair_waits_for_nobody() {
    let world = World::new();
    let _other = Store::open(&world.store_path()).unwrap();
    assert!(matches!(world.store.verify(true), Err(StoreError::Busy { .. })));
    assert!(world.store.verify(false).is_ok());
}
