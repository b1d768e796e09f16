//! Sources of rocks, from servers of rocks.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use xb_build::{ProvideError, Provider as _, Source};
use xb_core::{Sha256, TreeId};
use xb_fetch::{Manners, Mirrors, RockServers, Sources};
use xb_graph::{Fetch, FetchKind};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::server::{Answer, Server};
use crate::common::{World, archive, file, sha256};

const PATH: &str = "/a-b-1.0-1.src.rock";
const ROCK: &str = "rock:a-b/1.0-1";
const SPEC: &str = "package = 'a-b' source = { url = 'https://a.example/a-b-1.0.tar.gz' }";

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A tar archive with gzip.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// A rock whose rockspec says this, and which has a source with these files.
fn rock(spec: &str, files: &[(&str, &str)]) -> Vec<u8> {
    zip(&[("a-b-1.0-1.rockspec", spec.as_bytes()), ("a-b-1.0.tar.gz", &packed(files))])
}

fn sources(world: &World, servers: &[&Server], manners: Manners) -> Sources {
    let mut settings = world.settings(manners, Mirrors::default());
    settings.rocks = RockServers::of_machine(servers.iter().map(|server| format!("{}/", server.root)));
    Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap()
}

async fn provide(sources: &Sources, url: &str, sha256: Option<Sha256>) -> Result<TreeId, ProvideError> {
    let fetch = Fetch { url: url.to_owned(), how: FetchKind::Rock, sha256 };
    sources.provide(Source::Fetch(&fetch)).await
}

/// What becomes of a rock.
async fn source_of(bytes: Vec<u8>) -> Result<Vec<String>, ProvideError> {
    let (world, server) = (World::new(), Server::new());
    server.on(PATH, [Answer::Bytes(bytes)]);
    let tree = provide(&sources(&world, &[&server], Manners::default()), ROCK, None).await?;
    let lines = world.list(tree).into_iter();
    Ok(lines.map(|line| if line.starts_with("a-b-1.0-1.rockspec = ") { "THE SPEC".to_owned() } else { line }).collect())
}

#[tokio::test]
async fn a_rock_is_locked_by_its_name_and_becomes_the_folder_that_is_built() {
    let (world, server) = (World::new(), Server::new());
    let bytes = rock(SPEC, &[("a-b-1.0/a.c", "int a;"), ("a-b-1.0/sub/b.lua", "return 1")]);
    server.on(PATH, [Answer::Bytes(bytes.clone())]);
    let tree = provide(&sources(&world, &[&server], Manners::default()), ROCK, None).await.unwrap();
    assert_eq!(
        world.list(tree),
        ["a-b-1.0-1.rockspec = 69 bytes", "a.c = int a;", "sub/", "sub/b.lua = return 1"],
        "{SPEC}"
    );
    let lock = world.lock_text();
    assert!(lock.contains(&format!("url = \"{ROCK}\"")) && lock.contains(&sha256(&bytes).to_string()), "{lock}");
    assert!(!lock.contains("127.0.0.1"), "the lock names a host");
    let offline = sources(&world, &[&server], Manners { offline: true, ..Manners::default() });
    assert_eq!(provide(&offline, ROCK, None).await.unwrap(), tree);
    let kept = offline.provide(Source::Fetch(&file(ROCK))).await.unwrap();
    assert_eq!(world.list(kept), [format!("it = {} bytes", bytes.len())]);
}

#[tokio::test]
async fn the_folder_is_the_one_that_the_rockspec_says_and_the_rockspec_the_one_of_the_rock() {
    let folder = "package = 'a-b' source = { url = 'a-b-1.0.tar.gz', dir = 'top/./inner/' }";
    let files = [
        ("top/a.c", "outer"),
        ("top/inner/a.c", "inner"),
        ("top/inner/a-b-scm-1.rockspec", "newer"),
        ("top/inner/rockspec/other", "kept"),
        ("top/inner/rockspecs/a-b-2.0-1.rockspec", "newer"),
        ("top/inner/sub/a-b-2.0-1.rockspec", "kept"),
    ];
    let expected =
        ["THE SPEC", "a.c = inner", "rockspec/", "rockspec/other = kept", "sub/", "sub/a-b-2.0-1.rockspec = kept"];
    assert_eq!(source_of(rock(folder, &files)).await.unwrap(), expected);
}

#[tokio::test]
async fn a_folder_of_another_name_is_taken_where_it_is_the_only_one() {
    let only = [("other-1.0/a.c", "it")];
    assert_eq!(source_of(rock(SPEC, &only)).await.unwrap(), ["THE SPEC", "a.c = it"]);
    let at_top = "source = { url = 'a-b-1.0.tar.gz', dir = '.' }";
    assert_eq!(source_of(rock(at_top, &[("a.c", "it")])).await.unwrap(), ["THE SPEC", "a.c = it"]);
}

#[tokio::test]
async fn repositories_and_single_files_lie_in_a_rock_as_they_are() {
    let spec: &[u8] = b"source = { url = 'git+https://a.example/a-b.git', tag = 'v1' }";
    let repository = zip(&[("a-b-1.0-1.rockspec", spec), ("a-b/a.c", b"it"), ("a-b/sub/b", b"b")]);
    assert_eq!(source_of(repository).await.unwrap(), ["THE SPEC", "a.c = it", "sub/", "sub/b = b"]);
    let spec: &[u8] = b"source = { url = 'https://a.example/a.lua' }";
    let single = zip(&[("a-b-1.0-1.rockspec", spec), ("a.lua", b"return 1")]);
    assert_eq!(source_of(single).await.unwrap(), ["THE SPEC", "a.lua = return 1"]);
}

#[tokio::test]
async fn what_gives_no_source_is_told_with_what_is_in_it() {
    let tar = packed(&[("a-b-1.0/a.c", "it")]);
    let spec = |text: &str| zip(&[("a-b-1.0-1.rockspec", text.as_bytes()), ("a-b-1.0.tar.gz", &tar)]);
    let two = [("one/a.c", "it"), ("two/a.c", "it")];
    for (bytes, why) in [
        (zip(&[("other-1.0-1.rockspec", b"")]), "no `a-b-1.0-1.rockspec` in it: it has `other-1.0-1.rockspec`"),
        (zip(&[("rock_manifest", b""), ("lua/a.lua", b"")]), "holds no source"),
        (zip(&[("a-b-1.0-1.rockspec", SPEC.as_bytes())]), "no `a-b-1.0.tar.gz` in it, which its rockspec says"),
        (zip(&[("a-b-1.0-1.rockspec", SPEC.as_bytes()), ("a-b-1.0.tar.gz", b"<html>")]), "its `a-b-1.0.tar.gz` cannot"),
        (rock(SPEC, &two), "no folder `a-b-1.0` in its source, which would be called as the source is: it has `one`"),
        (
            spec("source = { url = 'a-b-1.0.tar.gz', dir = 'c' }"),
            "no folder `c` in its source, which its rockspec says",
        ),
        (spec("source = { url = 'a-b-1.0.tar.gz', dir = '../x' }"), "leads out of its source"),
        (spec("source = { url = 'a-b-1.0.tar.gz', dir = '/etc' }"), "leads out of its source"),
        (spec("source = { url = ask() }"), "does not say `source.url` in plain text"),
        (spec("x = 1\nfor i = 1, 9 do end"), "line 2 has `for`"),
        (spec(&"-".repeat((1 << 20) + 1)), "more than the 1048576 bytes"),
    ] {
        let error = source_of(bytes).await.unwrap_err();
        assert!(error.message.contains(why) && error.message.contains(ROCK), "{why}: {error}");
        assert!(!error.is_of_environment && error.help.is_some(), "{error}");
    }
}

#[tokio::test]
async fn hostile_archives_in_rocks_are_refused() {
    for (name, why) in [("../a.c", "leads upwards"), ("/a.c", "absolute"), ("a-b-1.0/../../a.c", "leads upwards")] {
        let error = source_of(rock(SPEC, &[(name, "it")])).await.unwrap_err();
        assert!(error.message.contains(why), "{name}: {error}");
    }
}

#[tokio::test]
async fn an_archive_in_a_rock_holds_no_more_than_the_rock_could() {
    let blanks = " ".repeat(100 << 20);
    let inner = packed(&[("a-b-1.0/a", &blanks)]);
    let bomb = rock(SPEC, &[("a-b-1.0/a", &blanks)]);
    assert!(inner.len() > 100_000 && bomb.len() < 20_000, "{} in {}", inner.len(), bomb.len());
    let error = source_of(bomb).await.unwrap_err();
    assert!(error.message.contains("it holds more than"), "{error}");
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let (world, server) = (World::new(), Server::new());
    let mut bytes = rock(SPEC, &[("a-b-1.0/a.c", "it")]);
    server.on(PATH, [Answer::Bytes(bytes.clone())]);
    let known = sources(&world, &[&server], Manners::default());
    let error = provide(&known, ROCK, Some(sha256(b"right"))).await.unwrap_err();
    assert!(error.message.contains("other bytes: SHA-256"), "{error}");
    provide(&known, ROCK, None).await.unwrap();
    let (other, moved) = (World::new(), Server::new());
    other.write("xb.lock", &world.lock_text());
    *bytes.last_mut().unwrap() ^= 1;
    moved.on(PATH, [Answer::Bytes(bytes)]);
    let error = provide(&sources(&other, &[&moved], Manners::default()), ROCK, None).await.unwrap_err();
    assert!(error.message.contains("other bytes: SHA-256"), "{error}");
    assert!(error.help.is_some_and(|help| help.contains("xb lock --update")));
}

#[tokio::test]
async fn the_next_server_is_asked_only_where_one_does_not_have_a_rock() {
    let bytes = rock(SPEC, &[("a-b-1.0/a.c", "it")]);
    let (empty, broken, full) = (Server::new(), Server::new(), Server::new());
    broken.on(PATH, [Answer::Status(403)]);
    full.on(PATH, [Answer::Bytes(bytes.clone())]);
    let world = World::new();
    let error = provide(&sources(&world, &[&empty, &broken, &full], Manners::default()), ROCK, None).await.unwrap_err();
    assert!(error.is_of_environment && error.message.contains("403") && world.lock_text().is_empty(), "{error}");
    assert!(full.requests().is_empty(), "a server behind one that refuses was asked");
    let known = sources(&world, &[&broken, &full], Manners::default());
    provide(&known, ROCK, Some(sha256(&bytes))).await.unwrap();
    let world = World::new();
    provide(&sources(&world, &[&empty, &full], Manners::default()), ROCK, None).await.unwrap();
}

#[tokio::test]
async fn a_rock_that_no_server_has_is_told_with_what_to_do() {
    let (world, server) = (World::new(), Server::new());
    let known = sources(&world, &[&server], Manners::default());
    let error = provide(&known, ROCK, None).await.unwrap_err();
    assert!(error.message.contains(ROCK) && error.message.contains("/a-b-1.0-1.src.rock: it answers 404"), "{error}");
    assert!(!error.is_of_environment && error.help.is_some_and(|help| help.contains("fetch.tarball")));
    for name in ["a-b", "a-b/1.0", "../a/1.0-1"] {
        let error = provide(&known, &format!("rock:{name}"), None).await.unwrap_err();
        assert!(error.message.contains("does not name a rock, its version and its revision"), "{error}");
    }
    let error = known.provide(Source::Fetch(&archive(ROCK, 1))).await.unwrap_err();
    assert!(error.message.contains("is a rock") && error.help.is_some_and(|help| help.contains("fetch.rock")));
}

#[tokio::test]
async fn a_rock_is_taken_from_an_address_too() {
    let (world, server) = (World::new(), Server::new());
    let url = server.on("/files/a-b-1.0-1.src.rock", [Answer::Bytes(rock(SPEC, &[("a-b-1.0/a.c", "it")]))]);
    let known = sources(&world, &[], Manners::default());
    let tree = provide(&known, &url, None).await.unwrap();
    assert_eq!(world.list(tree)[1..], ["a.c = it"]);
    for (name, why) in [("a-b-1.0-1.all.rock", "holds no source"), ("a-b.zip", "not called")] {
        let error = provide(&known, &format!("{}/{name}", server.root), None).await.unwrap_err();
        assert!(error.message.contains(why) && error.help.is_some(), "{error}");
    }
}

#[tokio::test]
async fn servers_that_cannot_be_asked_are_told_without_passwords() {
    let world = World::new();
    let mut settings = world.settings(Manners::default(), Mirrors::default());
    settings.rocks = RockServers::of_machine(["ftp://me:secret@a.example/rocks".to_owned(), "/srv/rocks".to_owned()]);
    let sources = Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap();
    let error = provide(&sources, ROCK, None).await.unwrap_err();
    assert!(error.message.contains("by https or http: ftp://a.example/rocks, /srv/rocks"), "{error}");
    assert!(error.is_of_environment && error.help.is_some_and(|help| help.contains("[rocks] servers")));
}
