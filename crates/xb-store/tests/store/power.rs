//! After a loss of power only what outlived it is believed.

use std::fs;

use rusqlite::Connection;
use xb_store::{ActionCache, Contents, Store};

use crate::common::{World, action, content_file, listing, result};

/// Makes every epoch one of an earlier boot, as if the machine had been started again.
fn reboot(world: World, meanwhile: impl FnOnce(&World)) -> World {
    let World { folder, store } = world;
    drop(store);
    let database = Connection::open(folder.path().join("store/v1/db.sqlite")).unwrap();
    database.execute("UPDATE epochs SET boot = 'an earlier one'", []).unwrap();
    drop(database);
    fs::write(folder.path().join("store/v1/boot"), "an earlier one").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let world = World { store: Store::open(elsewhere.path()).unwrap(), folder };
    meanwhile(&world);
    World { store: Store::open(&world.store_path()).unwrap(), folder: world.folder }
}

fn in_store(world: &World, bytes: &[u8]) -> std::path::PathBuf {
    let path = content_file(&world.store, bytes);
    world.store_path().join("v1").join(path.strip_prefix(world.store.folder()).unwrap())
}

#[test]
fn what_was_lost_is_not_believed() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "lost"), ("other", "kept")]);
    let lost = world.store.ingest(&folder).unwrap();
    let kept = world.store.ingest(&world.folder("kept", &[("other", "kept")])).unwrap();
    for (name, tree) in [("lost", lost), ("kept", kept)] {
        world.store.put_result(action(name), &result(tree)).unwrap();
        world.store.materialise(tree).unwrap();
    }
    let world = reboot(world, |world| {
        // What a file looks like whose blocks were never written.
        fs::write(in_store(world, b"lost"), [0; 4]).unwrap();
    });
    assert_eq!(world.store.result(action("lost")).unwrap(), None);
    assert_eq!(world.store.result(action("kept")).unwrap(), Some(result(kept)));
    assert!(world.store.verify(false).unwrap().damaged.is_empty());
    assert_eq!(world.store.ingest(&folder).unwrap(), lost);
    assert_eq!(listing(&world.store.materialise(lost).unwrap()), listing(&folder));
}

#[test]
fn what_was_synced_is_not_looked_at_again() {
    let world = World::new();
    let tree = world.store.ingest(&world.folder("in", &[("file", "synced")])).unwrap();
    world.store.put_result(action("a"), &result(tree)).unwrap();
    world.store.sync().unwrap();
    let world = reboot(world, |world| {
        fs::write(in_store(world, b"synced"), [0; 6]).unwrap();
    });
    // It is damaged, but not by a loss of power: that is for `verify` to find.
    assert!(world.store.has_tree(tree).unwrap());
    assert_eq!(world.store.verify(false).unwrap().damaged.len(), 1);
}

#[test]
fn files_without_a_record_go() {
    let world = World::new();
    world.store.add_bytes(b"recorded").unwrap();
    let world = reboot(world, |world| {
        fs::write(in_store(world, b"unrecorded"), "unrecorded").unwrap();
    });
    assert!(!in_store(&world, b"unrecorded").exists());
    assert!(in_store(&world, b"recorded").exists());
}

#[test]
fn what_the_database_lost_as_well_is_not_adopted() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "lost"), ("program*", "kept")]);
    world.store.add_bytes(b"kept").unwrap();
    world.store.sync().unwrap();
    let tree = world.store.ingest(&folder).unwrap();
    let place = world.store.materialise(tree).unwrap();
    let place = world.store_path().join("v1").join(place.strip_prefix(world.store.folder()).unwrap());
    let world = reboot(world, |world| {
        let database = Connection::open(world.store_path().join("v1/db.sqlite")).unwrap();
        let kept = xb_core::Digest::of(b"kept").hash().to_vec();
        database.execute("DELETE FROM contents WHERE substr(digest, 1, 32) <> ?1", [kept]).unwrap();
        for table in ["epochs", "directories", "materialised"] {
            database.execute(&format!("DELETE FROM {table}"), []).unwrap();
        }
        for file in ["file", "program"] {
            fs::write(place.join(file), "").unwrap();
        }
    });
    assert!(!place.exists());
    assert_eq!(world.store.ingest(&folder).unwrap(), tree);
    assert_eq!(listing(&world.store.materialise(tree).unwrap()), listing(&folder));
    assert!(world.store.verify(false).unwrap().damaged.is_empty());
}

#[test]
fn a_note_of_the_boot_that_was_never_finished_goes() {
    let world = World::new();
    let half = world.store.folder().join("tmp/boot");
    let store = world.store_path();
    std::fs::write(&half, "half").unwrap();
    drop(world.store);
    drop(xb_store::Store::open(&store).unwrap());
    assert!(!half.exists());
}
