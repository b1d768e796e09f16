//! Laying trees over each other.

mod support;

use proptest::prelude::*;
use support::{entry, flat, overlay, path, placed, tree};
use xb_graph::{ComposeError, Composed, Conflict, MemoryDirectories, PlacedTree, Unbuilt, build_tree, compose, select};

type Entries<'a> = &'a [(&'a str, &'a str)];

/// Composes layers named `a`, `b`, `c` and so on, and checks that mounting them shows the merged tree.
fn composed(store: &MemoryDirectories, layers: &[PlacedTree]) -> Result<Composed, ComposeError> {
    let composed = compose(layers, store)?;
    let shown = overlay(&composed.layers, store);
    assert_eq!(flat(shown, store), flat(composed.merged, store));
    Ok(composed)
}

fn lay(layers: &[Entries], conflict: Conflict) -> Result<Vec<(String, String)>, String> {
    let store = MemoryDirectories::default();
    let placed: Vec<_> = layers
        .iter()
        .zip('a'..)
        .map(|(entries, name)| PlacedTree { conflict, ..placed(tree(&store, entries), &name.to_string()) })
        .collect();
    let composed = composed(&store, &placed).map_err(|error| error.to_string())?;
    Ok(flat(composed.merged, &store).into_iter().collect())
}

/// Checks that layers compose to what one tree with `expected` is.
#[track_caller]
fn check(layers: &[Entries], conflict: Conflict, expected: Entries) {
    let store = MemoryDirectories::default();
    let expected: Vec<_> = flat(tree(&store, expected), &store).into_iter().collect();
    assert_eq!(lay(layers, conflict), Ok(expected));
}

#[track_caller]
fn check_error(layers: &[Entries], message: &str) {
    assert_eq!(lay(layers, Conflict::Refuse), Err(message.to_owned()));
}

#[test]
fn directories_become_one() {
    check(
        &[&[("usr/bin/a", "1"), ("etc/x", "2")], &[("usr/bin/b", "3"), ("usr/lib/c", "4")]],
        Conflict::Refuse,
        &[("usr/bin/a", "1"), ("usr/bin/b", "3"), ("usr/lib/c", "4"), ("etc/x", "2")],
    );
}

#[test]
fn the_deepest_tree_is_built_on_a_small_stack_and_no_deeper_one_can_be_named() {
    assert!(xb_core::RelPath::new(&["d"; 100_000].join("/")).is_err());
    let build = || {
        let store = MemoryDirectories::default();
        let deepest = ["d"; xb_core::RelPath::DEEPEST].join("/");
        flat(tree(&store, &[(&deepest, "1")]), &store).len()
    };
    let small = std::thread::Builder::new().stack_size(2 << 20).spawn(build).unwrap();
    assert_eq!(small.join().unwrap(), xb_core::RelPath::DEEPEST);
}

#[test]
fn equal_entries_are_no_conflict() {
    let both: Entries = &[("a/f", "1"), ("a/l", "-> f")];
    check(&[both, both], Conflict::Refuse, both);
}

#[test]
fn a_conflict_names_both_layers_and_the_path() {
    check_error(
        &[&[("a", "1")], &[("d/f", "1")], &[("d/f", "2")]],
        "`b` and `c` both have `/d/f`, and they differ: their contents differ",
    );
    check_error(
        &[&[("d", "1")], &[("d/f", "2")]],
        "`a` and `b` both have `/d`, and they differ: a file and a directory",
    );
    check_error(
        &[&[("d/f", "1")], &[("d", "-> e")]],
        "`a` and `b` both have `/d`, and they differ: a directory and a symbolic link",
    );
    check_error(
        &[&[("l", "-> x")], &[("l", "-> y")]],
        "`a` and `b` both have `/l`, and they differ: the links lead to `x` and to `y`",
    );
}

#[test]
fn replacing_takes_the_upper_one_and_keeps_the_rest() {
    check(
        &[&[("d/f", "1"), ("d/g", "2"), ("h/i", "3")], &[("d/f", "9"), ("h", "4")]],
        Conflict::Replace,
        &[("d/f", "9"), ("d/g", "2"), ("h", "4")],
    );
}

#[test]
fn what_lies_over_a_link_to_a_directory_lands_where_it_leads() {
    for link in ["-> usr/bin", "-> /usr/bin", "-> ./usr/../usr/bin/", "-> sbin"] {
        check(
            &[&[("bin", link), ("sbin", "-> usr/bin"), ("usr/bin/sh", "1")], &[("bin/x", "2"), ("usr/bin/y", "3")]],
            Conflict::Refuse,
            &[("bin", link), ("sbin", "-> usr/bin"), ("usr/bin/sh", "1"), ("usr/bin/x", "2"), ("usr/bin/y", "3")],
        );
    }
}

#[test]
fn links_beneath_links_are_followed_too() {
    check(
        &[&[("lib", "-> usr/lib"), ("usr/lib/m", "-> n"), ("usr/lib/n/a", "1")], &[("lib/m/b", "2")]],
        Conflict::Refuse,
        &[("lib", "-> usr/lib"), ("usr/lib/m", "-> n"), ("usr/lib/n/a", "1"), ("usr/lib/n/b", "2")],
    );
}

#[test]
fn a_link_that_leads_to_no_directory_is_a_conflict_or_replaced() {
    for link in ["-> nowhere", "-> bin", "-> file"] {
        let target = &link[3..];
        check_error(
            &[&[("bin", link), ("file", "1")], &[("bin/x", "2")]],
            &format!(
                "`a` and `b` both have `/bin`, and they differ: a symbolic link to `{target}`, which leads to no \
                 directory, and a directory"
            ),
        );
        check(
            &[&[("bin", link), ("file", "1")], &[("bin/x", "2")]],
            Conflict::Replace,
            &[("bin/x", "2"), ("file", "1")],
        );
    }
}

#[test]
fn two_that_land_at_one_path_must_agree() {
    check_error(
        &[&[("bin", "-> usr/bin"), ("usr/bin/sh", "1")], &[("bin/sh", "2")]],
        "`a` and `b` both have `/usr/bin/sh`, and they differ: their contents differ",
    );
}

#[test]
fn a_directory_without_mode_bits_keeps_those_below() {
    check(&[&[("tmp", "dir 1777")], &[("tmp/f", "1")]], Conflict::Refuse, &[("tmp", "dir 1777"), ("tmp/f", "1")]);
    check(&[&[("tmp/f", "1")], &[("tmp", "dir 1777")]], Conflict::Refuse, &[("tmp", "dir 1777"), ("tmp/f", "1")]);
    check_error(
        &[&[("tmp", "dir 1777")], &[("tmp", "dir 2755")]],
        "`a` and `b` both have `/tmp`, and they differ: their mode bits differ",
    );
}

#[test]
fn a_layer_is_selected_then_placed() {
    let store = MemoryDirectories::default();
    let base = placed(tree(&store, &[("etc/passwd", "1")]), "base");
    let source = PlacedTree {
        at: path("xb/src"),
        select: Some(vec!["src/*.c".to_owned()]),
        ..placed(tree(&store, &[("src/a.c", "1"), ("src/a.h", "2"), ("doc/b.c", "3")]), "source")
    };
    let composed = composed(&store, &[base, source]).unwrap();
    let paths: Vec<_> = flat(composed.merged, &store).into_keys().collect();
    assert_eq!(paths, ["etc", "etc/passwd", "xb", "xb/src", "xb/src/src", "xb/src/src/a.c"]);
    assert_eq!(composed.layers.len(), 2);
}

#[test]
fn a_layer_that_adds_nothing_is_left_out() {
    let store = MemoryDirectories::default();
    let whole = placed(tree(&store, &[("a/b", "1"), ("a/c", "2")]), "whole");
    let part = placed(tree(&store, &[("a/b", "1")]), "part");
    let nothing = placed(tree(&store, &[]), "nothing");
    let composed = composed(&store, &[nothing, whole.clone(), part]).unwrap();
    assert_eq!(composed.merged, whole.tree);
    assert_eq!(composed.layers, [whole.tree]);
}

#[test]
fn the_order_of_layers_without_conflicts_is_invisible() {
    let store = MemoryDirectories::default();
    let a = placed(tree(&store, &[("a/x", "1"), ("s", "1")]), "a");
    let b = placed(tree(&store, &[("a/y", "2"), ("b/z", "3")]), "b");
    let one = composed(&store, &[a.clone(), b.clone()]).unwrap();
    let other = composed(&store, &[b, a]).unwrap();
    assert_eq!(one.merged, other.merged);
}

#[track_caller]
fn check_select(patterns: &[&str], expected: &[&str]) {
    let store = MemoryDirectories::default();
    let whole = tree(
        &store,
        &[
            ("usr/bin/gcc", "1"),
            ("usr/bin/gcc-14", "2"),
            ("usr/bin/sub/gcc", "3"),
            ("usr/lib/gcc/a", "4"),
            ("usr/lib/gcc/b/c", "5"),
            ("usr/lib/link", "-> gcc"),
            ("var", "dir"),
        ],
    );
    let patterns: Vec<String> = patterns.iter().map(|&text| text.to_owned()).collect();
    let part = select(whole, &patterns, &store).unwrap();
    let found = flat(part, &store);
    let leaves = found.iter().filter(|(_, text)| *text != "dir");
    let leaves: Vec<_> = leaves.map(|(path, _)| path.as_str()).collect();
    assert_eq!(leaves, expected);
    assert!(expected.is_empty() || !found.contains_key("var"));
}

#[test]
fn selecting_keeps_what_matches() {
    check_select(&["usr/bin/gcc*"], &["usr/bin/gcc", "usr/bin/gcc-14"]);
    check_select(&["/usr/lib/gcc/"], &["usr/lib/gcc/a", "usr/lib/gcc/b/c"]);
    check_select(&["usr/lib/**"], &["usr/lib/gcc/a", "usr/lib/gcc/b/c", "usr/lib/link"]);
    check_select(&["**/c", "usr/lib/l*"], &["usr/lib/gcc/b/c", "usr/lib/link"]);
    check_select(&["gcc", "usr/bin/nothing", "var/*"], &[]);
}

#[test]
fn a_pattern_that_cannot_be_read_is_named() {
    let store = MemoryDirectories::default();
    let error = select(tree(&store, &[]), &["a[".to_owned()], &store).unwrap_err();
    assert!(error.to_string().starts_with("`a[` is not a pattern: "), "{error}");
}

fn any_tree() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    let at = prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"));
    let what = prop::sample::select(vec!["1", "2", "dir", "dir 1777", "-> a", "-> /b/c", "-> .."]);
    prop::collection::vec((at, what.prop_map(str::to_owned)), 0..8)
}

fn built(entries: &[(String, String)], store: &MemoryDirectories) -> xb_core::TreeId {
    let mut root = Unbuilt::default();
    for (at, text) in entries {
        root.put(&path(at), entry(text));
    }
    build_tree(root, store).unwrap()
}

proptest! {
    #[test]
    fn layers_always_mount_to_the_merged_tree(
        trees in prop::collection::vec((any_tree(), any::<bool>()), 0..5)
    ) {
        let store = MemoryDirectories::default();
        let layers: Vec<_> = trees.iter().map(|(entries, replace)| PlacedTree {
            conflict: if *replace { Conflict::Replace } else { Conflict::Refuse },
            ..placed(built(entries, &store), "x")
        }).collect();
        match composed(&store, &layers) {
            Ok(_) | Err(ComposeError::Conflict { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn what_replaces_is_there_afterwards(below in any_tree(), above in any_tree()) {
        let store = MemoryDirectories::default();
        let no_links = |mut entries: Vec<(String, String)>| {
            entries.retain(|(_, text)| !text.starts_with("->"));
            entries
        };
        let (below, above) = (no_links(below), no_links(above));
        let upper = built(&above, &store);
        let layers = [placed(built(&below, &store), "below"), PlacedTree {
            conflict: Conflict::Replace,
            ..placed(upper, "above")
        }];
        let merged = flat(composed(&store, &layers).unwrap().merged, &store);
        for (path, text) in flat(upper, &store) {
            prop_assert!(merged[&path] == text || text == "dir", "{path}");
        }
    }
}

#[test]
fn directories_that_links_send_round_and_round_are_refused() {
    let store = MemoryDirectories::default();
    let below = placed(tree(&store, &[("b/c", "dir"), ("c", "-> /b/c")]), "below");
    let above = tree(&store, &[("b", "-> .."), ("c/c", "dir")]);
    for conflict in [Conflict::Replace, Conflict::Refuse] {
        let error = composed(&store, &[below.clone(), PlacedTree { conflict, ..placed(above, "above") }]).unwrap_err();
        assert!(matches!(&error, ComposeError::Conflict { second, .. } if second == "above"), "{error}");
    }
}
