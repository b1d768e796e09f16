//! The guide to machines that `ssh` gets to, executed. The machine is this one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::machine::{is_possible, store};
use crate::sshd::Sshd;

const GUIDE: &str = include_str!("../../../../docs/build-over-ssh.md");

/// The blocks of the guide of a kind: `sh`, `toml`.
fn blocks(kind: &str) -> Vec<String> {
    let parts: Vec<&str> = GUIDE.split("```").collect();
    let blocks = parts.chunks_exact(2).filter_map(|pair| pair[1].split_once('\n'));
    blocks.filter(|(what, _)| *what == kind).map(|(_, text)| text.to_owned()).collect()
}

/// Runs a script for somebody who has xb and `ssh` on their PATH, with the store that tests share.
fn run(home: &Path, folder: &Path, sshd: &Sshd, script: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(folder).env("HOME", home).env("XB_STORE", store());
    command.env_remove("XDG_CONFIG_HOME");
    command.env("PATH", format!("{}:{}", program.display(), sshd.programs()));
    let output = command.output().expect("sh starts");
    assert!(output.status.success(), "{script}:\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_guide_does_what_it_says() {
    let Some(sshd) = Sshd::start().filter(|_| is_possible()) else { return };
    let [begin, build] = blocks("sh").try_into().expect("two blocks");
    let [settings] = blocks("toml").try_into().expect("one block");
    let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
    let home = folder.path();
    run(home, home, &sshd, &begin);
    let hello = home.join("hello");
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let settings =
        settings.replace("ssh://builder@arm.example.org", "ssh://far").replace("\"arm64\"", &format!("{arch:?}"));
    assert!(settings.contains("ssh://far") && settings.contains(arch), "{settings}");
    fs::write(hello.join("xb.toml"), &settings).expect("a file");
    let here: Value = report(&run(home, &hello, &sshd, "xb build --json --rebuild"));
    assert_eq!(here["results"][0]["executor"], "local", "nobody has accepted the machine yet");
    let built = run(home, &hello, &sshd, &build);
    let said = String::from_utf8_lossy(&built.stdout);
    assert!(said.contains("ssh://far") && said.contains(&format!("executes actions for {arch}")), "{said}");
    let there = report(&run(home, &hello, &sshd, "xb build --json --rebuild"));
    assert_eq!(there["results"][0]["executor"], "arm");
    assert_eq!(there["results"][0]["tree"], here["results"][0]["tree"]);
    assert_eq!(built_at_a_server(home, &hello, &sshd, &settings)["results"][0]["tree"], here["results"][0]["tree"]);
}

/// What is built at the server for several people.
fn built_at_a_server(home: &Path, hello: &Path, sshd: &Sshd, settings: &str) -> Value {
    let [token] = blocks("sh server").try_into().expect("one block");
    let [serve] = blocks("serve server").try_into().expect("one block");
    run(home, home, sshd, &token);
    let serve = serve.replace("/srv/xb", "srv").replace("0.0.0.0:8980", "127.0.0.1:0");
    let words: Vec<_> = serve.split_whitespace().skip(1).collect();
    let mut server = Command::new(env!("CARGO_BIN_EXE_xb"));
    server.args(words).current_dir(home).env("XB_STORE", home.join("store")).stderr(Stdio::piped());
    let mut server = server.spawn().expect("xb runs");
    let mut line = String::new();
    BufReader::new(server.stderr.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
    let address = line.trim_end().rsplit("://").next().expect("an address");
    let settings = settings.replace("ssh://far", &format!("grpc://{address}")) + "token = \"TOKEN\"\n";
    fs::write(hello.join("xb.toml"), settings).expect("a file");
    let script = "export TOKEN=$(cat ../token); xb cache accept >&2; xb build --json --rebuild";
    let built = report(&run(home, hello, sshd, script));
    server.kill().and_then(|()| server.wait()).expect("it ends");
    assert_eq!(built["results"][0]["executor"], "arm");
    built
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}
