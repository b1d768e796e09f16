//! What differs between two trees.

mod support;

use support::tree;
use xb_core::{ContentId, Digest, RelPath};
use xb_graph::{Entry, MemoryDirectories, Unbuilt, build_tree, diff};

#[test]
fn every_kind_of_difference_is_found_and_nothing_else() {
    let store = MemoryDirectories::default();
    let a = tree(
        &store,
        &[
            ("same/x", "1"),
            ("content", "1"),
            ("link", "-> a"),
            ("kind", "1"),
            ("mode", "dir 1777"),
            ("mode/f", "1"),
            ("first", "1"),
        ],
    );
    let b = tree(
        &store,
        &[("same/x", "1"), ("content", "22"), ("link", "-> b"), ("kind/x", "1"), ("mode/f", "1"), ("second/x/y", "1")],
    );
    let found = diff(a, b, &store).unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "/content: the contents differ (1 and 2 bytes)",
            "/first: only in the first",
            "/kind: a file and a directory",
            "/link: a link to `a` and a link to `b`",
            "/mode: mode 1777 and mode as usual",
            "/second: only in the second",
        ]
    );
    assert_eq!(diff(a, a, &store).unwrap(), []);
}

#[test]
fn the_executable_bit_counts() {
    let store = MemoryDirectories::default();
    let with = |executable| {
        let mut root = Unbuilt::default();
        root.put(
            &RelPath::new("x").unwrap(),
            Entry::File { content: ContentId(Digest::of(b"1")), executable, mode: None },
        );
        build_tree(root, &store).unwrap()
    };
    let found = diff(with(true), with(false), &store).unwrap();
    assert_eq!(found[0].to_string(), "/x: only the first can be executed");
}
