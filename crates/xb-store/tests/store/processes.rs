//! Several processes at once, and processes that are killed.
//!
//! A child is this very test binary, told by the environment what to do.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use xb_core::{ActionId, TreeId};
use xb_store::{ActionCache, ActionLock, Contents, Store};

use crate::common::{World, action, result};

const STORE: &str = "XB_TEST_STORE";
const WORK: &str = "XB_TEST_WORK";

fn child(store: &Path, work: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::as_a_child", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(WORK, work)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// No test when run by itself: what the children of the other tests do.
#[test]
fn as_a_child() {
    let (Some(store), Ok(work)) = (std::env::var_os(STORE), std::env::var(WORK)) else {
        return;
    };
    let store = Store::open(Path::new(&store)).unwrap();
    match work.split_once(' ').unwrap() {
        ("open", _) => {}
        ("collect", _) => {
            println!("\ndone 0");
            store.gc(&xb_store::GcPolicy::default()).map(drop).unwrap();
        }
        ("add", _) => (0..30).for_each(|number| add(&store, number).map(drop).unwrap()),
        ("write", seed) => write_for_ever(&store, seed.parse().unwrap()),
        ("count", file) => count_under_lock(&store, Path::new(file)),
        (other, _) => panic!("no such work: {other}"),
    }
}

/// One round of what a build does with the store.
fn add(store: &Store, number: u32) -> Result<ActionId, xb_store::StoreError> {
    let folder = store.scratch().join(format!("out-{number}"));
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("shared"), "shared").unwrap();
    fs::write(folder.join("own"), number.to_string()).unwrap();
    fs::write(folder.join("sub/large"), number.to_le_bytes().repeat(300_000)).unwrap();
    let tree = store.ingest_owned(&folder)?;
    store.materialise(tree)?;
    let action = action(&number.to_string());
    store.put_result(action, &result(tree))?;
    Ok(action)
}

fn write_for_ever(store: &Store, seed: u32) {
    for number in seed.. {
        add(store, number).unwrap();
        println!("\ndone {number}");
    }
}

fn count_under_lock(store: &Store, file: &Path) {
    for _ in 0..20 {
        let lock = locked(store);
        let before: u32 = fs::read_to_string(file).unwrap().parse().unwrap();
        fs::write(file, (before + 1).to_string()).unwrap();
        drop(lock);
    }
}

/// The lock of one action, as soon as nobody else has it.
fn locked(store: &Store) -> ActionLock {
    loop {
        if let Some(lock) = store.try_lock_action(action("one")).unwrap() {
            return lock;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn assert_all_is_well(store: &Store) {
    let report = store.verify(false).unwrap();
    assert!(report.damaged.is_empty(), "{report:?}");
}

#[test]
fn several_processes_add_the_same_at_once() {
    let world = World::new();
    let children: Vec<Child> = (0..4).map(|_| child(&world.store_path(), "add .")).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for number in 0..30 {
        assert!(world.store.result(action(&number.to_string())).unwrap().is_some(), "{number}");
    }
    assert_all_is_well(&world.store);
    assert_eq!(world.store.stats().unwrap().contents, 61);
}

#[test]
fn several_processes_open_a_new_store_at_once() {
    for _ in 0..15 {
        let folder = tempfile::tempdir().unwrap();
        let children: Vec<Child> = (0..8).map(|_| child(&folder.path().join("store"), "open .")).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    }
}

#[test]
fn one_builds_an_action_however_many_ask() {
    let world = World::new();
    let file = world.path("count");
    fs::write(&file, "0").unwrap();
    let work = format!("count {}", file.display());
    let children: Vec<Child> = (0..4).map(|_| child(&world.store_path(), &work)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "80");
    let lock = locked(&world.store);
    assert!(world.store.try_lock_action(action("one")).unwrap().is_none());
    assert!(world.store.try_lock_action(action("two")).unwrap().is_some());
    drop(lock);
    assert!(world.store.try_lock_action(action("one")).unwrap().is_some());
}

/// Numbers that look random and are the same in every run.
fn scatter(number: u32) -> u32 {
    number.wrapping_mul(2_654_435_761) >> 16
}

#[test]
fn killed_at_a_hundred_points_the_store_is_right() {
    let world = World::new();
    let World { folder, store } = world;
    drop(store);
    let path = folder.path().join("store");
    let mut acknowledged = 0;
    for round in 0..100_u32 {
        let mut child = child(&path, &format!("write {}", round * 1000));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        wait_for_first(&mut output);
        std::thread::sleep(Duration::from_micros(u64::from(scatter(round) % 25_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        let store = Store::open(&path).unwrap();
        let last = rest.lines().filter_map(number).next_back().unwrap_or(round * 1000);
        for number in round * 1000..=last {
            let found = store.result(action(&number.to_string())).unwrap();
            assert!(found.is_some(), "{number} was acknowledged and is not here");
            acknowledged += 1;
        }
        if round % 10 == 9 {
            assert_all_is_well(&store);
            // Nothing has a root: the next rounds begin with an empty store again, and verification stays quick.
            store.gc(&xb_store::GcPolicy::default()).unwrap();
        } else {
            check_newest(&store, last);
        }
    }
    assert!(acknowledged >= 100);
}

#[test]
fn killed_while_collecting_no_tree_is_left_in_part() {
    let World { folder, store } = World::new();
    drop(store);
    let path = folder.path().join("store");
    for round in 0..20_u32 {
        let store = Store::open(&path).unwrap();
        let trees: Vec<(TreeId, u32)> = (0..6).map(|number| (wide_tree(&store, number), number)).collect();
        trees.iter().for_each(|(tree, _)| store.materialise(*tree).map(drop).unwrap());
        drop(store);
        let mut child = child(&path, "collect .");
        wait_for_first(&mut BufReader::new(child.stdout.take().unwrap()));
        std::thread::sleep(Duration::from_micros(u64::from(scatter(round) % 12_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(&path).unwrap();
        for (tree, number) in trees {
            assert_eq!(wide_tree(&store, number), tree);
            let made = store.materialise(tree).unwrap();
            assert_eq!(store.ingest(&made).unwrap(), tree, "round {round}");
        }
    }
}

/// A tree that takes a while to remove.
fn wide_tree(store: &Store, number: u32) -> TreeId {
    let folder = store.scratch().join("wide");
    for name in 0..30 {
        let below = folder.join(format!("d{name}"));
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("f"), format!("{number} {name}")).unwrap();
    }
    store.ingest_owned(&folder).unwrap()
}

fn wait_for_first(output: &mut impl BufRead) {
    let mut line = String::new();
    while number(&line).is_none() {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child wrote nothing");
    }
}

/// The number of a line `done NUMBER` that was written to its end.
fn number(line: &str) -> Option<u32> {
    line.trim_end().strip_prefix("done ")?.parse().ok()
}

/// The tree at which the child was killed can be made, whatever is there of it.
fn check_newest(store: &Store, last: u32) {
    let action = add(store, last + 1).unwrap();
    let found = store.result(action).unwrap().unwrap();
    let tree: TreeId = found.outputs["out"];
    let made = store.materialise(tree).unwrap();
    assert_eq!(store.ingest(&made).unwrap(), tree);
}
