//! A real engine builds what is built here: the guide to engines, executed, and examples by their trees.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::machine::is_possible;
use crate::reader::{Reader, blocks_for};

const GUIDE: &str = include_str!("../../../../docs/use-your-engine.md");

/// Where the guide's server listens, keeps things, and is installed.
const ADDRESS: &str = "127.0.0.1:50051";
const CACHE: &str = "/var/cache/casd";
const PROGRAMS: &str = "/opt/casd/lib/python3*/site-packages/buildstream/subprojects/buildbox";

/// A server as the guide sets it up, and somebody who uses it.
struct Lab {
    me: Reader,
    address: String,
    server: Option<Child>,
}

impl Lab {
    /// With the server that the machine has, if it has one.
    fn start() -> Option<Self> {
        let programs = std::env::var_os("XB_TEST_CASD").map(PathBuf::from);
        let Some(programs) = programs.filter(|_| Path::new("/usr/bin/bwrap").exists()) else {
            assert!(
                std::env::var_os("XB_TEST_NO_SKIP").is_none(),
                "there is no buildbox-casd (XB_TEST_CASD), or no bwrap"
            );
            eprintln!("skipped: there is no buildbox-casd (XB_TEST_CASD), or no bwrap");
            return None;
        };
        if !is_possible() {
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("an address").to_string();
        let me =
            Reader::new().reads(ADDRESS, &address).reads(PROGRAMS, &programs.to_string_lossy()).reads(" &\n", "\n");
        let cache = me.path("casd").to_string_lossy().into_owned();
        let mut lab = Self { me: me.reads(CACHE, &cache), address, server: None };
        let [(_, text)] = blocks_for(GUIDE, "server").try_into().expect("one block");
        let mut command = lab.me.shell(".", &format!("exec 2>/dev/null\n{text}"));
        // It and its sandboxes end together.
        lab.server = Some(command.stdout(Stdio::null()).process_group(0).spawn().expect("the server starts"));
        let began = Instant::now();
        while TcpStream::connect(&lab.address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(lab)
    }

    /// Asks the server to end, and waits until it has.
    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            if let Some(group) = rustix::process::Pid::from_raw(server.id().cast_signed()) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
            }
            let _ = server.wait();
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn the_guide_to_engines_does_as_it_says() {
    let Some(mut lab) = Lab::start() else { return };
    let [begin, name, token] = blocks_for(GUIDE, "me").try_into().expect("three blocks");
    lab.me.run(&begin.0, &begin.1);
    lab.me.changes("hello/src/main.c");

    let output = lab.me.run(&name.0, &name.1);
    let (said, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(printed.contains("good: engine: `farm`: `grpc://"), "{printed}");
    assert!(printed.contains("hello (arm64, build)  by cross on farm"), "{printed}");
    assert!(!said.contains("warning"), "{said}");
    let there = lab.me.built("hello", "--arch arm64");
    assert_eq!((&there["executor"], &there["check"]), (&"farm".into(), &"passed".into()), "{there}");

    let accepted = lab.me.run(&token.0, &token.1);
    let accepted = String::from_utf8_lossy(&accepted.stdout);
    assert!(accepted.contains("builds for amd64, and is told what `$FARM_TOKEN` holds\n"), "{accepted}");
    for (how, word) in [("", "its token is to be in `FARM_TOKEN`"), ("FARM_TOKEN=x", "")] {
        let offline = if how.is_empty() { "" } else { "--offline" };
        let command = format!("{how} xb build --arch arm64 --rebuild --json {offline}");
        let output = lab.me.run("hello", command.trim_start());
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["results"][0]["executor"], "local", "{report}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word) && said.contains("farm") != word.is_empty(), "{said}");
    }

    // Without its server the same is built here, with a word about it.
    lab.stop();
    let alone = lab.me.shell("hello", "export FARM_TOKEN=x; xb build --arch arm64 --rebuild --json").output();
    let alone = alone.expect("sh starts");
    let said = String::from_utf8_lossy(&alone.stderr);
    let report: Value = serde_json::from_slice(&alone.stdout).expect("JSON");
    assert!(said.contains("what `farm` would run goes elsewhere"), "{said}");
    assert_eq!((&report["results"][0]["executor"], &report["results"][0]["tree"]), (&"local".into(), &there["tree"]));
}

#[test]
fn examples_come_out_as_they_do_here() {
    let Some(lab) = Lab::start() else { return };
    let engine = "[executor.farm]\nkind = \"engine\"\nurl = \"grpc://127.0.0.1:50051\"\narch = \"amd64\"\n";
    lab.me.builds_the_same("farm", engine);
}
