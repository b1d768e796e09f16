//! Source folders: what counts, and that an unchanged file is not read again.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::common::{World, listing};
use xb_store::{Contents, FolderRules};

#[track_caller]
fn check(files: &[(&str, &str)], rules: &FolderRules, expected: &[&str]) {
    let world = World::new();
    let folder = world.folder("in", files);
    let tree = world.store.ingest_filtered(&folder, rules).unwrap();
    let made = world.store.materialise(tree).unwrap();
    let names: Vec<String> = listing(&made)
        .into_iter()
        .filter(|(name, what)| !name.is_empty() && !what.ends_with('/'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn gitignore_files_count_as_in_git() {
    let files = [
        (".gitignore", "*.o\n/build/\n!keep.o\n"),
        (".git/HEAD", "ref"),
        ("main.c", ""),
        ("main.o", ""),
        ("keep.o", ""),
        ("build/out", ""),
        ("sub/build/out", ""),
        ("sub/.gitignore", "out\n!main.o\n"),
        ("sub/main.o", ""),
        ("sub/.git", "gitdir: elsewhere"),
    ];
    let expected = [".gitignore", "keep.o", "main.c", "sub/.gitignore", "sub/main.o"];
    check(&files, &FolderRules::default(), &expected);
}

#[test]
fn only_and_except_choose() {
    let files = [("a.c", ""), ("a.h", ""), ("t/b.c", ""), ("t/c.c", ""), ("docs/x", "")];
    let rules = FolderRules { only: vec!["*.c".to_owned()], except: vec!["t/c.*".to_owned()], project: None };
    check(&files, &rules, &["a.c", "t/b.c"]);
}

#[test]
fn folders_that_hold_nothing_are_left_out() {
    let world = World::new();
    let folder = world.folder("in", &[(".gitignore", "*.o"), ("a/b/x.o", ""), ("c", "")]);
    fs::create_dir(folder.join("nothing")).unwrap();
    let tree = world.store.ingest_filtered(&folder, &FolderRules::default()).unwrap();
    let made = world.store.materialise(tree).unwrap();
    let names: Vec<String> = listing(&made).into_keys().collect();
    assert_eq!(names, ["", ".gitignore", "c"]);
}

#[test]
fn the_projects_own_gitignore_counts_in_a_folder_of_it() {
    let world = World::new();
    let project = world
        .folder("project", &[(".gitignore", "*.o\n/src/gen\n"), ("src/a.c", ""), ("src/a.o", ""), ("src/gen/x", "")]);
    let rules = FolderRules { project: Some(project.clone()), ..FolderRules::default() };
    let tree = world.store.ingest_filtered(&project.join("src"), &rules).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(listing(&made).into_keys().collect::<Vec<_>>(), ["", "a.c"]);
}

#[test]
fn a_single_file_is_a_tree_that_holds_it() {
    let world = World::new();
    let folder = world.folder("in", &[("run.sh*", "#!/bin/sh\n")]);
    let rules = FolderRules::default();
    let tree = world.store.ingest_filtered(&folder.join("run.sh"), &rules).unwrap();
    assert_eq!(tree, world.store.ingest(&folder).unwrap());
}

fn age(path: &Path) {
    let past = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(past).unwrap();
}

#[test]
fn a_changed_file_is_seen_even_when_its_time_and_size_are_not() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "before")]);
    let rules = FolderRules::default();
    age(&folder.join("file"));
    let before = world.store.ingest_filtered(&folder, &rules).unwrap();
    assert_eq!(world.store.ingest_filtered(&folder, &rules).unwrap(), before);
    fs::write(folder.join("file"), "AFTER!").unwrap();
    age(&folder.join("file"));
    assert_ne!(world.store.ingest_filtered(&folder, &rules).unwrap(), before);
}

#[test]
fn an_unchanged_file_is_not_read_again() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "text")]);
    let rules = FolderRules::default();
    // A change of the inode is not as old as the fingerprint demands until a while has passed.
    std::thread::sleep(Duration::from_millis(2100));
    let before = world.store.ingest_filtered(&folder, &rules).unwrap();
    let file = folder.join("file");
    let started = fs::metadata(&file).unwrap().accessed().unwrap();
    let locked = fs::File::options().read(true).write(true).open(&file).unwrap();
    assert_eq!(world.store.ingest_filtered(&folder, &rules).unwrap(), before);
    drop(locked);
    assert_eq!(fs::metadata(&file).unwrap().accessed().unwrap(), started);
}
