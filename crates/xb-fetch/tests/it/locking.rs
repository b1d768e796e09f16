//! The lock: what is written, what is believed, what is refused.

use std::sync::Arc;

use xb_build::{Provider as _, Source};
use xb_core::{Arch, RelPath};
use xb_fetch::lock::{LockFile, LockedFetch, LockedGit, LockedSet, LockedSuite, PackageName, SetKey, Used};
use xb_fetch::{Lock, Manners, Mirrors, Moment, Unlocked};
use xb_graph::{DebianRoot, Fetch, Folder, Graph, Node, NodeId, Origin};

use crate::common::server::{Answer, Server};
use crate::common::{World, file, sha256};

const LOCKED: Manners = Manners { locked: true, offline: false };
const OLD: &str = "Sat, 05 Sep 2026 07:55:41 UTC";
const NEW: &str = "Sat, 12 Sep 2026 07:55:41 UTC";
const OFFLINE: Manners = Manners { locked: false, offline: true };

fn sample() -> Lock {
    let mut lock = Lock::default();
    let locked = LockedFetch { sha256: sha256(b"a"), size: 1, date: None };
    let dated = LockedFetch { date: Some(OLD.to_owned()), ..locked.clone() };
    lock.fetched.insert("debian:pool/main/a/a_1.orig.tar.gz".to_owned(), dated);
    lock.fetched.insert("https://host.example/odd \"name\".tar".to_owned(), locked);
    let tree = xb_core::TreeId(xb_core::Digest::of(b"tree"));
    let git = LockedGit { commit: "0123456789abcdef0123456789abcdef01234567".to_owned(), tree };
    lock.git.insert(("https://host.example/repo".to_owned(), "v1".to_owned()), git);
    let names = ["gcc:amd64", "tzdata:all"].map(|name| name.parse::<PackageName>().unwrap());
    let packages = names.iter().map(|name| xb_debian::Pinned {
        name: name.name.clone(),
        version: "4:14.2.0-1+b1~x".to_owned(),
        arch: name.arch.clone(),
        path: format!("pool/main/{}.deb", name.name),
        sha256: sha256(name.name.as_bytes()),
        size: 7,
    });
    let mut suite = LockedSuite { date: NEW.to_owned(), in_release: Some(sha256(b"index")), ..LockedSuite::default() };
    for (name, date) in names.iter().zip([OLD, NEW]) {
        let wanted = [name.clone()].into();
        suite.add(SetKey { native: xb_core::Arch::Amd64, wanted }, date, packages.clone().collect());
    }
    lock.debian.insert("trixie".to_owned(), suite);
    lock
}

fn graph<'u>(urls: impl IntoIterator<Item = &'u str>) -> Graph {
    let mut graph = Graph::default();
    for url in urls {
        graph.add(Node::Fetch(Box::new(file(url))), Origin::default());
    }
    graph
}

#[test]
fn a_lock_reads_what_it_writes() {
    let text = sample().to_string();
    assert_eq!(text.parse::<Lock>().unwrap(), sample());
    assert_eq!(text.parse::<Lock>().unwrap().to_string(), text);
}

#[test]
fn what_was_locked_by_an_older_index_keeps_its_date() {
    let lock: Lock = sample().to_string().parse().unwrap();
    let sets = &lock.debian["trixie"].sets;
    assert_eq!(sets.values().map(|set| set.date.as_str()).collect::<Vec<_>>(), [OLD, NEW]);
    assert_eq!(lock.date_of("debian:pool/main/a/a_1.orig.tar.gz"), Moment::parse(OLD));
    assert_eq!(lock.date_of("debian:pool/main/b/b_1.orig.tar.gz"), Moment::parse(NEW));
}

#[test]
fn what_is_wrong_with_a_lock_is_said_with_its_line() {
    let text = sample().to_string();
    let check = |from: &str, to: &str, why: &str| {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from}");
        let error = broken.parse::<Lock>().unwrap_err();
        let line = broken.lines().nth(error.line - 1).unwrap_or_default();
        assert!(error.reason.contains(why), "{error}");
        assert!(line.contains(to.split('\n').next().unwrap()), "{error}: `{line}`");
    };
    check("version = 1", "version = 2", "newer xb");
    check("size = 1", "sise = 1", "sise");
    check("native = \"amd64\"", "native = \"vax\"", "vax");
    check("  \"tzdata:all\",", "  \"tzdata:amd64\",", "not among the packages");
    check("  \"tzdata:all\",", "  \"tzdata\",", "gcc:amd64");
    check("path = \"pool/main/gcc.deb\"", "path = \"../gcc.deb\"", "pool");
    check("commit = \"0", "commit = \"-", "commit");
    check("date = \"Sat", "date = \"Xat, x", "date");
    check("date = \"Sat, 05 Sep 2026 07:55:41 UTC\"\nnative", "date = \"05 Sep\"\nnative", "date");
    check(&format!("date = \"{NEW}\"\nin_release"), "date = \"12 Sep\"\nin_release", "date");
    check(
        "name = \"tzdata\"\nversion = \"4:14.2.0-1+b1~x\"\narch = \"all\"",
        "name = \"gcc\"\nversion = \"1\"\narch = \"amd64\"",
        "twice",
    );
    let sum = sha256(b"a").to_string();
    check(&format!("sha256 = \"{sum}\""), "sha256 = \"abc\"", "abc");
}

#[test]
fn the_name_of_the_file_is_in_the_error() {
    let world = World::new();
    world.write("xb.lock", "version = 1\nnonsense\n");
    let error = LockFile::open(world.lock_path(), Manners::default()).unwrap_err().to_string();
    assert!(error.contains("xb.lock`, line 2: "), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_added_and_then_believed() {
    let server = Server::new();
    let url = server.on("/x", [Answer::Bytes(b"one".to_vec())]);
    let world = World::new();
    let tree = world.online().provide(Source::Fetch(&file(&url))).await.unwrap();
    let lock = world.lock_text();
    assert!(lock.contains(&sha256(b"one").to_string()), "{lock}");

    server.on("/x", [Answer::Bytes(b"two".to_vec())]);
    for manners in [LOCKED, OFFLINE] {
        let sources = world.sources(manners, Mirrors::default());
        assert_eq!(sources.provide(Source::Fetch(&file(&url))).await.unwrap(), tree);
    }
    let other = World::new();
    other.write("xb.lock", &lock);
    let error = other.online().provide(Source::Fetch(&file(&url))).await.unwrap_err();
    assert!(error.message.contains("other bytes"), "{error}");
    assert!(error.help.unwrap().contains("--update") && error.is_of_environment);
    assert_eq!(other.lock_text(), lock);
    let described = Fetch { sha256: Some(sha256(b"three")), ..file(&url) };
    let error = other.online().provide(Source::Fetch(&described)).await.unwrap_err();
    assert!(error.help.unwrap().contains("in the description") && !error.is_of_environment);

    let changes = other.online().update(&["x".to_owned()]).await.unwrap();
    assert_eq!(changes, [(url, sha256(b"one").to_string(), sha256(b"two").to_string())]);
    assert!(other.lock_text().contains(&sha256(b"two").to_string()));
    assert!(other.online().update(&["y".to_owned()]).await.is_err());
}

#[tokio::test]
async fn locked_lists_everything_that_is_missing() {
    let world = World::new();
    let graph = graph(["http://a.example/x", "http://b.example/y"]);
    let sources = Arc::new(world.sources(LOCKED, Mirrors::default()));
    let unlocked = sources.complete(graph.nodes()).await.unwrap_err();
    let [Unlocked { node: None, error }] = &unlocked[..] else { panic!("{unlocked:?}") };
    let text = error.to_string();
    assert!(text.contains("a.example/x") && text.contains("b.example/y"), "{text}");
    assert!(error.help().unwrap().contains("xb lock"));
    assert!(!world.lock_path().exists());
}

/// What is said to be missing when these sets are asked for, each `name:arch ...`, and the node that it is for.
async fn missing(manners: Manners, sets: &[&str]) -> (Option<NodeId>, String) {
    let world = World::new();
    world.write("xb.lock", &sample().to_string());
    let mut graph = Graph::default();
    for set in sets {
        let wanted = set.split(' ').map(|name| name.parse().unwrap()).collect();
        let packages = SetKey { native: Arch::Amd64, wanted }.by_arch();
        let root = DebianRoot { suite: "trixie".to_owned(), packages, database: false };
        graph.add(Node::Debian(Box::new(root)), Origin::default());
    }
    let sources = Arc::new(world.sources(manners, Mirrors::default()));
    let mut unlocked = sources.complete(graph.nodes()).await.unwrap_err();
    let Unlocked { node, error } = unlocked.pop().unwrap();
    assert!(unlocked.is_empty(), "{unlocked:?}");
    let text = error.to_string();
    (node, text.split_once(":\n  ").unwrap().1.to_owned())
}

#[tokio::test]
async fn of_a_set_that_is_missing_what_no_set_has_is_named_once() {
    for manners in [LOCKED, OFFLINE] {
        let (node, text) = missing(manners, &["gcc:amd64 tzdata:amd64 zlib1g-dev:arm64", "zlib1g-dev:arm64"]).await;
        assert_eq!((node, text.as_str()), (Some(NodeId(0)), "the package zlib1g-dev:arm64 of Debian trixie"));
        let (_, text) = missing(manners, &["gcc:amd64 a:amd64 b:amd64"]).await;
        assert_eq!(text, "the packages a:amd64, b:amd64 of Debian trixie");
        let (_, text) = missing(manners, &["gcc:amd64 tzdata:amd64"]).await;
        assert_eq!(text, "a set of 2 packages of Debian trixie, each of which it has in other sets");
    }
}

#[tokio::test]
async fn a_folder_that_is_missing_is_told_before_anything_is_looked_up() {
    let server = Server::new();
    let mut graph = graph([server.on("/x", [Answer::Bytes(b"x".to_vec())]).as_str()]);
    for path in ["source", "sauce", "nowhere"] {
        let folder = Folder { path: RelPath::new(path).unwrap(), only: Vec::new(), except: Vec::new() };
        graph.add(Node::Folder(Box::new(folder)), Origin::default());
    }
    let world = World::new();
    world.write("source/a", "a");
    let unlocked = Arc::new(world.online()).complete(graph.nodes()).await.unwrap_err();
    assert_eq!(unlocked.iter().map(|unlocked| unlocked.node).collect::<Vec<_>>(), [2, 3].map(|id| Some(NodeId(id))));
    let error = &unlocked[0].error;
    assert!(error.to_string().contains("`sauce`") && error.help().is_some() && !error.is_of_environment(), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn sources_are_looked_up_at_once_and_every_failure_is_told_in_order() {
    let server = Server::new();
    let urls = ["/a", "/b", "/c", "/d"].map(|path| match path {
        "/b" | "/d" => server.on(path, [Answer::Status(404)]),
        _ => server.on(path, [Answer::Bytes(path.into())]),
    });
    let world = World::new();
    let sources = Arc::new(world.online());
    let graph = graph(urls.each_ref().map(String::as_str));
    let unlocked = sources.complete(graph.nodes()).await.unwrap_err();
    let nodes: Vec<_> = unlocked.iter().map(|unlocked| unlocked.node).collect();
    assert_eq!(nodes, [Some(NodeId(1)), Some(NodeId(3))]);
    for (unlocked, path) in unlocked.iter().zip(["/b", "/d"]) {
        assert!(unlocked.error.to_string().contains(path) && !unlocked.error.is_of_environment(), "{unlocked:?}");
    }
    let lock = sources.lock();
    assert_eq!(lock.fetched.keys().collect::<Vec<_>>(), [&urls[0], &urls[2]]);
}

#[tokio::test]
async fn offline_names_what_is_not_there() {
    let world = World::new();
    let offline = || world.sources(OFFLINE, Mirrors::default());
    let url = "http://a.example/x";
    let error = offline().provide(Source::Fetch(&file(url))).await.unwrap_err();
    assert!(error.message.contains(&format!("not in the lock:\n  {url}")), "{error}");
    let mut known = file(url);
    known.sha256 = Some(sha256(b"x"));
    let error = offline().provide(Source::Fetch(&known)).await.unwrap_err();
    assert!(error.message.contains(url) && error.message.contains("not in the store"), "{error}");
}

#[tokio::test]
async fn a_digest_in_the_description_needs_no_lock() {
    let server = Server::new();
    let mut fetch = file(&server.on("/x", [Answer::Bytes(b"one".to_vec())]));
    fetch.sha256 = Some(sha256(b"one"));
    let world = World::new();
    let sources = world.sources(LOCKED, Mirrors::default());
    sources.provide(Source::Fetch(&fetch)).await.unwrap();
    assert!(!world.lock_path().exists());
}

#[test]
fn what_is_not_used_is_dropped_with_the_packages_that_only_it_had() {
    let whole = sample();
    let set = whole.debian["trixie"].sets.keys().next().unwrap();
    let root = DebianRoot { suite: "trixie".to_owned(), packages: set.by_arch(), database: false };
    let mut lock = whole.clone();
    let other = LockedSet { date: NEW.to_owned(), packages: ["tzdata:all".parse().unwrap()].into() };
    let suite = lock.debian.get_mut("trixie").unwrap();
    suite.sets.values_mut().for_each(|set| *set = other.clone());
    suite.sets.get_mut(set).unwrap().packages = ["gcc:amd64".parse().unwrap()].into();

    let mut used = Used::default();
    let url = "debian:pool/main/a/a_1.orig.tar.gz";
    for node in [Node::Debian(Box::new(root)), Node::Fetch(Box::new(file(url)))] {
        used.add(&node, Arch::Amd64);
    }
    assert_eq!(lock.prune(&used), 3);
    assert_eq!(lock.fetched.keys().collect::<Vec<_>>(), [url]);
    assert!(lock.git.is_empty());
    let suite = &lock.debian["trixie"];
    assert_eq!(suite.sets.keys().collect::<Vec<_>>(), [set]);
    assert_eq!(suite.packages.values().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["gcc"]);
    assert_eq!(lock.prune(&used), 0);
    assert_eq!(lock.prune(&Used::default()), 2);
    assert_eq!(lock, Lock::default());
}

#[test]
fn two_that_add_at_once_keep_both() {
    let world = World::new();
    let open = || LockFile::open(world.lock_path(), Manners::default()).unwrap();
    let (one, two) = (open(), open());
    let locked = LockedFetch { sha256: sha256(b""), size: 0, date: None };
    let add = |file: &LockFile, url: &str| {
        let change = |lock: &mut Lock| {
            lock.fetched.insert(url.to_owned(), locked.clone());
        };
        file.change(url, change).unwrap();
    };
    add(&one, "a");
    add(&two, "b");
    assert_eq!(open().get().fetched.len(), 2);
}

#[test]
fn of_many_that_add_at_the_same_moment_none_is_lost() {
    let world = World::new();
    let locked = LockedFetch { sha256: sha256(b""), size: 0, date: None };
    let add = |url: String| {
        let file = LockFile::open(world.lock_path(), Manners::default()).unwrap();
        let change = |lock: &mut Lock| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            lock.fetched.insert(url, locked.clone());
        };
        file.change("it", change).unwrap();
    };
    std::thread::scope(|scope| {
        for n in 0..16 {
            let add = &add;
            scope.spawn(move || add(n.to_string()));
        }
    });
    let lock: Lock = world.lock_text().parse().unwrap();
    assert_eq!(lock.fetched.len(), 16);
    let names = std::fs::read_dir(world.project()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["xb.lock"], "the project is littered");
}

#[test]
fn a_change_that_fails_sees_what_is_in_the_file_and_leaves_it() {
    let world = World::new();
    let open = || LockFile::open(world.lock_path(), Manners::default()).unwrap();
    let (one, two) = (open(), open());
    let insert = |lock: &mut Lock| {
        lock.fetched.insert("a".to_owned(), LockedFetch { sha256: sha256(b""), size: 0, date: None });
    };
    one.change("a", insert).unwrap();
    let before = world.lock_text();
    let refused = two.try_change("b", |lock| {
        assert!(lock.fetched.contains_key("a"), "it is checked against what is in memory");
        lock.fetched.clear();
        Err(xb_fetch::FetchError::NotLocked("b".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!(world.lock_text(), before);
}

#[test]
fn another_version_of_what_is_pinned_is_seen() {
    let lock = sample();
    let suite = &lock.debian["trixie"];
    let mut closure: Vec<_> = suite.packages.values().cloned().collect();
    assert!(suite.disagreements(&closure).is_empty());
    closure[0].version = "5".to_owned();
    closure[0].sha256 = sha256(b"new");
    let pairs = suite.disagreements(&closure);
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].0.version.as_str(), pairs[0].1.version.as_str()), ("4:14.2.0-1+b1~x", "5"));
}
