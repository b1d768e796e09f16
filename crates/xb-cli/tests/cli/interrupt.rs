//! Ctrl-C while a build runs, while it waits for another xb, and while a result runs.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::build::has_base;
use crate::world::World;

/// What Ctrl-C is allowed to take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a command and waits until it has said `sign`.
fn start(world: &World, args: &[&str], sign: &str) -> Child {
    let log = world.project().join(format!("{}.log", args.join("-").replace(['/', '.'], "_")));
    let file = std::fs::File::create(&log).expect("a file");
    let output = file.try_clone().expect("a file");
    let mut child = world.command(args).stdout(output).stderr(file).stdin(Stdio::null()).spawn().expect("xb starts");
    let began = Instant::now();
    loop {
        let said = std::fs::read_to_string(&log).expect("a log");
        if said.contains(sign) {
            return child;
        }
        let ended = child.try_wait().expect("it can be waited for");
        assert!(ended.is_none() && began.elapsed() < PATIENCE, "no `{sign}`, {ended:?}:\n{said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends what Ctrl-C or `kill` sends and returns the exit code.
fn interrupt(mut child: Child, signal: Signal) -> Option<i32> {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, signal).expect("it can be signalled");
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    panic!("it does not stop");
}

/// The folders of sandboxes that are still there.
fn sandboxes(world: &World) -> usize {
    let store = std::fs::read_dir(world.store()).expect("a store").flatten();
    let folders = store.filter_map(|version| std::fs::read_dir(version.path().join("sandboxes")).ok());
    folders.map(Iterator::count).sum()
}

#[test]
fn whoever_runs_and_whoever_waits_stops() {
    let world = World::alone();
    if !has_base(&world) {
        return;
    }
    world.write("long.xb", "package long(arch) { build = { script = sh\"echo started; sleep 1000\" } }\n");
    let first = start(&world, &["build", "long.xb", "--verbose"], "started");
    let waiting = start(&world, &["build", "--verbose", "long.xb"], "on another xb");
    assert_eq!(interrupt(waiting, Signal::TERM), Some(143));
    assert_eq!(sandboxes(&world), 1);
    assert_eq!(interrupt(first, Signal::INT), Some(130));
    assert_eq!(sandboxes(&world), 0);
}

#[test]
fn a_result_that_runs_stops() {
    let world = World::alone();
    if !has_base(&world) {
        return;
    }
    let running = start(&world, &["run", "probe.xb", "--", "sh", "-c", "echo started; sleep 1000"], "started");
    assert_eq!(interrupt(running, Signal::INT), Some(130));
    assert_eq!(sandboxes(&world), 0);
}
