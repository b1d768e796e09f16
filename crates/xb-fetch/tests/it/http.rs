//! Downloads from servers that fail, lie, stall and cut.

use std::sync::{Arc, Mutex};

use xb_build::{Event, Events, Provider as _, Source};
use xb_core::Sha256;
use xb_fetch::download::{Download, DownloadError, Downloader, Fetched};
use xb_fetch::{Manners, Mirrors};
use xb_graph::Fetch;

use crate::common::server::{Answer, Server};
use crate::common::{World, file, impatient, sha256};

fn bytes() -> Vec<u8> {
    (0..300_000_u32).flat_map(|n| n.to_le_bytes()).collect()
}

async fn fetch(urls: &[String], sha256: Option<Sha256>, size: Option<u64>) -> Result<Fetched, DownloadError> {
    let scratch = tempfile::tempdir().unwrap();
    let downloader = Downloader::new(&Mirrors::default(), impatient(), scratch.path(), Arc::new(()));
    let wanted = Download { name: "it".to_owned(), urls: urls.to_vec(), sha256, size, ..Download::default() };
    let fetched = downloader.fetch(&wanted).await;
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "something remains");
    fetched
}

async fn check(server: &Server, answers: impl IntoIterator<Item = Answer>) -> Result<Fetched, DownloadError> {
    let url = server.on("/it", answers);
    let fetched = fetch(&[url], Some(sha256(&bytes())), Some(bytes().len() as u64)).await;
    if let Ok(fetched) = &fetched {
        let mut got = Vec::new();
        std::io::Read::read_to_end(&mut &fetched.file, &mut got).unwrap();
        assert!(got == bytes());
    }
    fetched
}

#[tokio::test]
async fn failures_that_pass_are_waited_out() {
    let server = Server::new();
    check(&server, [Answer::Status(503), Answer::Status(429), Answer::Bytes(bytes())]).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[derive(Default)]
struct Told(Mutex<Vec<Event>>);

impl Events for Told {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

#[tokio::test]
async fn that_a_download_is_whole_is_told_although_nothing_said_how_long_it_is() {
    let server = Server::new();
    let url = server.on("/it", [Answer::Unsized(bytes())]);
    let scratch = tempfile::tempdir().unwrap();
    let told = Arc::new(Told::default());
    let downloader = Downloader::new(&Mirrors::default(), impatient(), scratch.path(), Arc::clone(&told) as _);
    let wanted = Download { name: "it".to_owned(), urls: vec![url], ..Download::default() };
    let size = downloader.fetch(&wanted).await.unwrap().size;
    let told = told.0.lock().unwrap();
    let Some(Event::Downloaded { name, bytes, total }) = told.last() else { panic!("{told:?}") };
    assert_eq!((name.as_str(), *bytes, *total), ("it", size, Some(size)));
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_was_cut() {
    let server = Server::new();
    check(&server, [Answer::Cut(bytes(), 500_000), Answer::Bytes(bytes())]).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].starts_with("/it from "), "{requests:?}");
}

#[tokio::test]
async fn a_server_that_knows_no_parts_gives_all_again() {
    let server = Server::new();
    check(&server, [Answer::Cut(bytes(), 500_000), Answer::Whole(bytes())]).await.unwrap();
}

#[tokio::test]
async fn a_server_that_always_cuts_is_given_up() {
    let server = Server::new();
    let answers = std::iter::repeat_n(Answer::Cut(bytes(), 9_000), 100);
    check(&server, answers).await.unwrap_err();
}

#[tokio::test]
async fn silence_is_not_waited_for_for_ever() {
    let server = Server::new();
    check(&server, [Answer::Silence, Answer::Bytes(bytes())]).await.unwrap();
}

#[tokio::test]
async fn other_bytes_are_refused_and_the_next_url_is_tried() {
    let (liar, honest) = (Server::new(), Server::new());
    let mut wrong = bytes();
    wrong[7] ^= 1;
    let urls = [liar.on("/it", [Answer::Bytes(wrong)]), honest.on("/it", [Answer::Bytes(bytes())])];
    let right = Some(sha256(&bytes()));
    assert_eq!(fetch(&urls, right, None).await.unwrap().sha256, sha256(&bytes()));
    let error = fetch(&urls[..1], right, None).await.unwrap_err().to_string();
    assert!(error.contains("other bytes") && error.contains(&liar.root), "{error}");
    assert_eq!(liar.requests().len(), 2, "a lie is not asked for twice");
}

/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn beside_other_bytes_it_does_not_matter_who_has_none() {
    let (liar, empty) = (Server::new(), Server::new());
    let urls =
        [empty.on("/it", [Answer::Status(404)]), liar.on("/it", [Answer::Bytes(vec![1])]), format!("{NOWHERE}/it")];
    let error = fetch(&urls, Some(sha256(&bytes())), None).await.unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains(&liar.root) && error.contains("other bytes"), "{error}");
}

#[tokio::test]
async fn what_a_server_does_not_have_is_the_matter_of_the_description() {
    let empty = Server::new();
    let url = empty.on("/it", [Answer::Status(404)]);
    let world = World::new();
    let check = async |url: &str, sha256: Option<Sha256>, mirrors: &[&str], of_environment: bool, help: &str| {
        let sources = world.sources(Manners::default(), Mirrors::only(mirrors.iter().map(|root| (*root).to_owned())));
        let fetch = Fetch { sha256, ..file(url) };
        let error = sources.provide(Source::Fetch(&fetch)).await.unwrap_err();
        assert_eq!(error.is_of_environment, of_environment, "{error}");
        assert!(error.help.as_ref().unwrap().contains(help), "{error:?}");
    };
    let sum = Some(sha256(b"it"));
    check(&url, None, &[], false, "is the address right").await;
    check(&url, sum, &[], false, "is the address right").await;
    check("debian:pool/a/a/a.tar", sum, &[NOWHERE, &empty.root], false, "`debian:pool/a/a/?` without").await;
    check("debian:pool/a/a/a.tar", sum, &[NOWHERE], true, "is there a network?").await;
    check(&format!("{NOWHERE}/it"), None, &[], true, "is there a network?").await;
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let server = Server::new();
    let url = server.on("/it", [Answer::Bytes(vec![0; 5 << 20])]);
    let error = fetch(&[url], None, Some(1000)).await.unwrap_err().to_string();
    assert!(error.contains("more bytes"), "{error}");
}

async fn at_most(server: &Server, answer: Answer, most: u64) -> Result<Fetched, String> {
    let scratch = tempfile::tempdir().unwrap();
    let downloader = Downloader::new(&Mirrors::default(), impatient(), scratch.path(), Arc::new(()));
    let urls = vec![server.on("/it", [answer])];
    let wanted = Download { urls, at_most: Some(most), ..Download::default() };
    downloader.fetch(&wanted).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn of_what_has_no_known_size_no_more_comes_than_is_allowed() {
    let server = Server::new();
    let most = bytes().len() as u64;
    assert_eq!(at_most(&server, Answer::Bytes(bytes()), most).await.unwrap().size, most);
    for flood in [Answer::Bytes(bytes()), Answer::Endless] {
        let error = at_most(&server, flood, most - 1).await.unwrap_err();
        assert!(error.contains("allowed"), "{error}");
    }
}

#[tokio::test]
async fn what_is_locked_must_have_its_size() {
    let server = Server::new();
    let url = server.on("/x", [Answer::Bytes(b"one".to_vec()), Answer::Endless]);
    let (world, other) = (World::new(), World::new());
    world.online().provide(Source::Fetch(&file(&url))).await.unwrap();
    other.write("xb.lock", &world.lock_text());
    let error = other.online().provide(Source::Fetch(&file(&url))).await.unwrap_err();
    assert!(error.message.contains("more bytes than there should be, which is 3"), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_and_what_is_not_there_is_said_once() {
    let (server, other) = (Server::new(), Server::new());
    let there = other.on("/there", [Answer::Bytes(bytes())]);
    check(&server, [Answer::Redirect(there)]).await.unwrap();
    let error = check(&server, [Answer::Status(404)]).await.unwrap_err().to_string();
    assert!(error.contains("404"), "{error}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_unreachable_place_is_named() {
    let error = fetch(&["http://127.0.0.1:9/it".to_owned()], None, None).await.unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:9/it") && error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_place_that_was_not_reached_is_tried_last() {
    let server = Server::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::default();
    let downloader = Downloader::new(&mirrors, impatient(), scratch.path(), Arc::new(()));
    let wanted = Download {
        urls: vec![format!("http://{free}/it"), server.on("/it", [Answer::Bytes(bytes())])],
        ..Download::default()
    };
    downloader.fetch(&wanted).await.unwrap();
    let listener = std::net::TcpListener::bind(free).unwrap();
    downloader.fetch(&wanted).await.unwrap();
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "it is asked again, before the one that answers");
}

#[tokio::test]
async fn pool_paths_are_tried_at_every_mirror() {
    let (stale, good) = (Server::new(), Server::new());
    good.on("/pool/x.txt", [Answer::Bytes(b"hello".to_vec())]);
    let world = World::new();
    let mirrors = Mirrors::only([stale.root.clone(), good.root.clone()]);
    let sources = world.sources(Manners::default(), mirrors);
    let mut fetch = file("debian:pool/x.txt");
    fetch.sha256 = Some(sha256(b"hello"));
    let tree = sources.provide(Source::Fetch(&fetch)).await.unwrap();
    assert_eq!(world.list(tree), ["it = hello"]);
}

#[tokio::test]
async fn the_same_thing_is_fetched_once() {
    let server = Server::new();
    let url = server.on("/x", [Answer::Status(503), Answer::Bytes(b"hello".to_vec())]);
    let world = World::new();
    let sources = world.online();
    let fetch = file(&url);
    let ask = || sources.provide(Source::Fetch(&fetch));
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    assert_eq!(a.unwrap(), b.unwrap());
    c.unwrap();
    assert_eq!(server.requests().len(), 2);
}
