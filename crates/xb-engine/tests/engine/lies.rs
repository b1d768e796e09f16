//! A server that lies is found out, by what it is about, and nothing of it gets into the store.

use std::sync::atomic::Ordering;

use prost::Message as _;
use xb_build::ExecutorError;
use xb_remote::DigestFunction;
use xb_remote::proto::{
    ActionResult, Digest, Directory, DirectoryNode, ExecuteResponse, FileNode, OutputDirectory, SymlinkNode, Tree,
};

use crate::liar::{Liar, Say};
use crate::world::{Outcome, World};

pub async fn world(liar: &Liar) -> World {
    World::still(&liar.start().await)
}

/// A result whose output is a tree that the server keeps.
pub fn left(liar: &Liar, tree: &Tree) -> Say {
    left_as(liar.keep(tree.encode_to_vec()))
}

fn left_as(tree: Digest) -> Say {
    let output = OutputDirectory { path: "../out".to_owned(), tree_digest: Some(tree), ..OutputDirectory::default() };
    Say::Ended(Box::new(ActionResult { output_directories: vec![output], ..ActionResult::default() }))
}

fn file(name: &str, digest: Digest) -> FileNode {
    FileNode { name: name.to_owned(), digest: Some(digest), ..FileNode::default() }
}

fn folder(name: &str, of: &Directory) -> DirectoryNode {
    DirectoryNode { name: name.to_owned(), digest: Some(DigestFunction::Sha256.of(&of.encode_to_vec())) }
}

fn tree(root: Directory, children: Vec<Directory>) -> Tree {
    Tree { root: Some(root), children }
}

fn with_files(files: Vec<FileNode>) -> Directory {
    Directory { files, ..Directory::default() }
}

fn with_folders(directories: Vec<DirectoryNode>) -> Directory {
    Directory { directories, ..Directory::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_that_nobody_made_are_refused_by_what_is_wrong_with_them() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let x = liar.keep(b"x".to_vec());
    let good = tree(with_files(vec![file("b", x.clone()), file("a", x.clone())]), Vec::new());
    liar.says([left(&liar, &good)]);
    let Outcome { result, .. } = world.run("whatever").await;
    assert!(result.succeeded(), "{result:?}");
    // What is in a folder that is nowhere is not asked for.
    let nowhere = with_files(vec![file("a", DigestFunction::Sha256.of(b"nowhere"))]);
    liar.says([left(&liar, &tree(with_files(vec![file("b", x.clone())]), vec![nowhere]))]);
    assert!(world.run("whatever").await.result.succeeded());

    let link = |target: &str| {
        let node = SymlinkNode { name: "l".to_owned(), target: target.to_owned(), ..SymlinkNode::default() };
        tree(Directory { symlinks: vec![node], ..Directory::default() }, Vec::new())
    };
    let mut deep = vec![Directory::default()];
    for _ in 0..400 {
        deep.push(with_folders(vec![folder("d", deep.last().expect("there is one"))]));
    }
    let mut wide = vec![Directory::default()];
    for _ in 0..200 {
        let last = wide.last().expect("there is one");
        wide.push(with_folders(vec![folder("a", last), folder("b", last)]));
    }
    let top = |all: &[Directory]| tree(all.last().expect("there is one").clone(), all.to_vec());
    let long = "n".repeat(5000);
    for (lie, why) in [
        (tree(with_files(vec![file("../evil", x.clone())]), vec![]), "is not a file's name"),
        (tree(with_files(vec![file("", x.clone())]), vec![]), "is not a file's name"),
        (tree(with_files(vec![file("a\0b", x.clone())]), vec![]), "is not a file's name"),
        (tree(with_files(vec![file(&long, x.clone())]), vec![]), "is not a file's name"),
        (tree(with_files(vec![file("a", x.clone()), file("a", x.clone())]), vec![]), "out of order"),
        (tree(with_files(vec![FileNode { name: "a".to_owned(), ..FileNode::default() }]), vec![]), "no digest"),
        (tree(with_folders(vec![folder("d", &with_files(vec![file("z", x.clone())]))]), vec![]), "not listed"),
        (tree(with_files(vec![file("a", Digest { size_bytes: -1, ..x.clone() })]), vec![]), "less than no bytes"),
        (tree(with_files(vec![file("a", Digest { size_bytes: i64::MIN, ..x.clone() })]), vec![]), "less than no bytes"),
        (link(""), "can lead to"),
        (link("a\0b"), "can lead to"),
        (top(&deep), "deeper"),
        (top(&wide), "more than"),
    ] {
        liar.says([left(&liar, &lie)]);
        let failed = world.run_action(&world.script("whatever")).await;
        let Err(ExecutorError::Machine(said)) = failed.map(|_| ()) else { panic!("it is believed: {why}") };
        assert!(said.contains(why) && said.contains("test (build)"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_what_their_digests_say() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let other = DigestFunction::Sha256.of(b"what was promised");
    liar.keep_as(other.clone(), b"something quite else".to_vec());
    let of_file = left(&liar, &tree(with_files(vec![file("a", other.clone())]), Vec::new()));
    let shorter = Digest { size_bytes: 3, ..DigestFunction::Sha256.of(b"four") };
    liar.keep_as(shorter.clone(), b"four".to_vec());
    let of_size = left(&liar, &tree(with_files(vec![file("a", shorter)]), Vec::new()));
    for lie in [of_file, of_size, left_as(other)] {
        liar.says([lie]);
        let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
        let Err(ExecutorError::Machine(said)) = failed else { panic!("it is believed") };
        assert!(said.contains("has something else in the place of"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_and_came_to_nothing_is_run_again() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let whole = left(&liar, &tree(Directory::default(), Vec::new()));
    for came_to in [ActionResult::default(), ActionResult { exit_code: 1, ..ActionResult::default() }] {
        let known = ExecuteResponse { result: Some(came_to), cached_result: true, ..ExecuteResponse::default() };
        liar.says([Say::Bytes(known.encode_to_vec()), whole.clone()]);
        let Outcome { result, .. } = world.run("whatever").await;
        assert!(result.succeeded() && liar.asked() == 2, "{result:?}");
    }
    liar.says([Say::Ended(Box::default())]);
    let Outcome { result, .. } = world.run("whatever").await;
    assert!(!result.succeeded() && liar.asked() == 1, "what has just run is not run again: {result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_and_is_lost_is_made_again() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let good = left(&liar, &Tree::default());
    let nowhere = DigestFunction::Sha256.of(b"nowhere");
    liar.says([left_as(nowhere.clone()), good.clone()]);
    assert!(world.run("whatever").await.result.succeeded());
    assert_eq!(liar.asked(), 2);
    let lost = left(&liar, &tree(with_files(vec![file("a", nowhere.clone())]), Vec::new()));
    liar.says([lost.clone(), good]);
    assert!(world.run("whatever").await.result.succeeded());
    liar.says([lost]);
    let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
    assert!(matches!(&failed, Err(ExecutorError::Unable(why)) if why.contains("has lost what")), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_several_need_is_looked_through_once() {
    let liar = Liar::default();
    let world = world(&liar).await;
    liar.says([left(&liar, &Tree::default())]);
    let action = world.script("whatever");
    for run in futures_util::future::join_all((0..6).map(|_| world.run_action(&action))).await {
        assert!(run.expect("it ran").result.succeeded());
    }
    assert_eq!(world.memory.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_shown_of_the_run_that_is_kept() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let printing = |say| match say {
        Say::Ended(result) => Say::Ended(Box::new(ActionResult { stdout_raw: b"a line\n".to_vec(), ..*result })),
        other => other,
    };
    let lost = left_as(DigestFunction::Sha256.of(b"nowhere"));
    liar.says([printing(lost), printing(left(&liar, &Tree::default()))]);
    assert_eq!(world.run("whatever").await.log, "a line\n");
    assert_eq!((liar.asked(), world.lines().as_slice()), (2, &["a line".to_owned()][..]));
}
