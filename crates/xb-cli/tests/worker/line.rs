//! A machine that `ssh` gets to is an executor like any other.
//!
//! `ssh` reads the configuration of its user, and tests must not touch that: [`by_ssh`] runs the others in a process of
//! their own, for which `ssh` is one with another configuration.

use std::fs::read_dir;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use xb_build::Executor;
use xb_contract::{World, contract};
use xb_remote::Server;

use crate::served::{executor, xb};
use crate::sshd::Sshd;

/// The variable that says that `ssh` leads to a server of the tests.
const HERE: &str = "XB_TEST_BY_SSH";

#[test]
fn by_ssh() {
    let Some(sshd) = Sshd::start() else { return };
    let tests = std::env::current_exe().expect("the tests");
    let mut command = Command::new(tests);
    command.args(["line::", "--skip", "line::by_ssh"]).env("PATH", sshd.programs()).env(HERE, "1");
    let ran = command.output().expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("test result: ok. 11 passed"), "{out}\n{err}");
    let copies = read_dir(sshd.folder.path().join("home/.cache/xb/bin")).expect("what was brought along");
    let copies: Vec<_> = copies.map(|copy| copy.expect("a copy").file_name()).collect();
    let are_whole = copies.iter().all(|copy| copy.as_encoded_bytes().starts_with(b"xb-"));
    assert!(copies.len() == 2 && are_whole, "one is xb, and one is none: {copies:?}");
    let served = sshd.folder.path().join("home/store/served");
    let sandboxes = |line: &Path| read_dir(line.join(".xb-worker/v1/sandboxes")).expect("sandboxes").count();
    let lines = || read_dir(&served).expect("lines").map(|line| line.expect("a line").path());
    let is_clean = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        lines().all(|line| sandboxes(&line) == 0)
    });
    assert!(is_clean, "who hangs up leaves no sandbox behind");
    let gc = |more: &[&str]| xb(&sshd.folder.path().join("home")).arg("gc").args(more).output().expect("xb runs");
    let would = gc(&["--dry-run", "--json"]);
    let would: serde_json::Value = serde_json::from_slice(&would.stdout).expect("JSON on standard output");
    assert!(would["lines"] == lines().count() && lines().count() > 0, "what would go is told, and stays: {would}");
    let gc = gc(&[]);
    assert!(gc.status.success() && lines().count() == 0, "what nobody uses goes: {gc:?}");
}

fn far(program: &str) -> Server {
    at("ssh://far").with_program(program.into())
}

/// A machine to which this xb is brought along.
fn at(url: &str) -> Server {
    let server: Server = url.parse().expect("a machine");
    server.with_program(env!("CARGO_BIN_EXE_xb").into())
}

fn at_a_line() -> Option<((), World)> {
    std::env::var_os(HERE)?;
    Some(((), World::new(3, |store| executor(far(env!("CARGO_BIN_EXE_xb")), store) as _)?))
}

contract!(at_a_line);

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_is_drawn_again() {
    let Some(((), world)) = at_a_line() else { return };
    let world = Arc::new(world);
    let _ = world.done("echo warm").await;
    let run = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.done("echo a; sleep 4; echo b").await.0 }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let me = std::process::id().to_string();
    let cut = Command::new("pkill").args(["-P", &me, "ssh"]).status().expect("it runs");
    assert!(cut.success());
    assert_eq!(run.await.expect("it ends"), "a\nb\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_line_is_told() {
    let Some(((), world)) = at_a_line() else { return };
    for (server, told) in [
        (far("/nowhere/xb"), "`/nowhere/xb`, which is to be brought along, cannot be read"),
        ("ssh://127.0.0.1:1".parse().expect("a machine"), "Connection refused"),
        (far("/bin/false"), "`ssh://far`"),
        (at("ssh://full"), "cannot use a folder in `/dev/full/served`"),
    ] {
        let other = executor(server, &world.store);
        let why = other.reach().await.expect_err("there is none");
        assert!(why.contains(told), "{why}");
        assert!(!other.name().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lines_at_a_time_have_a_folder_each() {
    let Some(((), world)) = at_a_line() else { return };
    let Some(((), other)) = at_a_line() else { return };
    let (one, two) = tokio::join!(world.done("sleep 1; echo 1"), other.done("sleep 1; echo 2"));
    assert_eq!((one.0.as_str(), two.0.as_str()), ("1\n", "2\n"));
}
