//! Crates, from registries that say where they are.

use std::sync::Arc;

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::{Sha256, TreeId};
use xb_fetch::{CrateIndex, Manners, Mirrors, Sources};
use xb_graph::Fetch;

use crate::common::server::{Answer, Server};
use crate::common::{World, file, sha256};

struct Registry {
    server: Server,
    index: String,
}

impl Registry {
    fn new(config: &str) -> Self {
        let server = Server::new();
        let config = config.replace("ROOT", &server.root);
        server.on("/index/config.json", [Answer::Bytes(config.into_bytes())]);
        let index = format!("sparse+{}/index/", server.root);
        Self { server, index }
    }

    fn sources(&self, world: &World, manners: Manners) -> Sources {
        let mut settings = world.settings(manners, Mirrors::default());
        settings.crates = CrateIndex::at(&self.index);
        Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap()
    }
}

async fn provide(sources: &Sources, path: &str, sha256: Option<Sha256>) -> Result<TreeId, ProvideError> {
    sources.provide(Source::Fetch(&Fetch { sha256, ..file(&format!("crate:{path}")) })).await
}

#[tokio::test]
async fn an_index_is_asked_once_where_its_crates_are() {
    let registry = Registry::new(r#"{"dl": "ROOT/files/{prefix}/{crate}-{version}.crate", "api": null}"#);
    registry.server.on("/files/on/ex/one-x-1.0.0.crate", [Answer::Bytes(b"one".to_vec())]);
    registry.server.on("/files/3/t/two-2.0.0.crate", [Answer::Bytes(b"two".to_vec())]);
    let world = World::new();
    let sources = registry.sources(&world, Manners::default());
    let tree = provide(&sources, "two/2.0.0", Some(sha256(b"two"))).await.unwrap();
    assert_eq!(world.list(tree), ["it = two"]);
    assert_eq!(world.lock_text(), "", "a crate whose digest is given was locked");
    assert!(provide(&sources, "one-x/1.0.0", Some(sha256(b"two"))).await.is_ok(), "known contents were fetched");
    let requests = registry.server.requests();
    assert_eq!(requests.iter().filter(|path| path.contains("config.json")).count(), 1, "{requests:?}");
}

#[tokio::test]
async fn a_crate_is_locked_by_its_name_and_not_by_where_it_was() {
    let registry = Registry::new(r#"{"dl": "ROOT/api"}"#);
    registry.server.on("/api/one/1.0.0/download", [Answer::Bytes(b"one".to_vec())]);
    let world = World::new();
    provide(&registry.sources(&world, Manners::default()), "one/1.0.0", None).await.unwrap();
    assert!(world.lock_text().contains("url = \"crate:one/1.0.0\""), "{}", world.lock_text());
    assert!(!world.lock_text().contains("127.0.0.1"), "the lock names a host");
    let offline = registry.sources(&world, Manners { offline: true, ..Manners::default() });
    provide(&offline, "one/1.0.0", None).await.unwrap();
    let error = provide(&offline, "two/1.0.0", Some(sha256(b"two"))).await.unwrap_err();
    assert!(error.message.contains("`--offline` forbids"), "{error}");
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let registry = Registry::new(r#"{"dl": "ROOT/api"}"#);
    registry.server.on("/api/one/1.0.0/download", [Answer::Bytes(b"other".to_vec())]);
    let world = World::new();
    let sources = registry.sources(&world, Manners::default());
    let error = provide(&sources, "one/1.0.0", Some(sha256(b"one"))).await.unwrap_err();
    assert!(error.message.contains("other bytes"), "{error}");
}

#[tokio::test]
async fn an_index_that_does_not_say_where_crates_are_is_told() {
    for config in ["", "{}", "[1]", "{\"dl\": 1}"] {
        let registry = Registry::new(config);
        let world = World::new();
        let sources = registry.sources(&world, Manners::default());
        let error = provide(&sources, "one/1.0.0", None).await.unwrap_err();
        assert!(error.message.contains("does not say where they are"), "{config}: {error}");
        assert!(error.is_of_environment && error.help.is_some_and(|help| help.contains("[crates] index")));
        assert_eq!(world.lock_text(), "");
    }
}
