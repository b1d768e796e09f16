//! Go modules, from proxies, by what `go.sum` says of them.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use xb_build::{ProvideError, Provider as _, Source};
use xb_core::{DirHash, TreeId};
use xb_fetch::archive::Limits;
use xb_fetch::{GoProxy, Manners, Mirrors, Sources};
use xb_graph::{Fetch, FetchKind, Node};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::common::World;
use crate::common::server::{Answer, Server};

const LEAD: &str = "example.org/Big/tool@v1.2.0/";
const URL: &str = "go:example.org/Big/tool@v1.2.0";
const ZIP: &str = "/example.org/!big/tool/@v/v1.2.0.zip";
const MOD: &str = "/example.org/!big/tool/@v/v1.2.0.mod";

fn zip(files: &[(&str, &str)], method: CompressionMethod, mode: u32) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method).unix_permissions(mode);
    for (name, text) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    zip(files, CompressionMethod::Deflated, 0o644)
}

/// As the documentation of `Hash1` says it.
fn h1(files: &[(&str, &str)]) -> DirHash {
    let mut files = files.to_vec();
    files.sort();
    let line = |(name, text): &(&str, &str)| format!("{}  {name}\n", crate::common::sha256(text.as_bytes()));
    DirHash(Sha256::digest(files.iter().map(line).collect::<String>()).into())
}

fn module(url: &str, h1: DirHash) -> Fetch {
    Fetch { url: url.to_owned(), how: FetchKind::GoModule { h1 }, sha256: None }
}

fn sources(world: &World, proxies: &str, manners: Manners) -> Sources {
    let mut settings = world.settings(manners, Mirrors::default());
    settings.go = GoProxy::at(proxies);
    Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap()
}

async fn provide(sources: &Sources, url: &str, h1: DirHash) -> Result<TreeId, ProvideError> {
    sources.provide(Source::Fetch(&module(url, h1))).await
}

/// What becomes of a zip, by the hash that it has.
async fn unpacked(files: &[(&str, &str)]) -> (World, Result<TreeId, ProvideError>) {
    let (world, server) = (World::new(), Server::new());
    server.on(ZIP, [Answer::Bytes(packed(files))]);
    let tree = provide(&sources(&world, &server.root, Manners::default()), URL, h1(files)).await;
    (world, tree)
}

fn tool() -> Vec<(&'static str, &'static str)> {
    vec![
        ("example.org/Big/tool@v1.2.0/main.go", "package main"),
        ("example.org/Big/tool@v1.2.0/Inner/a.go", "package inner"),
        ("example.org/Big/tool@v1.2.0/go.mod", "module m"),
    ]
}

#[tokio::test]
async fn a_module_is_a_folder_of_the_module_cache_and_no_entry_of_the_lock() {
    let (world, server) = (World::new(), Server::new());
    server.on(ZIP, [Answer::Bytes(packed(&tool()))]);
    let known = sources(&world, &format!("{}/", server.root), Manners::default());
    let hash = h1(&tool());
    assert_eq!(known.count_missing([&Node::Fetch(Box::new(module(URL, hash)))]), 0);
    let tree = provide(&known, URL, hash).await.unwrap();
    let list = world.list(tree);
    let files: Vec<&str> = list.iter().filter(|line| !line.ends_with('/')).map(String::as_str).collect();
    assert_eq!(
        files,
        [
            "cache/download/example.org/!big/tool/@v/v1.2.0.ziphash = 47 bytes",
            "example.org/!big/tool@v1.2.0/go.mod = module m",
            "example.org/!big/tool@v1.2.0/main.go = package main",
            "example.org/!big/tool@v1.2.0/Inner/a.go = package inner",
        ]
    );
    assert_eq!(hash.to_string().len(), 47);
    assert_eq!(world.lock_text(), "");
    let offline = sources(&world, "off", Manners { offline: true, locked: true });
    assert_eq!(provide(&offline, URL, hash).await.unwrap(), tree);
    assert_eq!(server.requests(), [ZIP]);
}

#[tokio::test]
async fn how_a_proxy_packs_a_module_changes_nothing() {
    let mut turned = tool();
    turned.reverse();
    let mut trees = Vec::new();
    for zip in [
        packed(&tool()),
        zip(&turned, CompressionMethod::Stored, 0o755),
        zip(&tool(), CompressionMethod::Stored, 0o120777),
    ] {
        let (world, server) = (World::new(), Server::new());
        server.on(ZIP, [Answer::Bytes(zip)]);
        trees.push(provide(&sources(&world, &server.root, Manners::default()), URL, h1(&tool())).await.unwrap());
    }
    trees.dedup();
    assert_eq!(trees.len(), 1);
}

#[tokio::test]
async fn a_go_mod_alone_is_known_by_its_own_hash() {
    let (world, server) = (World::new(), Server::new());
    server.on(MOD, [Answer::Bytes(b"module m\n".to_vec())]);
    let sources = sources(&world, &server.root, Manners::default());
    let url = format!("{URL}/go.mod");
    let tree = provide(&sources, &url, h1(&[("go.mod", "module m\n")])).await.unwrap();
    assert_eq!(world.list(tree).last().unwrap(), "cache/download/example.org/!big/tool/@v/v1.2.0.mod = module m\n");
    let wanted = h1(&[("go.mod", "module n\n")]);
    let error = provide(&sources, &url, wanted).await.unwrap_err();
    assert!(error.message.contains(&url) && error.message.contains(&wanted.to_string()), "{error}");
}

#[tokio::test]
async fn another_hash_is_an_error_that_names_both() {
    let (world, server) = (World::new(), Server::new());
    server.on(ZIP, [Answer::Bytes(packed(&tool()))]);
    let wanted = h1(&[]);
    let error = provide(&sources(&world, &server.root, Manners::default()), URL, wanted).await.unwrap_err();
    for part in [URL, &h1(&tool()).to_string(), &wanted.to_string()] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    assert!(!error.is_of_environment && error.help.is_some());
}

#[tokio::test]
async fn what_the_hash_does_not_tell_apart_is_refused() {
    let within = |name: &str| format!("{LEAD}{name}");
    for (name, reason) in [
        ("../a".to_owned(), "does not begin with"),
        ("/a".to_owned(), "does not begin with"),
        ("example.org/big/tool@v1.2.0/a".to_owned(), "does not begin with"),
        (within("../../a"), "not clean"),
        (within("a/./b"), "not clean"),
        (within("a//b"), "not clean"),
        (within("/a"), "not clean"),
        (within("a\nb"), "not clean"),
        (within("main.go"), "is not what `go.sum` says"),
        (within("main.go/a"), "not a folder"),
        (within(&"a".repeat(300)), "too long"),
    ] {
        // Zip libraries write no name twice: the other one is given its name in the bytes.
        let other = name.replace("main.go", "main.og");
        let files = [(&*within("main.go"), "x"), (&*other, "y")];
        let (world, server) = (World::new(), Server::new());
        let mut bytes = packed(&files);
        if other != name {
            for at in 0..bytes.len() {
                if bytes[at..].starts_with(b"main.og") {
                    bytes[at..at + 7].copy_from_slice(b"main.go");
                }
            }
        }
        server.on(ZIP, [Answer::Bytes(bytes)]);
        let hash = h1(&[(&*within("main.go"), "x"), (&*name, "y")]);
        let error = provide(&sources(&world, &server.root, Manners::default()), URL, hash).await.unwrap_err();
        assert!(error.message.contains(reason), "{name:?}: {error}");
    }
}

#[tokio::test]
async fn folders_count_for_the_hash_and_are_not_in_the_tree() {
    let folder = format!("{LEAD}empty/");
    let (world, tree) = unpacked(&[(&folder, ""), (&format!("{LEAD}a"), "x")]).await;
    let list = world.list(tree.unwrap());
    assert!(list.iter().all(|line| !line.contains("empty")), "{list:?}");
    let (_, full) = unpacked(&[(&folder, "x")]).await;
    assert!(full.unwrap_err().message.contains("goes on after its size"));
}

#[tokio::test]
async fn what_is_no_zip_or_holds_too_much_is_told() {
    let (world, server) = (World::new(), Server::new());
    server.on(ZIP, [Answer::Bytes(b"<html>".to_vec())]);
    let error = provide(&sources(&world, &server.root, Manners::default()), URL, h1(&[])).await.unwrap_err();
    assert!(error.message.contains("cannot unpack") && error.message.contains(URL), "{error}");
    let files = [(format!("{LEAD}a"), "x".repeat(20_000))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    server.on(ZIP, [Answer::Bytes(packed(&files))]);
    let mut settings = world.settings(Manners::default(), Mirrors::default());
    settings.go = GoProxy::at(&server.root);
    settings.limits = Limits { bytes: 10_000, ..Limits::default() };
    let small = Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap();
    let error = provide(&small, URL, h1(&files)).await.unwrap_err();
    assert!(error.message.contains("10000 bytes"), "{error}");
}

#[tokio::test]
async fn the_next_proxy_is_asked_where_the_list_allows_it() {
    let (first, second) = (Server::new(), Server::new());
    second.on(ZIP, [Answer::Bytes(packed(&tool()))]);
    let asked = |separator: &str| format!("{}{separator}{}", first.root, second.root);
    for (status, separator, finds) in [(404, ",", true), (410, ",", true), (403, ",", false), (403, "|", true)] {
        first.on(ZIP, [Answer::Status(status)]);
        let world = World::new();
        let done = provide(&sources(&world, &asked(separator), Manners::default()), URL, h1(&tool())).await;
        assert_eq!(done.is_ok(), finds, "{status} {separator} {done:?}");
    }
}

#[tokio::test]
async fn what_names_no_proxy_or_no_module_is_told() {
    let world = World::new();
    for list in ["off", "direct"] {
        let error = provide(&sources(&world, list, Manners::default()), URL, h1(&[])).await.unwrap_err();
        assert!(error.message.contains(&format!("`GOPROXY` is `{list}`")), "{error}");
        assert!(error.help.is_some_and(|help| help.contains("[go] proxy")) && error.is_of_environment);
    }
    let sources = sources(&world, "http://127.0.0.1:1", Manners { offline: true, ..Manners::default() });
    let error = provide(&sources, "go:example.org/../a@v1.0.0", h1(&[])).await.unwrap_err();
    assert!(error.message.contains("does not name a Go module") && !error.is_of_environment, "{error}");
    let error = provide(&sources, URL, h1(&[])).await.unwrap_err();
    assert!(error.message.contains("`--offline` forbids"), "{error}");
    let plain = crate::common::archive(URL, 1);
    let error = world.online().provide(Source::Fetch(&plain)).await.unwrap_err();
    assert!(error.message.contains("what `go.sum` says"), "{error}");
}
