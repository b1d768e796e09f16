//! Results that are shared by way of a cache: two stores, two homes, and one folder or server between them.
//!
//! Whoever builds needs Debian's base; who only brings has none, which is how it shows that nothing else was needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::build::{has_base, moment};
use crate::interrupt;
use crate::server::Server;
use crate::world::{Said, World};

const PACKAGES: &str = r#"
package thing(arch) {
  source = ./src
  build = { script = sh"mkdir -p $out/share; cp text $out/share/" }
  check = sh"grep -q Hello text"
}
package user(arch) {
  needs = [thing]
  build = { script = sh"mkdir -p $out/share; cat /share/text /share/text >$out/share/twice" }
}
"#;

const TARGETS: [&str; 2] = ["a.xb:thing", "a.xb:user"];

/// A folder that several people can get at.
fn cache() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("shared").to_str().expect("a path that is text").to_owned();
    (folder, url)
}

/// The files of a project that no earlier run of the tests has seen.
pub fn write_project(world: &World) {
    world.write("a.xb", PACKAGES);
    world.write("src/text", &format!("Hello, {}!\n", moment()));
}

/// Names a cache in `xb.toml`, and these keys.
pub fn write_config(world: &World, url: &str, push: bool, keys: &[&str]) {
    let keys = keys.iter().enumerate().map(|(at, key)| format!("[trust.keys.key{at}]\nkey = \"{key}\"\n"));
    world.write("xb.toml", &format!("[cache.team]\nurl = \"{url}\"\npush = {push}\n{}", keys.collect::<String>()));
}

/// Makes the key of a world's person, and gives its line.
pub fn key(world: &World) -> String {
    let _ = world.xb(&["key", "new"]).good();
    world.xb(&["key", "show", "--line"]).good().trim_end().to_owned()
}

/// Somebody who has the project, and neither a store with anything in it nor a key.
pub fn somebody_else(first: &World) -> World {
    let second = World::alone();
    for file in ["a.xb", "src/text", "xb.lock"] {
        second.write(file, &first.read(file));
    }
    second
}

pub fn args<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, &TARGETS, more].concat()
}

pub fn results(said: &Said) -> Vec<(Value, Value)> {
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.err));
    let results = report["results"].as_array().expect("a list").clone();
    results.into_iter().map(|one| (one["tree"].clone(), one["check"].clone())).collect()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// How much of a text there is.
fn times(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn what_one_has_built_another_brings_and_needs_nothing_that_it_is_made_of() {
    let first = World::new();
    if !has_base(&first) {
        return;
    }
    let (_folder, url) = cache();
    let line = key(&first);
    write_project(&first);
    write_config(&first, &url, true, &[&line]);
    let _ = first.xb(&["cache", "accept"]).good();
    let built = first.xb(&args(&["build"], &["--json"]));
    assert!(!built.err.contains("warning"), "{}", built.err);

    let second = somebody_else(&first);
    write_config(&second, &url, true, &[&line]);
    let offline = ["--offline", "--locked", "--json"];
    let err = second.xb(&args(&["build"], &offline)).bad(3);
    assert_eq!(times(&err, "`xb cache accept` shows and accepts them"), 1, "{err}");
    assert!(!second.xb(&args(&["cache", "pull"], &[])).bad(1).is_empty(), "nothing is accepted yet");
    let _ = second.xb(&["cache", "accept"]).good();
    let planned = second.xb(&args(&["build"], &["--plan"]));
    assert!(planned.err.contains("0 steps; 0 known; 3 shared by others"), "{}", planned.err);
    assert!(!second.xb(&args(&["build", "--alone"], &offline)).bad(3).is_empty(), "nobody is asked");

    let brought = second.xb(&args(&["build"], &offline));
    assert!(!brought.err.contains("warning"), "{}", brought.err);
    assert_eq!(results(&brought), results(&built));
    assert_eq!(results(&brought)[0].1, "passed");
    let again = second.xb(&args(&["build"], &["--offline"]));
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    let _ = again.good();
    let shown = second.xb(&args(&["build"], &["--offline", "--out", "dist"]));
    let text = first.read("src/text");
    let _ = shown.good();
    assert_eq!(second.read("dist/user-amd64/share/twice"), text.repeat(2));
}

#[test]
fn a_step_that_was_brought_did_not_run() {
    let first = World::new();
    if !has_base(&first) {
        return;
    }
    let (_folder, url) = cache();
    write_project(&first);
    let built = first.xb(&args(&["build"], &["--json"]));

    // What was built before there was a cache goes there when that is asked for.
    let err = first.xb(&args(&["cache", "push"], &[])).bad(1);
    assert!(err.contains("names no shared cache"), "{err}");
    write_config(&first, &url, false, &[]);
    let _ = first.xb(&["cache", "accept"]).good();
    let err = first.xb(&args(&["cache", "push"], &[])).bad(1);
    assert!(err.contains("no cache of `xb.toml` takes what is built here"), "{err}");
    write_config(&first, &url, true, &[]);
    let _ = first.xb(&["cache", "accept"]).good();
    let err = first.xb(&args(&["cache", "push"], &[])).bad(1);
    assert!(err.contains("there is no key to sign with") && err.contains("`xb key new`"), "{err}");
    let line = key(&first);
    let second = somebody_else(&first);
    write_config(&second, &url, false, &[&line]);
    let _ = second.xb(&["cache", "accept"]).good();
    let err = second.xb(&args(&["cache", "pull", "--offline"], &[])).bad(1);
    assert!(err.contains("nobody who is believed has its result"), "{err}");
    let pushed = first.xb(&args(&["cache", "push"], &[]));
    assert!(pushed.err.contains("0 steps ran"), "{}", pushed.err);
    let _ = pushed.good();

    let pulled = second.xb(&args(&["cache", "pull", "--offline"], &[]));
    assert!(pulled.err.contains("0 steps ran, 3 known"), "{}", pulled.err);
    let _ = pulled.good();
    let here = second.xb(&args(&["build"], &["--offline", "--json"]));
    assert_eq!(results(&here), results(&built));
}

#[test]
fn a_server_does_as_a_folder_does() {
    let first = World::new();
    if !has_base(&first) {
        return;
    }
    let server = Server::honest();
    let line = key(&first);
    write_project(&first);
    write_config(&first, &server.address(), true, &[&line]);
    let _ = first.xb(&["cache", "accept"]).good();
    let built = first.xb(&args(&["build"], &["--json"]));
    let sent = server.seen("PUT").len();
    assert!(sent > 0 && !built.err.contains("warning"), "{}", built.err);

    let second = somebody_else(&first);
    write_config(&second, &server.address(), true, &[&line]);
    let _ = second.xb(&["cache", "accept"]).good();
    assert!(!second.xb(&args(&["build"], &["--offline", "--locked"])).bad(3).is_empty(), "no server is asked");
    let brought = second.xb(&args(&["build"], &["--locked", "--json"]));
    assert_eq!(results(&brought), results(&built));
    assert_eq!(server.seen("PUT").len(), sent, "who has no key sends nothing");
    // Nothing that Debian has is in the store.
    let stats: Value = serde_json::from_str(&second.xb(&["store", "stats", "--json"]).good()).expect("JSON");
    assert!(stats["contents"].as_u64().is_some_and(|contents| contents < 20), "{stats}");

    let things = std::mem::take(&mut *server.things.lock().expect("the things"));
    let third = somebody_else(&first);
    write_config(&third, &server.address(), true, &[&line]);
    let _ = third.xb(&["cache", "accept"]).good();
    let err = third.xb(&args(&["cache", "pull"], &[])).bad(1);
    assert!(err.contains("nobody who is believed has its result"), "{err}");
    *server.things.lock().expect("the things") = things;
    let _ = third.xb(&args(&["cache", "pull"], &[])).good();
}

/// Somebody else, who can build: Debian's base is in their store.
fn builder_like(first: &World) -> World {
    let second = somebody_else(first);
    let copied = Command::new("cp").arg("-a").args([first.store(), second.store()]).status().expect("cp starts");
    assert!(copied.success());
    second
}

#[test]
fn what_is_not_believed_or_has_changed_is_built() {
    let first = World::alone();
    if !has_base(&first) {
        return;
    }
    write_project(&first);
    let _ = first.xb(&["lock"]).good();
    let (stranger, second) = (builder_like(&first), builder_like(&first));
    let (folder, url) = cache();
    let line = key(&first);
    write_config(&first, &url, true, &[&line]);
    let _ = first.xb(&["cache", "accept"]).good();
    let built = first.xb(&args(&["build"], &["--json"]));

    // Nothing is accepted, then another key.
    write_config(&stranger, &url, true, &[&line]);
    let said = stranger.xb(&["build", "a.xb:thing", "--offline", "--no-check"]);
    assert!(said.err.contains("`xb cache accept`") && said.err.contains("1 step ran"), "{}", said.err);
    let _ = said.good();
    let own = key(&stranger);
    write_config(&stranger, &url, false, &[&own]);
    let _ = stranger.xb(&["cache", "accept"]).good();
    let said = stranger.xb(&args(&["build"], &["--offline"]));
    assert!(said.err.contains("2 steps ran") && !said.err.contains("warning"), "{}", said.err);
    let _ = said.good();

    // A blob that is another one: all is built, and the cache is named.
    write_config(&second, &url, false, &[&line]);
    let _ = second.xb(&["cache", "accept"]).good();
    let blobs = files(&folder.path().join("shared/cas"));
    let whole: Vec<_> = blobs.iter().map(|blob| std::fs::read(blob).expect("a blob")).collect();
    for (blob, bytes) in blobs.iter().zip(&whole) {
        let mut bytes = bytes.clone();
        *bytes.last_mut().expect("a byte") ^= 1;
        std::fs::write(blob, bytes).expect("a blob");
    }
    let said = second.xb(&args(&["build"], &["--offline", "--json"]));
    assert_eq!(times(&said.err, "the cache `team` is left alone from here on"), 1, "{}", said.err);
    assert_eq!(results(&said), results(&built));
    for (blob, bytes) in blobs.iter().zip(&whole) {
        std::fs::write(blob, bytes).expect("a blob");
    }

    // What is made of a folder that changes is built, also where it was brought the time before.
    write_project(&first);
    let built = first.xb(&args(&["build"], &["--json"]));
    second.write("src/text", &first.read("src/text"));
    let brought = second.xb(&args(&["build"], &["--offline"]));
    assert!(brought.err.contains("0 steps ran, 3 known"), "{}", brought.err);
    let _ = brought.good();
    write_project(&second);
    let said = second.xb(&args(&["build"], &["--offline"]));
    assert!(said.err.contains("3 steps ran"), "{}", said.err);
    let _ = said.good();
    second.write("src/text", &first.read("src/text"));
    let said = second.xb(&args(&["build"], &["--offline", "--json"]));
    assert_eq!(results(&said), results(&built));
    // What is made of nothing that has changed is brought.
    let more = "package other(arch) { build = { script = sh\"echo 1 >$out/other\" } }\n";
    for world in [&first, &second] {
        world.write("a.xb", &format!("{PACKAGES}{more}"));
    }
    let _ = first.xb(&["build", "a.xb:other"]).good();
    write_project(&second);
    second.write("a.xb", &format!("{PACKAGES}{more}"));
    let said = second.xb(&["build", "a.xb:thing", "a.xb:other", "--offline", "--no-check"]);
    assert!(said.err.contains("1 step ran, 1 known"), "{}", said.err);
    let _ = said.good();
}

#[test]
fn a_cache_that_cannot_be_written_is_told_once() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let _ = key(&world);
    write_project(&world);
    // Nobody can make a folder below a file, root neither.
    write_config(&world, "a.xb/cache", true, &[]);
    let _ = world.xb(&["cache", "accept"]).good();
    let said = world.xb(&args(&["build"], &[]));
    assert_eq!(times(&said.err, "warning"), 1, "{}", said.err);
    assert!(
        said.err.contains("the cache `team` is left alone from here on: `PROJECT/a.xb/cache` cannot be"),
        "{}",
        said.err
    );
    assert!(said.err.contains("3 steps ran"), "{}", said.err);
    let _ = said.good();
    let err = world.xb(&args(&["cache", "push"], &[])).bad(3);
    assert!(err.contains("error: not all of it was shared") && times(&err, "warning") == 1, "{err}");
}

#[test]
fn who_stops_while_results_are_sent_leaves_no_half_of_a_blob() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let (folder, url) = cache();
    let _ = key(&world);
    let script = "head -c 60000000 /dev/urandom >$out/noise";
    world.write(
        "noise.xb",
        &format!("package noise(arch) {{ build = {{ script = sh\"{script}; : {}\" }} }}\n", moment()),
    );
    let _ = world.xb(&["build", "noise.xb"]).good();
    write_config(&world, &url, true, &[]);
    let _ = world.xb(&["cache", "accept"]).good();
    let blobs = folder.path().join("shared/cas");
    let running = interrupt::start_until(&world, &["cache", "push", "noise.xb"], |_| !files(&blobs).is_empty());
    assert_eq!(interrupt::interrupt(running, rustix::process::Signal::INT), Some(130));
    let left = files(&folder.path().join("shared"));
    assert!(left.iter().all(|path| path.starts_with(&blobs)), "nothing tells of what is not all there: {left:?}");
    for path in left.iter().filter(|path| !path.file_name().expect("a name").as_encoded_bytes().starts_with(b".xb-")) {
        let blob = xb_cache::Blob::of(&std::fs::read(path).expect("a blob"));
        assert!(path.ends_with(blob.sha256.to_string()), "{path:?}");
    }
}
