//! Source distributions of Python projects, from indexes of either form.

use std::sync::Arc;

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::TreeId;
use xb_fetch::{Manners, Mirrors, PythonIndex, Sources};

use crate::common::server::{Answer, Server};
use crate::common::{World, file, sha256};

/// An index that lists a project, as JSON or as HTML, and has its files.
fn index(list: &str) -> Server {
    let server = Server::new();
    let list = list.replace("DIGEST", &sha256(b"one").to_string());
    server.on("/simple/a-b/", [Answer::Bytes(list.into_bytes())]);
    server.on("/files/a_b-1.0.tar.gz", [Answer::Bytes(b"one".to_vec())]);
    server
}

const HTML: &str = "<!DOCTYPE html><html><body>
    <a href=\"../../files/a_b-1.0.zip\">a_b-1.0.zip</a>
    <a href=\"../../files/a_b-1.0.tar.gz#sha256=DIGEST\" data-requires-python=\"&gt;=3\">a_b-1.0.tar.gz</a>
    <a href=\"../../files/a_b-1.1-py3-none-any.whl\">a_b-1.1-py3-none-any.whl</a></body></html>";

const JSON: &str = r#"{"files": [
    {"filename": "A.B-0.9.zip", "url": "/files/old.zip", "hashes": {}},
    {"filename": "a_b-1.0.tar.gz", "url": "/files/a_b-1.0.tar.gz", "hashes": {"sha256": "DIGEST"}}]}"#;

fn sources(server: &Server, world: &World, manners: Manners) -> Sources {
    let mut settings = world.settings(manners, Mirrors::default());
    settings.python = PythonIndex::at(&format!("{}/simple/", server.root));
    Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap()
}

async fn provide(sources: &Sources, path: &str) -> Result<TreeId, ProvideError> {
    sources.provide(Source::Fetch(&file(&format!("pypi:{path}")))).await
}

#[tokio::test]
async fn a_source_distribution_is_found_in_either_form_and_locked_by_its_name() {
    for list in [HTML, JSON] {
        let (server, world) = (index(list), World::new());
        let tree = provide(&sources(&server, &world, Manners::default()), "A.b/1.0").await.unwrap();
        assert_eq!(world.list(tree), ["it = one"]);
        assert!(world.lock_text().contains("url = \"pypi:A.b/1.0\""), "{}", world.lock_text());
        assert!(!world.lock_text().contains("127.0.0.1"), "the lock names a host");
        let offline = sources(&server, &world, Manners { offline: true, ..Manners::default() });
        provide(&offline, "A.b/1.0").await.unwrap();
    }
}

#[tokio::test]
async fn bytes_that_the_index_does_not_vouch_for_are_refused() {
    let (server, world) = (index(JSON), World::new());
    server.on("/files/a_b-1.0.tar.gz", [Answer::Bytes(b"two".to_vec())]);
    let error = provide(&sources(&server, &world, Manners::default()), "a-b/1.0").await.unwrap_err();
    assert!(error.message.contains("other bytes"), "{error}");
    assert_eq!(world.lock_text(), "");
}

#[tokio::test]
async fn a_version_without_a_source_is_told_with_those_that_have_one() {
    let (server, world) = (index(JSON), World::new());
    let error = provide(&sources(&server, &world, Manners::default()), "a-b/1.1").await.unwrap_err();
    assert!(error.message.contains("no source distribution of version 1.1; there are 0.9, 1.0"), "{error}");
    assert!(!error.is_of_environment);
}

#[tokio::test]
async fn an_index_that_lists_nothing_or_leads_elsewhere_is_told() {
    let elsewhere = r#"{"files": [{"filename": "a-b-1.0.tar.gz", "url": "file:///etc/passwd"}]}"#;
    for (list, why) in [("{", "does not list the files of `a-b`"), (elsewhere, "is at `file:///etc/passwd`")] {
        let (server, world) = (index(list), World::new());
        let error = provide(&sources(&server, &world, Manners::default()), "a-b/1.0").await.unwrap_err();
        assert!(error.message.contains(why), "{error}");
        assert!(error.is_of_environment && error.help.is_some_and(|help| help.contains("[pypi] index")));
    }
}

#[tokio::test]
async fn who_one_is_to_an_index_is_told_to_nobody_else() {
    let (server, world) = (Server::new(), World::new());
    let mut settings = world.settings(Manners::default(), Mirrors::default());
    settings.python = PythonIndex::at(&server.root.replace("://", "://name:secret@"));
    let sources = Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap();
    let error = provide(&sources, "a-b/1.0").await.unwrap_err();
    assert!(error.message.contains("127.0.0.1") && !error.message.contains("secret"), "{error}");
}
