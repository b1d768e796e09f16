//! The guide to machines that `ssh` gets to, executed. The machine is this one.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::machine::is_possible;
use crate::reader::{Reader, blocks};
use crate::sshd::Sshd;

const GUIDE: &str = include_str!("../../../../docs/build-over-ssh.md");

/// Where the guide's machine is, and where it serves several people.
const MACHINE: &str = "ssh://builder@arm.example.org";
const FOLDER: &str = "/srv/xb ";
const LISTEN: &str = "0.0.0.0:8980";

#[test]
fn the_guide_does_what_it_says() {
    let Some(sshd) = Sshd::start().filter(|_| is_possible()) else { return };
    let [begin, build] = blocks(GUIDE, "sh").try_into().expect("two blocks");
    let [settings] = blocks(GUIDE, "toml").try_into().expect("one block");
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let me = Reader::new().reads(MACHINE, "ssh://far").reads("\"arm64\"", &format!("{arch:?}"));
    let me = me.reads(FOLDER, "srv ").reads(LISTEN, "127.0.0.1:0").before_path(&sshd.programs());
    me.run(".", &begin);
    me.run("hello", &format!("cat >xb.toml <<'END'\n{settings}END\n"));
    let here = me.built("hello", "--rebuild");
    assert_eq!(here["executor"], "local", "nobody has accepted the machine yet");
    let built = me.run("hello", &build);
    let said = String::from_utf8_lossy(&built.stdout);
    assert!(said.contains("ssh://far") && said.contains(&format!("executes actions for {arch}")), "{said}");
    let there = me.built("hello", "--rebuild");
    assert_eq!((&there["executor"], &there["tree"]), (&"arm".into(), &here["tree"]));
    assert_eq!(built_at_a_server(&me)["tree"], here["tree"]);
}

/// What is built at the server for several people.
fn built_at_a_server(me: &Reader) -> Value {
    let [token] = blocks(GUIDE, "sh server").try_into().expect("one block");
    let [serve] = blocks(GUIDE, "serve server").try_into().expect("one block");
    me.run(".", &token);
    let store = me.path("store");
    let mut server = me.shell(".", &format!("exec {serve}"));
    let mut server = server.env("XB_STORE", store).stderr(Stdio::piped()).spawn().expect("xb runs");
    let mut line = String::new();
    BufReader::new(server.stderr.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
    let address = line.trim_end().rsplit("://").next().expect("an address");
    me.run("hello", &format!("sed -i 's|ssh://far|grpc://{address}|' xb.toml; echo 'token = \"TOKEN\"' >>xb.toml"));
    let token = std::fs::read_to_string(me.path("token")).expect("a token");
    let built =
        me.run("hello", &format!("export TOKEN={}; xb cache accept >&2; xb build --json --rebuild", token.trim()));
    server.kill().and_then(|()| server.wait()).expect("it ends");
    let report: Value = serde_json::from_slice(&built.stdout).expect("JSON");
    assert_eq!(report["results"][0]["executor"], "arm");
    report["results"][0].clone()
}
