//! What xb says about itself.

use std::fmt::Write;

use crate::world::World;

const COMMANDS: [&str; 31] = [
    "build",
    "test",
    "ship",
    "release",
    "push",
    "port",
    "cache",
    "serve",
    "key",
    "audit",
    "run",
    "shell",
    "graph",
    "why",
    "source",
    "log",
    "verify",
    "diff",
    "lock",
    "gc",
    "store",
    "doctor",
    "init",
    "check",
    "fmt",
    "eval",
    "repl",
    "explain",
    "completions",
    "man",
    "help",
];

/// The whole help is one text, so that a change of it is seen in review: `XB_BLESS=1` writes it anew.
#[test]
fn the_whole_help() {
    let world = World::new();
    let mut whole = world.xb(&["--help"]).good();
    for command in COMMANDS {
        let help = world.xb(&["help", command]).good();
        write!(whole, "\n\n==== xb {command} ====\n\n{help}").expect("a string");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/help.txt");
    if std::env::var_os("XB_BLESS").is_some() {
        std::fs::write(path, &whole).expect("the help is written");
    }
    let right = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        whole == right,
        "the help is another one: look at it with `XB_BLESS=1 cargo test -p xb-cli help` and git diff"
    );
}

#[test]
fn every_command_is_in_the_help() {
    let help = World::new().xb(&["--help"]).good();
    let listed = help.split("Commands:").nth(1).expect("a list of commands");
    let listed: Vec<_> = listed
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn completions_and_manual_pages_can_be_had() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.xb(&["completions", shell]).good();
        assert!(script.contains("keep-going"), "{shell}");
    }
    world.write("sub/x", "");
    let said = world.xb(&["-C", "sub", "man", "../pages"]);
    assert!(said.err.contains("`PROJECT/pages`"), "{}", said.err);
    let _ = said.good();
    assert!(world.read("pages/xb-build.1").contains("keep\\-going"));
}

#[test]
fn a_wrong_command_line_is_another_failure_than_a_wrong_package() {
    let world = World::new();
    let _ = world.xb(&["biuld"]).bad(2);
    let _ = world.xb(&["build", "--method", "magic"]).bad(2);
    let err = world.xb(&["build", "--arch", "sparc"]).bad(2);
    assert!(err.contains("known are amd64 (x86_64) and arm64 (aarch64)"), "{err}");
    let _ = world.xb(&["build", "nothing-here"]).bad(1);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::new();
    let mut command = world.command(&["completions", "bash"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("xb runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("xb ends").success());
}
