//! What garbage collection takes and what it leaves.

use std::fs;
use std::time::Duration;

use xb_core::TreeId;
use xb_store::{ActionCache, Contents, GcPolicy, Store, StoreError};

use crate::common::{World, action, content_file, result};

const NOTHING: GcPolicy = GcPolicy { age: None, bytes: None, wait: false, dry_run: false };

fn tree(world: &World, name: &str) -> TreeId {
    let folder = world.folder(name, &[("own", name), ("sub/shared", "shared")]);
    world.store.ingest(&folder).unwrap()
}

#[test]
fn only_what_roots_need_stays() {
    let world = World::new();
    let twins = world.folder("gone", &[("own", "gone"), ("own-x*", "gone"), ("sub/shared", "shared")]);
    let (kept, gone) = (tree(&world, "kept"), world.store.ingest(&twins).unwrap());
    world.store.add_root("mine", kept).unwrap();
    world.store.put_result(action("kept"), &result(kept)).unwrap();
    world.store.put_result(action("gone"), &result(gone)).unwrap();
    let gone_place = world.store.materialise(gone).unwrap();
    let kept_place = world.store.materialise(kept).unwrap();
    let told = world.store.gc(&GcPolicy { dry_run: true, ..NOTHING }).unwrap();
    assert!(gone_place.exists() && world.store.has_tree(gone).unwrap());
    let report = world.store.gc(&NOTHING).unwrap();
    assert_eq!((report.files, report.bytes, report.trees, report.results), (2, 8, 1, 1));
    assert_eq!(told, report);
    assert!(!gone_place.exists() && kept_place.exists());
    assert!(!content_file(&world.store, b"gone").exists());
    assert!(!world.store.has_tree(gone).unwrap());
    assert_eq!(world.store.result(action("gone")).unwrap(), None);
    assert_eq!(world.store.result(action("kept")).unwrap(), Some(result(kept)));
    assert!(world.store.verify(false).unwrap().damaged.is_empty());
}

#[test]
fn what_was_used_within_the_age_stays() {
    let world = World::new();
    let used = tree(&world, "used");
    world.store.remember("kind", b"key", used).unwrap();
    world.store.remember_bytes("kind", b"key", b"note").unwrap();
    let policy = GcPolicy { age: Some(Duration::from_secs(3600)), ..NOTHING };
    world.store.gc(&policy).unwrap();
    assert_eq!(world.store.recall("kind", b"key").unwrap(), Some(used));
    assert!(world.store.recall_bytes("kind", b"key").unwrap().is_some());
    world.store.gc(&NOTHING).unwrap();
    assert_eq!(world.store.recall("kind", b"key").unwrap(), None);
    assert!(world.store.recall_bytes("kind", b"key").unwrap().is_none());
    assert_eq!(world.store.stats().unwrap().bytes, 0);
}

#[test]
fn a_limit_in_bytes_keeps_no_more() {
    let world = World::new();
    for number in 0..10 {
        let text = number.to_string().repeat(1000);
        let folder = world.folder(&format!("f{number}"), &[("file", &text)]);
        let tree = world.store.ingest(&folder).unwrap();
        world.store.remember("kind", text.as_bytes(), tree).unwrap();
    }
    let policy = GcPolicy { bytes: Some(3500), ..NOTHING };
    let report = world.store.gc(&policy).unwrap();
    assert_eq!((report.memos, report.kept_bytes), (7, 3000));
    assert_eq!(world.store.stats().unwrap().bytes, 3000);
}

#[test]
fn while_another_has_the_store_open_nothing_goes() {
    let world = World::new();
    tree(&world, "gone");
    let other = Store::open(&world.store_path()).unwrap();
    let error = world.store.gc(&NOTHING).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    drop(other);
    assert!(world.store.gc(&NOTHING).unwrap().files > 0);
}

#[test]
fn what_dead_processes_left_goes() {
    let world = World::new();
    let stale = world.store.folder().join("tmp/4711-0");
    fs::create_dir(&stale).unwrap();
    fs::write(stale.join("half"), "half").unwrap();
    let lock = world.store.folder().join("locks/dead");
    fs::write(&lock, "").unwrap();
    let unrecorded = content_file(&world.store, b"unrecorded");
    fs::write(&unrecorded, "unrecorded").unwrap();
    let report = world.store.gc(&NOTHING).unwrap();
    assert_eq!((report.scratch, report.files), (1, 1));
    assert!(!stale.exists() && !lock.exists() && !unrecorded.exists());
}

#[test]
fn a_store_goes_on_after_collecting() {
    let world = World::new();
    let first = tree(&world, "tree");
    world.store.gc(&NOTHING).unwrap();
    assert_eq!(tree(&world, "tree"), first);
    let made = world.store.materialise(first).unwrap();
    assert_eq!(fs::read_to_string(made.join("own")).unwrap(), "tree");
}

#[test]
fn folders_of_materialised_trees_count_however_few_bytes_name_them() {
    let world = World::new();
    // 3 folders at each of 5 levels: 1 + 3 + 9 + 27 + 81 + 243 of them, in six directories.
    let folder = world.folder("many", &[]);
    let mut ends = vec![folder.clone()];
    for _ in 0..5 {
        ends = ends.iter().flat_map(|end| ["a", "b", "c"].map(|name| end.join(name))).collect();
    }
    ends.iter().for_each(|end| fs::create_dir_all(end).unwrap());
    let tree = world.store.ingest(&folder).unwrap();
    world.store.remember("kind", b"key", tree).unwrap();
    let place = world.store.materialise(tree).unwrap();
    let all = 364 * xb_store::FOLDER;
    let report = world.store.gc(&GcPolicy { bytes: Some(all), ..NOTHING }).unwrap();
    assert_eq!((report.trees, report.kept_bytes), (0, all));
    let report = world.store.gc(&GcPolicy { bytes: Some(all - 1), ..NOTHING }).unwrap();
    assert_eq!((report.trees, report.memos, report.kept_bytes), (1, 0, 0));
    assert!(!place.exists() && world.store.has_tree(tree).unwrap());
    // A root is kept as it lies there.
    world.store.add_root("mine", tree).unwrap();
    let place = world.store.materialise(tree).unwrap();
    let report = world.store.gc(&GcPolicy { bytes: Some(1), ..NOTHING }).unwrap();
    assert!(report.trees == 0 && report.kept_bytes == all && place.exists(), "{report:?}");
}

#[test]
fn slots_are_shared_by_all_processes_and_come_back() {
    let world = World::new();
    let other = Store::open(&world.store_path()).unwrap();
    let first = world.store.try_lease("farm", 2).unwrap();
    let second = other.try_lease("farm", 2).unwrap();
    assert!(first.is_some() && second.is_some() && world.store.try_lease("farm", 2).unwrap().is_none());
    assert!(world.store.try_lease("other", 1).unwrap().is_some());
    drop(second);
    assert!(world.store.try_lease("farm", 2).unwrap().is_some());
}
