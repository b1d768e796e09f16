//! The server of a team, between two who have nothing in common but it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::build::has_base;
use crate::shared::{args, key, results, somebody_else, write_config, write_project};
use crate::world::World;

/// A server that runs until it is stopped.
pub struct Serving {
    child: Child,
    /// Its host and port.
    pub address: String,
}

impl Serving {
    pub fn start(world: &World, more: &[&str]) -> Self {
        let args = [&["serve", "cache", "--listen", "127.0.0.1:0"], more].concat();
        let mut child = world.command(&args).stderr(Stdio::piped()).spawn().expect("xb runs");
        let mut line = String::new();
        BufReader::new(child.stderr.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        let address = line.trim_end().rsplit("://").next().expect("an address").to_owned();
        Self { child, address }
    }

    /// Asks it to stop: how it ended.
    fn stop(mut self) -> Option<i32> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a number");
        kill_process(pid, Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have been stopped.
        let _ = self.child.kill();
    }
}

#[test]
fn two_share_by_way_of_a_server_that_lets_one_write() {
    let first = World::new();
    if !has_base(&first) {
        return;
    }
    let host = World::alone();
    let token = host.xb(&["serve", "token", "ci", "--tokens", "tokens"]).good();
    let serving = Serving::start(&host, &["--tokens", "tokens", "--anonymous", "read"]);
    let line = key(&first);
    write_project(&first);
    write_config(&first, &format!("grpc://{}", serving.address), true, &[&line]);
    let _ = first.xb(&["cache", "accept"]).good();
    let built = first.xb(&args(&["build"], &["--json"]));
    assert!(built.err.contains("nothing is sent to the cache `team`"), "{}", built.err);
    let mut push = first.command(&args(&["cache", "push"], &[]));
    let pushed = first.said(push.env("XB_CACHE_TOKEN_TEAM", token.trim_end()).output().expect("xb runs"));
    assert!(!pushed.err.contains("warning"), "{}", pushed.err);
    let _ = pushed.good();

    for scheme in ["grpc", "http"] {
        let second = somebody_else(&first);
        write_config(&second, &format!("{scheme}://{}", serving.address), false, &[&line]);
        let _ = second.xb(&["cache", "accept"]).good();
        let brought = second.xb(&args(&["build"], &["--locked", "--json"]));
        assert!(!brought.err.contains("done "), "{}", brought.err);
        assert_eq!(results(&brought), results(&built));
        assert!(second.xb(&["cache", "ls"]).good().contains("answers"));
    }
    assert_eq!(serving.stop(), Some(0));
    host.write("xb.toml", "[cache.own]\nurl = \"cache\"\n");
    let _ = host.xb(&["cache", "accept"]).good();
    let _ = host.xb(&["cache", "verify"]).good();
}

#[test]
fn what_cannot_be_served_is_told() {
    let world = World::alone();
    let err = world.xb(&["serve", "cache", "--listen", "0.0.0.0:0"]).bad(2);
    assert!(err.contains("everybody who reaches 0.0.0.0:0 could write") && err.contains("--tokens FILE"), "{err}");
    let err = world.xb(&["serve"]).bad(2);
    assert!(err.contains("<FOLDER>"), "{err}");
    let err = world.xb(&["serve", "cache", "--tokens", "absent"]).bad(1);
    assert!(err.contains("absent") && err.contains("xb serve token NAME"), "{err}");
    let err = world.xb(&["serve", "cache", "--quota", "12"]).bad(2);
    assert!(err.contains("is not a size"), "{err}");
    let err = world.xb(&["serve", "cache", "--certificate", "absent", "--key", "absent"]).bad(1);
    assert!(err.contains("of no use for TLS"), "{err}");
    world.write("file", "");
    let err = world.xb(&["serve", "file", "--listen", "127.0.0.1:0"]).bad(3);
    assert!(err.contains("cannot be served"), "{err}");
    let serving = Serving::start(&world, &[]);
    let err = world.xb(&["serve", "cache", "--listen", "127.0.0.1:0"]).bad(3);
    assert!(err.contains("another server is at it"), "{err}");
    let err = world.xb(&["serve", "other", "--listen", &serving.address]).bad(3);
    assert!(err.contains("cannot listen at"), "{err}");
    let _ = world.xb(&["serve", "token", "ci", "--tokens", "tokens"]).good();
    let err = world.xb(&["serve", "token", "ci", "--tokens", "tokens"]).bad(1);
    assert!(err.contains("there is a token of `ci`"), "{err}");
}
