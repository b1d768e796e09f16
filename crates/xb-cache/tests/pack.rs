//! Trees go to a remote and come back, and of those that are alike, little goes and comes.

mod common;

use common::server::Server;
use common::trees::{LIMITS, Machine, lines};
use common::{folder, remote, run};
use proptest::prelude::*;
use xb_core::{ContentId, Digest, TreeId};
use xb_graph::Entry;

/// A tree with everything that a tree can have, and a content that is in none.
fn everything(machine: &Machine) -> (TreeId, ContentId) {
    let deep = vec!["deep"; 100].join("/");
    let large = lines(1, 30 << 20);
    let program = machine.content(b"#!/bin/sh\n");
    let tree = machine.tree([
        ("empty", machine.file(b"")),
        ("also-empty", machine.file(b"")),
        ("large", machine.file(&large)),
        ("a/same", machine.file(b"the same")),
        ("b/same", machine.file(b"the same")),
        ("again/a/same", machine.file(b"the same")),
        ("nothing", Entry::Directory { mode: None }),
        ("sticky", Entry::Directory { mode: Some(0o1777) }),
        ("bin/run", Entry::File { content: program, executable: true, mode: None }),
        ("bin/su", Entry::File { content: program, executable: true, mode: Some(0o4755) }),
        ("link", Entry::Symlink { target: "../out/of/it".to_owned() }),
        (deep.as_str(), machine.file(b"deep")),
    ]);
    (tree, machine.content(b"a log"))
}

#[test]
fn everything_comes_back() {
    let from = Machine::new();
    let (tree, log) = everything(&from);
    let place = tempfile::tempdir().expect("a folder");
    let server = Server::honest();
    for remote in [folder(place.path()), remote(&server.address())] {
        let pushed = run(from.packs(&remote).push(&[tree], &[log])).expect("it is pushed");
        assert_eq!(pushed.sent_blobs, pushed.blobs.len() + 1);
        let to = Machine::new();
        let pulled = run(to.packs(&remote).pull(pushed.index, &[tree], &[log], LIMITS)).expect("it is pulled");
        assert!(to.has(tree));
        assert_eq!(to.read(log), b"a log");
        assert_eq!(pulled.received_blobs, pushed.sent_blobs);
        assert_eq!(pulled.received_bytes, pushed.sent_bytes);
        assert_eq!(pulled.raw_bytes, pushed.raw_bytes);

        let again = run(to.packs(&remote).pull(pushed.index, &[tree], &[log], LIMITS)).expect("it is pulled");
        assert_eq!((again.received_blobs, again.raw_bytes), (1, 0), "only the index comes again");
    }
}

#[test]
fn the_same_trees_are_the_same_pack() {
    let place = tempfile::tempdir().expect("a folder");
    let remote = folder(place.path());
    let packs = [Machine::new(), Machine::new()].map(|machine| {
        let (tree, log) = everything(&machine);
        run(machine.packs(&remote).push(&[tree], &[log])).expect("it is pushed")
    });
    assert_eq!((packs[0].index, &packs[0].blobs), (packs[1].index, &packs[1].blobs));
    assert_eq!((packs[1].sent_blobs, packs[1].sent_bytes), (0, 0), "all of it was there");
}

#[test]
fn several_trees_are_one_pack_and_nothing_is_one_too() {
    let place = tempfile::tempdir().expect("a folder");
    let remote = folder(place.path());
    let (from, to) = (Machine::new(), Machine::new());
    let trees = [
        from.tree([("x", from.file(b"x")), ("same/y", from.file(b"y"))]),
        from.tree([]),
        from.tree([("z/same/y", from.file(b"y"))]),
    ];
    let pushed = run(from.packs(&remote).push(&trees, &[])).expect("it is pushed");
    assert_eq!(pushed.raw_bytes, 2);
    run(to.packs(&remote).pull(pushed.index, &trees, &[], LIMITS)).expect("it is pulled");
    assert!(trees.iter().all(|tree| to.has(*tree)));
    let nothing = run(from.packs(&remote).push(&[], &[])).expect("it is pushed");
    run(to.packs(&remote).pull(nothing.index, &[], &[], LIMITS)).expect("it is pulled");
}

#[test]
fn what_stands_there_often_goes_and_comes_once() {
    let place = tempfile::tempdir().expect("a folder");
    let remote = folder(place.path());
    let (from, to) = (Machine::new(), Machine::new());
    let mut image = vec![0; 40 << 20];
    image.extend(lines(1, 200_000));
    let tree = from.tree([("image", from.file(&image))]);
    let pushed = run(from.packs(&remote).push(&[tree], &[])).expect("it is pushed");
    let pulled = run(to.packs(&remote).pull(pushed.index, &[tree], &[], LIMITS)).expect("it is pulled");
    assert!(to.has(tree) && pulled.received_blobs < 8, "{pulled:?}");
    assert_eq!(pulled.received_bytes, pushed.sent_bytes);
}

/// A tree of two thousand files, of which one may have another line.
fn project(machine: &Machine, other_line: bool) -> TreeId {
    let paths: Vec<_> = (0..2000).map(|number| format!("src/{:02}/file-{number}.txt", number / 40)).collect();
    let files: Vec<_> = (0..2000_u64)
        .map(|number| {
            let mut bytes = lines(number + 1, 10_000);
            if other_line && number == 1234 {
                bytes.splice(5000..5000, *b"another line\n");
            }
            machine.file(&bytes)
        })
        .collect();
    machine.tree(paths.iter().map(String::as_str).zip(files))
}

#[test]
fn of_one_other_line_little_goes_and_comes() {
    let place = tempfile::tempdir().expect("a folder");
    let remote = folder(place.path());
    let (from, to) = (Machine::new(), Machine::new());
    let trees = [false, true].map(|other| project(&from, other));
    let pushed = trees.map(|tree| run(from.packs(&remote).push(&[tree], &[])).expect("it is pushed"));
    let pull = |at: usize| run(to.packs(&remote).pull(pushed[at].index, &[trees[at]], &[], LIMITS));
    let pulled = [0, 1].map(|at| pull(at).expect("it is pulled"));
    assert!(to.has(trees[1]));
    let small = |few: u64, many: u64| assert!(few * 100 < many * 3, "{few} of {many}");
    small(pushed[1].sent_bytes, pushed[0].sent_bytes);
    small(pulled[1].received_bytes, pulled[0].received_bytes);
    assert!(pulled[1].raw_bytes < 11_000 && pulled[1].received_blobs <= 3);
}

/// Some trees: files of all sizes about those of chunks, in folders.
fn files() -> impl Strategy<Value = Vec<(String, u64, usize)>> {
    let size = prop_oneof![Just(0), 1..200_usize, 20_000..70_000_usize, 400_000..1_200_000_usize];
    prop::collection::vec(("([ab]/){0,3}[c-h]{1,2}", 0..5_u64, size), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back(some in files(), known in files()) {
        let place = tempfile::tempdir().expect("a folder");
        let remote = folder(place.path());
        let (from, to) = (Machine::new(), Machine::new());
        let contents = |machine: &Machine, files: &[(String, u64, usize)]| {
            let made = files.iter().map(|(_, seed, size)| machine.file(&lines(*seed + 1, *size))).collect::<Vec<_>>();
            machine.tree(files.iter().map(|(path, ..)| path.as_str()).zip(made))
        };
        contents(&to, &known);
        let tree = contents(&from, &some);
        let pushed = run(from.packs(&remote).push(&[tree], &[])).expect("it is pushed");
        run(to.packs(&remote).pull(pushed.index, &[tree], &[], LIMITS)).expect("it is pulled");
        prop_assert!(to.has(tree));
        for (_, seed, size) in some {
            let bytes = lines(seed + 1, size);
            let id = ContentId(Digest::of(&bytes));
            if to.store.has_content(id).expect("an answer") {
                prop_assert!(to.read(id) == bytes);
            }
        }
    }
}
