//! What happens while a build runs: Ctrl-C, also while it waits for another xb or a result runs; a kill; a look at a log.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::build::has_base;
use crate::world::World;

/// What Ctrl-C is allowed to take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a command in a session of its own, and waits until it has said `sign`.
fn start(world: &World, args: &[&str], sign: &str) -> Child {
    start_until(world, args, |said| said.contains(sign))
}

/// Starts a command in a session of its own, and waits until what it has said, or something else, is a sign.
pub fn start_until(world: &World, args: &[&str], is_sign: impl Fn(&str) -> bool) -> Child {
    let log = world.project().join(format!("{}.log", args.join("-").replace(['/', '.'], "_")));
    let file = std::fs::File::create(&log).expect("a file");
    let output = file.try_clone().expect("a file");
    let ours = world.command(args);
    let mut command = Command::new("setsid");
    command.arg(ours.get_program()).args(ours.get_args()).current_dir(world.project()).env_clear();
    command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdout(output).stderr(file).stdin(Stdio::null()).spawn().expect("xb starts");
    let began = Instant::now();
    loop {
        let said = std::fs::read_to_string(&log).expect("a log");
        if is_sign(&said) {
            return child;
        }
        let ended = child.try_wait().expect("it can be waited for");
        assert!(ended.is_none() && began.elapsed() < PATIENCE, "no sign, {ended:?}:\n{said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends what Ctrl-C or `kill` sends and returns the exit code.
pub fn interrupt(mut child: Child, signal: Signal) -> Option<i32> {
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

/// Waits until no process of a session is there any more.
fn wait_for_end_of(session: u32) {
    let began = Instant::now();
    while let Some(left) = process_of(session) {
        assert!(began.elapsed() < PATIENCE, "left behind: {left}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What `/proc` says of a process of a session, if there is one: `42 (xb) S 1 42 SESSION ...`.
fn process_of(session: u32) -> Option<String> {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let mut states = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    states.find(|state| {
        let fields = state.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect::<Vec<_>>());
        fields.is_some_and(|fields| fields[0] != "Z" && fields[3].parse() == Ok(session))
    })
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
    let session = first.id();
    assert_eq!(interrupt(first, Signal::INT), Some(130));
    assert_eq!((sandboxes(&world), process_of(session)), (0, None));

    let victim = start(&world, &["build", "long.xb", "--verbose"], "started");
    let session = victim.id();
    assert_eq!(interrupt(victim, Signal::KILL), None);
    wait_for_end_of(session);
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

#[test]
fn the_log_of_a_failure_is_there_before_the_build_ends() {
    let world = World::alone();
    if !has_base(&world) {
        return;
    }
    world.write("bad.xb", "package bad(arch) { build = { script = sh\"echo because; exit 1\" } }\n");
    world.write("long.xb", "package long(arch) { build = { script = sh\"sleep 1000\" } }\n");
    let args = ["build", "bad.xb", "long.xb", "--keep-going", "--jobs", "2"];
    let running = start(&world, &args, "failed bad");
    assert_eq!(world.xb(&["log", "bad.xb"]).good(), "because\n");
    assert_eq!(interrupt(running, Signal::INT), Some(130));
}
