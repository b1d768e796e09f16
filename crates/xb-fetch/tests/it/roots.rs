//! Roots that have packages in common.

use std::sync::Arc;

use xb_build::{Provider, Source};
use xb_core::Arch;
use xb_graph::{DebianRoot, Graph, Node, Origin};

use crate::common::archive::{Archive, NO_GPG, deb};
use crate::common::{World, skip};

#[tokio::test(flavor = "multi_thread")]
async fn a_package_of_several_roots_comes_once() {
    if deb("amd64").is_none() {
        return skip("there is no dpkg-deb on this machine");
    }
    let Some(archive) = Archive::with_debs(b"", |arch| deb(arch).unwrap()) else { return skip(NO_GPG) };
    let root = |arches: &[Arch]| {
        let packages = arches.iter().map(|arch| (*arch, ["cmake".to_owned()].into())).collect();
        DebianRoot { suite: "trixie".to_owned(), packages, database: false }
    };
    let (one, both) = (root(&[Arch::Amd64]), root(&Arch::ALL));
    let world = World::new();
    let sources = Arc::new(archive.sources(&world));
    let mut graph = Graph::default();
    for root in [&one, &both] {
        graph.add(Node::Debian(Box::new(root.clone())), Origin::default());
    }
    sources.complete(graph.nodes()).await.unwrap();
    let (one, both) = tokio::join!(sources.provide(Source::Debian(&one)), sources.provide(Source::Debian(&both)));
    let (one, both) = (one.unwrap(), both.unwrap());
    assert!(world.list(one).iter().any(|line| line.starts_with("usr/bin/cmake")), "{:?}", world.list(one));
    assert_ne!(one, both);
    let requests = archive.server.requests();
    let fetched = requests.iter().filter(|path| path.contains("cmake_1_amd64.deb")).count();
    assert_eq!(fetched, 1, "{requests:?}");
}
