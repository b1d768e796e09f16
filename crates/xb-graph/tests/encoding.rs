//! The canonical encoding: pinned for ever, and the same as the Remote Execution API's.
//!
//! `tests/vectors/*.txt` are only ever added to. `XB_ADD_VECTORS=1` adds what is not there yet.

#![allow(clippy::disallowed_methods, reason = "vectors are files, and adding to them is asked for by the environment")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use prost::Message;
use support::{path, tree};
use xb_core::{Arch, ContentId, Digest, RelPath, TreeId};
use xb_graph::reapi::{self, Directory, encode};
use xb_graph::{
    Composed, Directories, Entry, Limits, MemoryDirectories, Method, ResolvedAction, Run, Unbuilt, build_tree,
    decode_directory, resolve,
};

/// Checks `name: digest of the value (canonical bytes)` against a file of vectors.
fn check_vectors(file: &str, values: &[(&str, Vec<u8>)]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    let mut missing = String::new();
    for (name, bytes) in values {
        let digest = Digest::of(bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("{name}: {digest} {}", if hex.is_empty() { "-" } else { &hex });
        match known.lines().find(|known| known.starts_with(&format!("{name}: "))) {
            Some(known) => assert_eq!(known, line, "the encoding of `{name}` has changed"),
            None => writeln!(missing, "{line}").unwrap(),
        }
    }
    if std::env::var_os("XB_ADD_VECTORS").is_some() {
        std::fs::write(&file, known + &missing).unwrap();
    } else {
        assert_eq!(missing, "", "add these with XB_ADD_VECTORS=1");
    }
}

fn run() -> Run {
    Run {
        package: "curl".to_owned(),
        arch: Arch::Arm64,
        step: "build".to_owned(),
        method: Method::Cross,
        platform: Arch::Amd64,
        root: Vec::new(),
        command: vec!["/bin/sh".to_owned(), "/xb/build.sh".to_owned()],
        env: [("PATH", "/usr/bin"), ("LC_ALL", "C.UTF-8")].into_iter().collect(),
        cwd: path("xb/build"),
        outputs: BTreeMap::from([("out".to_owned(), path("xb/out")), ("build".to_owned(), path("xb/build"))]).into(),
        limits: Limits::default(),
        emulator: None,
        code_for: xb_graph::CodeFor::Own,
    }
}

fn root() -> Composed {
    Composed { merged: TreeId(Digest::of(b"root")), layers: vec![TreeId(Digest::of(b"layer"))] }
}

fn resolved(change: impl FnOnce(&mut Run)) -> ResolvedAction {
    let mut run = run();
    change(&mut run);
    resolve(&run, &root(), None)
}

#[test]
fn trees_are_encoded_as_they_always_were() {
    let store = MemoryDirectories::default();
    let mut all = Unbuilt::default();
    let content = ContentId(Digest::of(b"hello"));
    for (at, executable, mode) in [("a", false, None), ("b", true, None), ("c", true, Some(0o4755))] {
        let entry = Entry::File { content, executable, mode };
        all.put(&path(at), entry);
    }
    all.put(&path("d/e"), support::entry("dir 1777"));
    all.put(&path("l"), support::entry("-> d/e"));
    let all = build_tree(all, &store).unwrap();
    let bytes = |id| encode(&*store.directory(id).unwrap()).0;
    check_vectors(
        "trees.txt",
        &[
            ("empty", bytes(tree(&store, &[]))),
            ("one file", bytes(tree(&store, &[("f", "hello")]))),
            ("one directory", bytes(tree(&store, &[("d", "dir")]))),
            ("one link", bytes(tree(&store, &[("l", "-> /usr/bin")]))),
            ("everything", bytes(all)),
        ],
    );
}

#[test]
fn actions_are_encoded_as_they_always_were() {
    let plain = resolved(|_| {});
    let bare = resolved(|run| {
        run.platform = Arch::Arm64;
        run.command = vec!["true".to_owned()];
        run.env.retain(|_| false);
        run.cwd = RelPath::root();
        run.outputs = Default::default();
        run.limits.seconds = 0;
    });
    check_vectors(
        "actions.txt",
        &[
            ("command", plain.command_bytes),
            ("action", plain.action_bytes),
            ("bare command", bare.command_bytes),
            ("bare action", bare.action_bytes),
        ],
    );
}

#[test]
fn what_a_run_is_called_and_how_it_is_run_are_not_in_the_key() {
    let key = resolved(|_| {}).id;
    let same: [fn(&mut Run); 9] = [
        |run| run.package = "wget".to_owned(),
        |run| run.step = "check".to_owned(),
        |run| run.arch = Arch::Amd64,
        |run| run.method = Method::Native,
        |run| run.limits.memory = 1,
        |run| run.limits.processes = 1,
        |run| run.limits.cpus = 1,
        |run| run.limits.users = 0,
        |run| {
            let outputs = Arc::make_mut(&mut run.outputs);
            let build = outputs.remove("build").unwrap();
            outputs.insert("tree".to_owned(), build);
        },
    ];
    for change in same {
        assert_eq!(resolved(change).id, key);
    }
    let emulator = Some(TreeId(Digest::of(b"emulator")));
    assert_eq!(resolve(&run(), &root(), emulator).id, key);
}

#[test]
fn everything_that_can_change_the_result_is_in_the_key() {
    let key = resolved(|_| {}).id;
    let different: [fn(&mut Run); 8] = [
        |run| run.platform = Arch::Arm64,
        |run| run.command.push("-x".to_owned()),
        |run| run.env.insert("A", ""),
        |run| run.env.retain(|name| name != "PATH"),
        |run| run.cwd = RelPath::root(),
        |run| drop(Arc::make_mut(&mut run.outputs).remove("build")),
        |run| run.limits.seconds = 1,
        |run| run.limits.users = 1000,
    ];
    for (index, change) in different.into_iter().enumerate() {
        assert_ne!(resolved(change).id, key, "change {index}");
    }
    let other = Composed { merged: TreeId(Digest::of(b"other")), ..root() };
    assert_ne!(resolve(&run(), &other, None).id, key);
    let layered = Composed { layers: Vec::new(), ..root() };
    assert_eq!(resolve(&run(), &layered, None).id, key);
}

#[test]
fn results_are_cached_by_path() {
    let (run, action) = (run(), resolved(|_| {}));
    let tree = |text: &str| TreeId(Digest::of(text.as_bytes()));
    let result = xb_graph::ActionResult {
        exit_code: 0,
        outputs: BTreeMap::from([("out".to_owned(), tree("out")), ("build".to_owned(), tree("build"))]),
        log: None,
        cause: xb_graph::Cause::Success,
        milliseconds: 1,
        peak_memory: 1,
        executor: "local".to_owned(),
        left_out: Vec::new(),
        vouched: Vec::new(),
        root: None,
    };
    let cached = action.to_cache(&result);
    assert_eq!(cached.outputs["xb/out"], tree("out"));
    let kept = xb_graph::ActionResult { root: Some(action.root), ..result.clone() };
    assert_eq!(run.from_cache(&cached), Some(kept));
    assert_eq!(run.from_cache(&result), None);
}

/// Field numbers and wire types of the API's messages, written down by hand: (field, type, bytes).
#[test]
fn fields_have_the_numbers_of_the_api() {
    let digest = reapi::DigestMessage { hash: "h".to_owned(), size_bytes: 2 };
    let digest_bytes = [0x0a, 1, b'h', 0x10, 2];
    assert_eq!(digest.encode_to_vec(), digest_bytes);

    let properties = reapi::NodeProperties { unix_mode: Some(reapi::UInt32Value { value: 1 }) };
    let file = reapi::FileNode {
        name: "f".to_owned(),
        digest: Some(digest.clone()),
        is_executable: true,
        node_properties: Some(properties.clone()),
    };
    let mut expected = vec![0x0a, 1, b'f', 0x12, 5];
    expected.extend(digest_bytes);
    expected.extend([0x20, 1, 0x32, 4, 0x1a, 2, 8, 1]);
    assert_eq!(file.encode_to_vec(), expected);

    let directory = Directory {
        files: vec![reapi::FileNode::default()],
        directories: vec![reapi::DirectoryNode::default()],
        symlinks: vec![reapi::SymlinkNode { name: "n".to_owned(), target: "t".to_owned() }],
        node_properties: Some(properties),
    };
    let expected = [&[0x0a, 0, 0x12, 0, 0x1a, 6, 0x0a, 1, b'n', 0x12, 1, b't'][..], &[0x2a, 4, 0x1a, 2, 8, 1]];
    assert_eq!(directory.encode_to_vec(), expected.concat());

    let command = reapi::Command {
        arguments: vec!["a".to_owned()],
        environment_variables: vec![reapi::NameValue { name: "n".to_owned(), value: "v".to_owned() }],
        working_directory: "w".to_owned(),
        output_paths: vec!["o".to_owned()],
    };
    let expected = [&[0x0a, 1, b'a', 0x12, 6, 0x0a, 1, b'n', 0x12, 1, b'v'][..], &[0x32, 1, b'w', 0x3a, 1, b'o']];
    assert_eq!(command.encode_to_vec(), expected.concat());

    let action = reapi::Action {
        command_digest: Some(digest.clone()),
        input_root_digest: Some(digest),
        timeout: Some(reapi::Duration { seconds: 3 }),
        platform: Some(reapi::Platform { properties: vec![reapi::NameValue::default()] }),
    };
    let expected = [&[0x0a, 5][..], &digest_bytes, &[0x12, 5], &digest_bytes, &[0x32, 2, 8, 3, 0x52, 2, 0x0a, 0]];
    assert_eq!(action.encode_to_vec(), expected.concat());
}

#[test]
fn output_paths_are_relative_to_the_working_folder() {
    let action = resolved(|_| {});
    let command = reapi::Command::decode(action.command_bytes.as_slice()).unwrap();
    assert_eq!(command.working_directory, "xb/build");
    assert_eq!(command.output_paths, ["", "../out"]);
}

#[test]
fn directories_that_are_not_canonical_are_refused() {
    let file = |name: &str| reapi::FileNode {
        name: name.to_owned(),
        digest: Some(Digest::of(b"").into()),
        ..reapi::FileNode::default()
    };
    let link = |name: &str| reapi::SymlinkNode { name: name.to_owned(), target: "t".to_owned() };
    let with = |files: &[&str], links: &[&str]| Directory {
        files: files.iter().map(|name| file(name)).collect(),
        symlinks: links.iter().map(|name| link(name)).collect(),
        ..Directory::default()
    };
    let refused = [
        (with(&["b", "a"], &[]), "`a` in it is out of order"),
        (with(&["a", "a"], &[]), "`a` in it is out of order"),
        (with(&["a"], &["a"]), "it has `a` twice"),
        (with(&[".."], &[]), "`..` in it is not a file's name"),
        (with(&["a/b"], &[]), "`a/b` in it is not a file's name"),
    ];
    for (directory, reason) in refused {
        let (bytes, digest) = encode(&directory);
        let error = decode_directory(TreeId(digest), &bytes).unwrap_err();
        assert_eq!(error.reason, reason);
    }
    let (mut bytes, digest) = encode(&with(&["a"], &["b"]));
    assert!(decode_directory(TreeId(digest), &bytes).is_ok());
    bytes.extend([0x7a, 0]);
    let padded = TreeId(Digest::of(&bytes));
    let error = decode_directory(padded, &bytes).unwrap_err();
    assert_eq!(error.reason, "its bytes are not its canonical encoding");
}

fn any_name() -> impl Strategy<Value = String> {
    "[a-c.é ]{1,3}".prop_filter("a name", |name| name != "." && name != "..")
}

proptest! {
    #[test]
    fn a_tree_reads_back_what_was_written(
        entries in prop::collection::btree_map(any_name(), (any::<u8>(), any::<bool>(), any::<Option<u16>>()), 0..9)
    ) {
        let store = MemoryDirectories::default();
        let mut root = Unbuilt::default();
        for (name, (kind, executable, mode)) in &entries {
            let mode = mode.map(u32::from);
            let entry = match kind % 3 {
                0 => Entry::File { content: ContentId(Digest::of(&[*kind])), executable: *executable, mode },
                1 => Entry::Symlink { target: name.clone() },
                _ => Entry::Directory { mode },
            };
            root.put(&RelPath::root().join(name).unwrap(), entry);
        }
        let id = build_tree(root, &store).unwrap();
        let directory = store.directory(id).unwrap();
        let (bytes, digest) = encode(&*directory);
        prop_assert_eq!(TreeId(digest), id);
        prop_assert_eq!(&decode_directory(id, &bytes).unwrap(), &*directory);
        let names: Vec<_> = directory.items().iter().map(|item| item.name().to_owned()).collect();
        prop_assert_eq!(names, entries.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn reading_hostile_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_directory(TreeId(Digest::of(&bytes)), &bytes);
    }

    #[test]
    fn a_directory_stays_canonical_however_it_is_changed(
        changes in prop::collection::vec((any_name(), 0..4u8), 0..30)
    ) {
        let mut directory = Directory::default();
        let mut model = BTreeMap::new();
        for (name, change) in changes {
            let file = reapi::FileNode {
                name: name.clone(),
                digest: Some(Digest::of(b"").into()),
                ..reapi::FileNode::default()
            };
            let link = reapi::SymlinkNode { name: name.clone(), target: "t".to_owned() };
            match change {
                0 => directory.put(xb_graph::Item::File(&file)),
                1 => directory.put(xb_graph::Item::Symlink(&link)),
                2 => directory.put_directory(&name, TreeId(Digest::of(b""))),
                _ => directory.take(&name),
            }
            if change == 3 { model.remove(&name); } else { model.insert(name, change); }
        }
        prop_assert_eq!(directory.check(), Ok(()));
        let names: Vec<_> = directory.items().iter().map(|item| item.name().to_owned()).collect();
        prop_assert_eq!(names, model.into_keys().collect::<Vec<_>>());
    }
}
