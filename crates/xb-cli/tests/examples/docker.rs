//! A real Docker engine builds what is built here: the guide to Docker, executed, and examples by their trees.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::engine::blocks;
use crate::machine::{examples, is_possible, store};

const GUIDE: &str = include_str!("../../../../docs/use-docker.md");

/// Where the guide's engine is.
const HOST: &str = "unix:///var/run/docker.sock";

/// Somebody who uses the engine of this machine.
struct Lab {
    folder: TempDir,
    host: String,
}

impl Lab {
    fn start() -> Option<Self> {
        if std::env::var_os("XB_TEST_DOCKER").is_none() {
            // Where no engine can run, CI leaves these out and says so.
            eprintln!("skipped: `XB_TEST_DOCKER=1` asks for the tests with a Docker engine");
            return None;
        }
        if !is_possible() {
            return None;
        }
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        std::fs::create_dir(folder.path().join("home")).expect("a folder");
        let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| HOST.to_owned());
        Some(Self { folder, host })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn shell(&self, folder: &str, text: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
        let mut command = Command::new("sh");
        command
            .args(["-euc", &text.replace(HOST, &self.host)])
            .current_dir(self.path(folder))
            .env("HOME", self.path("home"))
            .env("XB_STORE", store())
            .env("DOCKER_HOST", &self.host)
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", program.display()))
            .env_remove("XDG_CONFIG_HOME");
        command.output().expect("sh starts")
    }

    fn run(&self, folder: &str, text: &str) -> Output {
        let output = self.shell(folder, text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{said}\n{}", String::from_utf8_lossy(&output.stdout));
        output
    }

    /// What `xb build` says of the one result.
    fn built(&self, folder: &str, arguments: &str) -> Value {
        let output = self.run(folder, &format!("xb build --json {arguments}"));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["results"][0].clone()
    }
}

#[test]
fn the_guide_to_docker_does_as_it_says() {
    let Some(lab) = Lab::start() else { return };
    let [begin, name, elsewhere] = blocks(GUIDE, "me").try_into().expect("three blocks");
    lab.run(&begin.0, &begin.1);
    // The store may have met this project before.
    let source = lab.path("hello/src/main.c");
    let text = std::fs::read_to_string(&source).expect("a source");
    std::fs::write(source, format!("/* {:?} */\n{text}", std::time::SystemTime::now())).expect("a file");

    let output = lab.run(&name.0, &name.1);
    let (said, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(printed.contains(&format!("good: docker: `box`: `{}` (Docker ", lab.host)), "{printed}");
    assert!(printed.contains("hello (arm64, build)  by cross on box"), "{printed}");
    assert!(!said.contains("warning"), "{said}");
    let there = lab.built("hello", "--arch arm64");
    assert_eq!((&there["executor"], &there["check"]), (&"box".into(), &"passed".into()), "{there}");

    // An engine that the file says where it is counts once it was accepted.
    let (named, accepted) = elsewhere.1.split_once("xb cache accept\n").expect("the block accepts it");
    lab.run(&elsewhere.0, named);
    let before = lab.run("hello", "xb build --arch arm64 --rebuild --json");
    let said = String::from_utf8_lossy(&before.stderr);
    let report: Value = serde_json::from_slice(&before.stdout).expect("JSON");
    assert!(said.contains("names Docker engines that you have not accepted"), "{said}");
    assert_eq!((&report["results"][0]["executor"], &report["results"][0]["tree"]), (&"local".into(), &there["tree"]));
    let shown = lab.run("hello", "xb cache accept");
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains(&format!("executor box: {}, which is sent what is built from", lab.host)), "{shown}");
    lab.run("hello", accepted);
    assert_eq!(lab.built("hello", "--arch arm64")["executor"], "box");

    // Without its engine the same is built here, with a word about it.
    let gone = "sed -i 's|^host = .*|host = \"unix:///nowhere.sock\"|' xb.toml; xb cache accept >/dev/null; \
                xb build --arch arm64 --rebuild --json";
    let alone = lab.run("hello", gone);
    let said = String::from_utf8_lossy(&alone.stderr);
    let report: Value = serde_json::from_slice(&alone.stdout).expect("JSON");
    assert!(said.contains("what `box` would run goes elsewhere") && said.contains("unix:///nowhere.sock"), "{said}");
    assert_eq!((&report["results"][0]["executor"], &report["results"][0]["tree"]), (&"local".into(), &there["tree"]));
}

#[test]
fn examples_come_out_of_containers_as_they_do_here() {
    let Some(lab) = Lab::start() else { return };
    let project = lab.path("examples");
    let copied = Command::new("cp").arg("-rT").args([&examples(), &project]).status().expect("cp starts");
    assert!(copied.success());
    let docker = "[executor.box]\nkind = \"docker\"\narch = \"amd64\"\n";
    for example in ["hello", "lua", "zlib"] {
        std::fs::copy(examples().join("xb.toml"), project.join("xb.toml")).expect("a copy");
        let here = lab.built("examples", &format!("{example} --arch arm64"));
        lab.run("examples", &format!("printf '%s' '{docker}' >>xb.toml"));
        let there = lab.built("examples", &format!("{example} --arch arm64 --rebuild"));
        assert_eq!(there["executor"], "box", "{there}");
        assert_eq!(there["tree"], here["tree"], "{example}");
        assert_eq!(there["check"], here["check"], "{example}");
    }
}
