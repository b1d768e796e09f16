//! Whose word counts, and what becomes of what nobody's word is for.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::trees::Machine;
use common::{folder, remote, run};
use xb_build::{Brought, Event, Events, Made, Offer, SharedCache, SharedKey, Wanted};
use xb_cache::{Place, Shares, Trust, TrustedKey};
use xb_core::{ActionId, Arch, Digest, RecipeId, RelPath, TreeId};
use xb_graph::{ActionResult, Cause, CodeFor, Graph, Limits, Method, Node, NodeId, Origin, Run};
use xb_sign::StatementKey;

/// What was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Events for Told {
    fn event(&self, event: Event) {
        if let Event::Warned { message } = event {
            self.0.lock().unwrap().push(message);
        }
    }
}

fn key(seed: u8) -> StatementKey {
    StatementKey::from_seed(&[seed; 32])
}

fn trusted(seed: u8) -> TrustedKey {
    TrustedKey::of(format!("key {seed}"), key(seed).public())
}

fn a_run(package: &str) -> Run {
    Run {
        package: package.to_owned(),
        arch: Arch::Arm64,
        step: "build".to_owned(),
        method: Method::Cross,
        platform: Arch::Amd64,
        root: Vec::new(),
        command: vec!["build".to_owned()],
        env: [("P", package)].into_iter().collect(),
        cwd: RelPath::root(),
        outputs: BTreeMap::from([
            ("out".to_owned(), RelPath::new("xb/out").unwrap()),
            ("build".to_owned(), RelPath::new("xb/build").unwrap()),
        ])
        .into(),
        limits: Limits::default(),
        emulator: None,
        code_for: CodeFor::Own,
    }
}

/// One who builds, with the caches and the trust of theirs.
struct Person {
    machine: Machine,
    told: Arc<Told>,
    shares: Shares,
}

impl Person {
    fn new(place: &str, signer: Option<u8>, trust: Trust) -> Self {
        let (machine, told) = (Machine::new(), Arc::<Told>::default());
        let place = Place::new("team", machine.packs(&remote(place)), true);
        let shares = Shares::new(vec![place], trust, signer.map(key), told.clone());
        Self { machine, told, shares }
    }

    /// Builds `app`, and shares it.
    fn builds(&self, text: &str) -> TreeId {
        let tree = self.machine.tree([("usr/bin/app", self.machine.file(text.as_bytes()))]);
        let build = self.machine.tree([("app.o", self.machine.file(b"an object"))]);
        let mut graph = Graph::default();
        let node = graph.add(Node::Run(Box::new(a_run("app"))), Origin::default());
        let outputs = [("xb/out", tree), ("xb/build", build)].map(|(path, tree)| (path.to_owned(), tree));
        let result = ActionResult {
            exit_code: 0,
            outputs: outputs.into(),
            log: Some(self.machine.content(b"it was built\n")),
            cause: Cause::Success,
            milliseconds: 7,
            peak_memory: 8,
            executor: "local".to_owned(),
            left_out: Vec::new(),
            vouched: Vec::new(),
            root: Some(build),
        };
        let made =
            Made { graph: Arc::new(graph), node: NodeId(node.0), recipe: Some(recipe()), action: action(), result };
        run(self.shares.publish(&made));
        tree
    }

    fn finds(&self, key: SharedKey) -> Option<Offer> {
        let run_of = a_run("app");
        run(self.shares.offers(&[Wanted { key, run: &run_of }])).pop().flatten()
    }

    fn brings(&self) -> Option<Brought> {
        let offer = self.finds(SharedKey::Recipe(recipe()))?;
        Some(run(self.shares.bring(&offer)))
    }

    fn was_told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.0.lock().unwrap())
    }
}

fn recipe() -> RecipeId {
    RecipeId(Digest::of(b"a recipe"))
}

fn action() -> ActionId {
    ActionId(Digest::of(b"an action"))
}

fn trust(agree: usize, keys: Vec<TrustedKey>) -> Trust {
    Trust { agree, keys }
}

/// A folder for a cache, and its name as an address.
fn place() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap().to_owned();
    (folder, name)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn what_a_trusted_key_signed_is_brought_by_either_key() {
    let (_folder, place) = place();
    let tree = Person::new(&place, Some(1), Trust::default()).builds("the app");
    for wanted in [SharedKey::Recipe(recipe()), SharedKey::Action(action())] {
        let other = Person::new(&place, None, trust(1, vec![trusted(1)]));
        let offer = other.finds(wanted).unwrap();
        assert_eq!((offer.action, offer.from.as_str(), offer.result.root), (action(), "team", None));
        // The folder in which it was built stays with who built it.
        assert_eq!(offer.result.outputs, BTreeMap::from([("xb/out".to_owned(), tree)]));
        assert_eq!(run(other.shares.bring(&offer)), Brought::Here);
        assert!(other.machine.has(tree));
        assert_eq!(other.machine.read(offer.result.log.unwrap()), b"it was built\n");
        assert_eq!(other.was_told(), [""; 0]);
    }
}

#[test]
fn nobody_elses_word_counts_and_each_only_for_what_it_is_for() {
    let (_folder, place) = place();
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    let for_app = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        trusted(1).only_for(&patterns).unwrap()
    };
    for (keys, is_found) in [
        (vec![], false),
        (vec![trusted(2)], false),
        (vec![for_app(&["lib*"])], false),
        (vec![for_app(&["lib*", "a*"])], true),
        (vec![trusted(1).only(&[Arch::Amd64], &[])], false),
        (vec![trusted(1).only(&[Arch::Arm64], &[Method::Native])], false),
        (vec![trusted(1).only(&[Arch::Arm64], &[Method::Cross])], true),
        (vec![trusted(2), trusted(1)], true),
    ] {
        let other = Person::new(&place, None, trust(1, keys));
        assert_eq!(other.finds(SharedKey::Recipe(recipe())).is_some(), is_found);
        assert_eq!(other.was_told(), [""; 0]);
    }
}

#[test]
fn as_many_as_were_asked_for_must_say_the_same() {
    let (_folder, place) = place();
    let both = || trust(2, vec![trusted(1), trusted(2)]);
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    assert_eq!(Person::new(&place, None, both()).brings(), None);
    Person::new(&place, Some(2), Trust::default()).builds("the app");
    assert_eq!(Person::new(&place, None, both()).brings(), Some(Brought::Here));
    Person::new(&place, Some(2), Trust::default()).builds("another app");
    let other = Person::new(&place, None, both());
    assert_eq!(other.brings(), None);
    let told = other.was_told();
    assert!(told[0].contains("`key 1`") && told[0].contains("say different things of app (arm64, build)"), "{told:?}");
}

/// Has somebody with the right to write change what a cache has, and looks what comes of it.
fn lied(change: impl FnOnce(&Path)) -> (Option<Brought>, Vec<String>) {
    let (folder, place) = place();
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    change(folder.path());
    let other = Person::new(&place, None, trust(1, vec![trusted(1)]));
    let brought = other.brings();
    let tree = other.machine.tree([("usr/bin/app", other.machine.file(b"the app"))]);
    assert!(other.machine.has(tree));
    (brought, other.was_told())
}

/// Changes every file below one folder of a cache.
fn change_all(kind: &'static str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> impl FnOnce(&Path) {
    move |cache| {
        for path in files(&cache.join(kind)) {
            let bytes = change(std::fs::read(&path).unwrap());
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn a_statement_that_was_changed_is_nobodys_word() {
    let (brought, told) = lied(change_all("ac", |bytes| {
        // A byte of the base64 of the payload.
        let at = bytes.windows(12).position(|text| text == b"\"payload\":\"e").unwrap() + 40;
        let mut bytes = bytes;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        bytes
    }));
    assert_eq!(brought, None);
    assert!(
        told[0].contains("the cache `team` is left alone") && told[0].contains("is no word of `key 1`"),
        "{told:?}"
    );
}

#[test]
fn the_word_for_another_result_is_not_taken_for_this_one() {
    let (brought, told) = lied(|cache| {
        // The entries of what another recipe led to, in the places of these.
        let (other_folder, other) = place();
        let other = Person::new(&other, Some(1), Trust::default());
        let tree = other.machine.tree([("usr/bin/app", other.machine.file(b"an evil app"))]);
        let mut graph = Graph::default();
        let node = graph.add(Node::Run(Box::new(a_run("app"))), Origin::default());
        let (recipe, action) = (Some(RecipeId(Digest::of(b"evil"))), ActionId(Digest::of(b"evil")));
        let result = ActionResult {
            exit_code: 0,
            outputs: BTreeMap::from([("xb/out".to_owned(), tree)]),
            log: None,
            cause: Cause::Success,
            milliseconds: 0,
            peak_memory: 0,
            executor: String::new(),
            left_out: Vec::new(),
            vouched: Vec::new(),
            root: None,
        };
        run(other.shares.publish(&Made { graph: Arc::new(graph), node, recipe, action, result }));
        let evil = std::fs::read(&files(&other_folder.path().join("ac"))[0]).unwrap();
        change_all("ac", move |_| evil.clone())(cache);
    });
    assert_eq!(brought, None);
    assert!(told[0].contains("it is signed, and about something else: app (arm64, build)"), "{told:?}");
}

#[test]
fn what_is_no_entry_and_what_is_no_envelope_is_not_used() {
    for bytes in [&b"\xff\xff"[..], b"", b"<html>", b"{}"] {
        let (brought, told) = lied(change_all("ac", |_| bytes.to_vec()));
        assert_eq!(brought, None);
        assert!(told[0].contains("the cache `team` is left alone"), "{told:?}");
    }
}

#[test]
fn chunks_and_indexes_that_are_others_are_found_out() {
    for change in [
        Box::new(|mut bytes: Vec<u8>| {
            bytes[0] ^= 1;
            bytes
        }) as Box<dyn Fn(Vec<u8>) -> Vec<u8>>,
        Box::new(|bytes| [bytes, b"more".to_vec()].concat()),
        Box::new(|bytes| bytes[..bytes.len() - 1].to_vec()),
        Box::new(|_| Vec::new()),
    ] {
        let (brought, told) = lied(change_all("cas", change));
        assert_eq!(brought, Some(Brought::Gone));
        assert!(told[0].contains("the cache `team` is left alone") && told[0].contains("in the place of"), "{told:?}");
    }
}

/// Servers throw an entry away when something of it is gone, and keep what it names as long as it is asked for.
#[test]
fn an_entry_names_all_that_it_takes_to_bring_it() {
    let (cache, place) = place();
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    for blob in files(&cache.path().join("cas")) {
        let bytes = std::fs::read(&blob).unwrap();
        assert_eq!(xb_cache::check(cache.path(), false).unwrap().wrong, []);
        std::fs::remove_file(&blob).unwrap();
        assert_eq!(xb_cache::check(cache.path(), false).unwrap().wrong.len(), 2, "by recipe and by action: {blob:?}");
        std::fs::write(blob, bytes).unwrap();
    }
}

#[test]
fn what_was_thrown_away_is_nobodys_fault() {
    let (brought, told) = lied(|cache| std::fs::remove_dir_all(cache.join("cas")).unwrap());
    assert_eq!((brought, told), (Some(Brought::Gone), vec![]));
}

#[test]
fn what_one_cache_lost_is_brought_from_another() {
    let ((lossy, first), (_whole, second)) = (place(), place());
    Person::new(&first, Some(1), Trust::default()).builds("the app");
    Person::new(&second, Some(1), Trust::default()).builds("the app");
    std::fs::remove_dir_all(lossy.path().join("cas")).unwrap();
    let machine = Machine::new();
    let places = [first, second];
    let places = places.iter().map(|place| Place::new("one", machine.packs(&folder(Path::new(place))), false));
    let shares = Shares::new(places.collect(), trust(1, vec![trusted(1)]), None, Arc::<Told>::default());
    let wanted = a_run("app");
    let offer = run(shares.offers(&[Wanted { key: SharedKey::Recipe(recipe()), run: &wanted }])).pop().flatten();
    assert_eq!(run(shares.bring(&offer.unwrap())), Brought::Here);
}

#[test]
fn a_cache_that_does_not_answer_is_asked_once_and_told_about_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let person = Person::new(&format!("http://{nobody}/x"), Some(1), trust(1, vec![trusted(1), trusted(2)]));
    for _ in 0..3 {
        assert_eq!(person.finds(SharedKey::Recipe(recipe())), None);
        person.builds("the app");
    }
    let told = person.was_told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the cache `team` is left alone from here on") && told[0].contains("cannot be reached"));
}

#[test]
fn what_is_there_is_not_written_again() {
    let (folder, place) = place();
    let person = Person::new(&place, Some(1), Trust::default());
    person.builds("the app");
    let written = || {
        let times = files(folder.path()).into_iter().map(|file| std::fs::metadata(&file).unwrap().modified().unwrap());
        times.collect::<Vec<_>>()
    };
    let before = written();
    person.builds("the app");
    assert_eq!(written(), before);
    let blobs = files(&folder.path().join("cas"));
    std::fs::remove_file(&blobs[0]).unwrap();
    person.builds("the app");
    assert_eq!(files(&folder.path().join("cas")), blobs);
    assert_eq!(Person::new(&place, None, trust(1, vec![trusted(1)])).brings(), Some(Brought::Here));
}

#[test]
fn who_may_not_write_reads_all_the_same_and_is_told_once() {
    let (folder, place) = place();
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    let other = Person::new(&place, Some(2), trust(1, vec![trusted(1)]));
    // Where a folder would have to be, there is a file.
    for entries in std::fs::read_dir(folder.path()).unwrap() {
        let entries = entries.unwrap().path();
        for name in 0..=255 {
            let path = entries.join(format!("{name:02x}"));
            if !path.exists() {
                std::fs::write(&path, "").unwrap();
            }
        }
    }
    for text in ["one app", "another app", "a third app"] {
        other.builds(text);
    }
    assert_eq!(other.brings(), Some(Brought::Here));
    let told = other.was_told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("nothing is sent to the cache `team` from here on"), "{told:?}");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (brought, told) = lied(|cache| {
        for path in files(&cache.join("ac")) {
            std::fs::remove_file(&path).unwrap();
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
                0,
            )
            .unwrap();
        }
    });
    assert_eq!(brought, None);
    assert!(told[0].contains("it is no file"), "{told:?}");
}

#[test]
fn what_was_built_by_another_method_than_a_key_is_for_does_not_count() {
    let (_folder, place) = place();
    Person::new(&place, Some(1), Trust::default()).builds("the app");
    let other = Person::new(&place, None, trust(1, vec![trusted(1).only(&[], &[Method::Native])]));
    let native = Run { method: Method::Native, ..a_run("app") };
    let wanted = [Wanted { key: SharedKey::Recipe(recipe()), run: &native }];
    assert_eq!(run(other.shares.offers(&wanted)), [None]);
}

#[test]
fn who_has_no_key_sends_nothing() {
    let (folder, place) = place();
    Person::new(&place, None, Trust::default()).builds("the app");
    assert!(files(folder.path()).is_empty());
}
