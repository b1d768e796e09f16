//! Names of packages that Debian does not have.

use std::sync::Arc;

use xb_core::Arch;
use xb_fetch::Unlocked;
use xb_graph::{DebianRoot, Graph, Node, NodeId, Origin};

use crate::common::archive::{Archive, NO_GPG};
use crate::common::{World, skip};

fn root(packages: &[(Arch, &[&str])]) -> Node {
    let packages = packages.iter().map(|(arch, names)| (*arch, names.iter().map(|name| (*name).to_owned()).collect()));
    Node::Debian(Box::new(DebianRoot { suite: "trixie".to_owned(), packages: packages.collect(), database: false }))
}

#[tokio::test]
async fn all_are_told_together_and_one_that_two_roots_lack_is_told_once() {
    let Some(archive) = Archive::new(b"") else { return skip(NO_GPG) };
    let mut graph = Graph::default();
    graph.add(root(&[(Arch::Amd64, &["cmke"]), (Arch::Arm64, &["cmake", "nosuchthing"])]), Origin::default());
    graph.add(root(&[(Arch::Arm64, &["cmke", "cmake", "nosuchthing"])]), Origin::default());
    let world = World::new();
    let sources = Arc::new(archive.sources(&world));
    let unlocked = sources.complete(graph.nodes()).await.unwrap_err();
    let [Unlocked { node: Some(NodeId(0)), error }] = &unlocked[..] else { panic!("{unlocked:?}") };
    assert_eq!(
        error.to_string(),
        "Debian has no packages of these names:\n  `cmke` for amd64 and arm64; did you mean `cmake`?\n  \
         `nosuchthing` for arm64"
    );
    assert!(!error.is_of_environment());
}
