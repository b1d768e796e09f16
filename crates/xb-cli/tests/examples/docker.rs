//! A real Docker engine builds what is built here: the guide to Docker, executed, and examples by their trees.

use serde_json::Value;

use crate::machine::is_possible;
use crate::reader::{Reader, blocks_for};

const GUIDE: &str = include_str!("../../../../docs/use-docker.md");

/// Where the guide's engine is.
const HOST: &str = "unix:///var/run/docker.sock";

/// Somebody who uses the engine of this machine, and where that is.
pub fn start() -> Option<(Reader, String)> {
    if std::env::var_os("XB_TEST_DOCKER").is_none() {
        // Where no engine can run, CI leaves these out and says so.
        eprintln!("skipped: `XB_TEST_DOCKER=1` asks for the tests with a Docker engine");
        return None;
    }
    if !is_possible() {
        return None;
    }
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| HOST.to_owned());
    Some((Reader::new().reads(HOST, &host).has("DOCKER_HOST", &host), host))
}

#[test]
fn the_guide_to_docker_does_as_it_says() {
    let Some((me, host)) = start() else { return };
    let [begin, name, elsewhere] = blocks_for(GUIDE, "me").try_into().expect("three blocks");
    me.run(&begin.0, &begin.1);
    me.changes("hello/src/main.c");

    let output = me.run(&name.0, &name.1);
    let (said, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(printed.contains(&format!("good: docker: `box`: `{}` (Docker ", host)), "{printed}");
    assert!(printed.contains("hello (arm64, build)  by cross on box"), "{printed}");
    assert!(!said.contains("warning"), "{said}");
    let there = me.built("hello", "--arch arm64");
    assert_eq!((&there["executor"], &there["check"]), (&"box".into(), &"passed".into()), "{there}");

    // Another engine counts once it was accepted, too.
    let (named, accepted) = elsewhere.1.split_once("xb cache accept\n").expect("the block accepts it");
    me.run(&elsewhere.0, named);
    let before = me.run("hello", "xb build --arch arm64 --rebuild --json");
    let said = String::from_utf8_lossy(&before.stderr);
    let report: Value = serde_json::from_slice(&before.stdout).expect("JSON");
    assert!(said.contains("names Docker engines that you have not accepted"), "{said}");
    assert_eq!((&report["results"][0]["executor"], &report["results"][0]["tree"]), (&"local".into(), &there["tree"]));
    let shown = me.run("hello", "xb cache accept");
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains(&format!("executor box: {}, which is sent what is built from", host)), "{shown}");
    me.run("hello", accepted);
    assert_eq!(me.built("hello", "--arch arm64")["executor"], "box");

    // Without its engine the same is built here, with a word about it.
    let gone = "sed -i 's|^host = .*|host = \"unix:///nowhere.sock\"|' xb.toml; xb cache accept >/dev/null; \
                xb build --arch arm64 --rebuild --json";
    let alone = me.run("hello", gone);
    let said = String::from_utf8_lossy(&alone.stderr);
    let report: Value = serde_json::from_slice(&alone.stdout).expect("JSON");
    assert!(said.contains("what `box` would run goes elsewhere") && said.contains("unix:///nowhere.sock"), "{said}");
    assert_eq!((&report["results"][0]["executor"], &report["results"][0]["tree"]), (&"local".into(), &there["tree"]));
}

#[test]
fn examples_come_out_of_containers_as_they_do_here() {
    let Some((me, _)) = start() else { return };
    me.builds_the_same("box", "[executor.box]\nkind = \"docker\"\narch = \"amd64\"\n");
}
