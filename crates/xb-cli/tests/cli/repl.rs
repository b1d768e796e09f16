//! Conversations, by a pipe and on a terminal.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::world::World;

fn told(mut command: Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it listens");
    child.wait_with_output().expect("it ends")
}

#[test]
fn what_is_piped_in_is_answered() {
    let world = World::new();
    let output = told(world.command(&["repl"]), "let x = 20\n[\n  x,\n]\nx +\nx * 2\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[20]\n40\n");
    assert_eq!(output.status.code(), Some(1), "one input is wrong");
    assert!(!output.stderr.is_empty());
}

#[test]
fn orders_are_followed_without_a_terminal() {
    let output = told(World::new().command(&["repl"]), ":help\n1\n:quit\n2\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Ctrl-D"));
}

#[test]
fn a_terminal_that_does_not_tell_where_its_cursor_is_gets_answers_too() {
    let world = World::new();
    let mut command = Command::new("timeout");
    let xb = format!("{} repl", env!("CARGO_BIN_EXE_xb"));
    command.args(["60", "script", "-qec", &xb, "/dev/null"]).current_dir(world.project()).env("HOME", world.project());
    let output = told(command, "1 + 1\nexit\n");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("2\r\n"), "{said}");
}
