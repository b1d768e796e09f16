//! What a command may use, and that nothing of it survives.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use xb_build::Executor;
use xb_graph::{Cause, ResolvedAction};

use crate::support::{Outcome, World, compile, own_number, runtime, with_out};

fn probe(world: &World, script: &str, change: impl FnOnce(&mut ResolvedAction)) -> Outcome {
    let program = compile("probe", include_str!("probe.c"));
    let layer = world.store.tree(|root| {
        fs::create_dir(root.join("bin")).unwrap();
        fs::write(root.join("bin/probe"), program).unwrap();
        fs::set_permissions(root.join("bin/probe"), fs::Permissions::from_mode(0o755)).unwrap();
    });
    world.run(script, |action| {
        action.layers.push(layer);
        change(action);
    })
}

/// A number of seconds, weeks at least, that only this process of the tests sleeps for: others run the same at the same
/// time.
fn weeks(which: u32) -> String {
    (which * 10_000_000 + std::process::id()).to_string()
}

/// Whether a process of the machine has this among its arguments.
fn runs(argument: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        arguments.split(|byte| *byte == 0).any(|each| each == argument.as_bytes())
    })
}

#[track_caller]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn time() {
    let Some(world) = World::new() else { return };
    let started = Instant::now();
    let outcome = world.run("echo before; printf last; sleep 1000", |action| action.limits.seconds = 1);
    assert_eq!(outcome.result.cause, Cause::TimedOut);
    assert_eq!(outcome.log, "before\nlast");
    assert_eq!(*world.lines.0.lock().unwrap(), ["before", "last"]);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn memory() {
    let Some(world) = World::new() else { return };
    let outcome = probe(&world, "probe eat 3000", |action| action.limits.memory = 300 << 20);
    assert_eq!(outcome.result.cause, Cause::OutOfMemory);
    assert!(outcome.result.peak_memory > 300 << 20);
    assert!(outcome.result.peak_memory < 2000 << 20, "{}", outcome.result.peak_memory);
}

#[test]
fn memory_of_several_processes_counts_together() {
    let Some(world) = World::new() else { return };
    let script = "for i in 1 2 3 4; do probe hold 100 & done; wait";
    let outcome = probe(&world, script, |action| action.limits.memory = 300 << 20);
    assert_eq!(outcome.result.cause, Cause::OutOfMemory);
}

#[test]
fn memory_that_is_mapped_nowhere_counts() {
    let Some(world) = World::new() else { return };
    for kind in ["memfd", "hidden-memfd", "memfd-aside", "segments", "eat-aside"] {
        let script = format!("probe {kind} 600");
        let outcome = probe(&world, &script, |action| action.limits.memory = 300 << 20);
        assert_eq!(outcome.result.cause, Cause::OutOfMemory, "{script}: {}", outcome.log);
        assert!(outcome.result.peak_memory > 100 << 20, "{script}: {}", outcome.result.peak_memory);
    }
}

#[test]
fn memory_that_is_held_and_mapped_counts_once() {
    let Some(world) = World::new() else { return };
    let outcome = probe(&world, "probe mapped 200", |action| action.limits.memory = 300 << 20);
    assert_eq!((outcome.result.cause, outcome.log.as_str()), (Cause::Success, "ok\n"));
}

#[test]
fn the_command_goes_first_when_the_machine_is_out_of_memory() {
    let Some(world) = World::new() else { return };
    assert_eq!(world.check("cat /proc/self/oom_score_adj"), "1000\n");
}

#[test]
fn the_peak_of_a_short_command_is_known() {
    let Some(world) = World::new() else { return };
    let outcome = probe(&world, "probe eat 50", |_| {});
    assert!(outcome.result.peak_memory > 50 << 20);
}

#[test]
fn processes() {
    let Some(world) = World::new() else { return };
    let outcome = probe(&world, "probe bomb 100000", |action| {
        action.limits.processes = 400;
        action.limits.seconds = 3;
    });
    assert_ne!(outcome.result.cause, Cause::Success);
    let outcome = probe(&world, "probe bomb 100000 & sleep 1; mkdir -p /out", |action| {
        action.limits.processes = 400;
        with_out(action);
    });
    assert!(!matches!(outcome.result.cause, Cause::TimedOut), "{}", outcome.log);
    // Others than root are stopped by the kernel before there are too many.
    if rustix::process::geteuid().is_root() {
        for script in ["probe bomb 100000", "probe threads 100"] {
            let outcome = probe(&world, script, |action| action.limits.processes = 50);
            assert_eq!(outcome.result.cause, Cause::TooManyProcesses, "{script}: {}", outcome.log);
        }
    }
}

#[test]
fn processes_unless_something_else_is_said() {
    let Some(world) = World::new() else { return };
    let started = Instant::now();
    // The bomb is patient enough to go off, and not so patient that it keeps other tests from their work.
    let patience = own_number(577_000);
    let outcome = probe(&world, &format!("probe bomb 57 {patience}"), |action| action.limits.seconds = 5);
    assert!(matches!(outcome.result.cause, Cause::TimedOut | Cause::TooManyProcesses), "{:?}", outcome.result);
    assert!((300..=4096).contains(&outcome.log.len()), "{} processes", outcome.log.len());
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    world.executor.settle();
    assert!(!runs(&patience));
}

#[test]
fn disk() {
    let Some(world) = World::new() else { return };
    let large = "dd if=/dev/zero of=/large bs=1M count=1000";
    let many = "for i in $(seq 200); do dd if=/dev/zero of=/tmp/$i bs=1M count=5 2>/dev/null; done; sleep 5";
    for script in [large, many] {
        let outcome = world.run(script, |action| action.limits.disk = 100 << 20);
        assert_eq!(outcome.result.cause, Cause::DiskFull, "{script}: {}", outcome.log);
    }
}

#[test]
fn files_without_a_name_are_on_the_disk() {
    let Some(world) = World::new() else { return };
    let many = "for i in 3 4 5 6 7; do
        eval \"exec $i>file\"; rm file; dd if=/dev/zero bs=1M count=40 2>/dev/null >&$i
    done; sleep 15";
    let outcome = world.run(many, |action| action.limits.disk = 100 << 20);
    assert_eq!(outcome.result.cause, Cause::DiskFull, "{}", outcome.log);
}

#[test]
fn files_that_lose_their_name_are_counted_once_and_those_of_layers_never() {
    let Some(world) = World::new() else { return };
    let layer = world.store.tree(|root| fs::write(root.join("layer"), vec![1; 150 << 20]).unwrap());
    let script = "exec 3</layer; rm /layer; dd if=/dev/zero of=file bs=1M count=60 2>/dev/null; sleep 1
        exec 4<file; rm file; sleep 1; ls -l /proc/self/fd 2>/dev/null | grep -c deleted";
    let outcome = world.run(script, |action| {
        action.layers.push(layer);
        action.limits.disk = 100 << 20;
    });
    assert_eq!((outcome.result.cause, outcome.log.as_str()), (Cause::Success, "2\n"));
}

#[test]
fn who_ends_like_one_that_wrote_too_large_a_file_did_not_fill_the_disk() {
    let Some(world) = World::new() else { return };
    assert_eq!(world.run("exit 153", |_| {}).result.cause, Cause::Failed);
    let large = "dd if=/dev/zero of=/large bs=1M seek=99 count=2 2>/dev/null";
    for script in [large.to_owned(), format!("{large}; echo")] {
        let outcome = world.run(&script, |action| {
            action.limits.disk = 100 << 20;
            action.step = "check".to_owned();
        });
        assert_eq!(
            (outcome.result.exit_code, outcome.result.cause),
            (153, Cause::DiskFull),
            "{script}: {}",
            outcome.log
        );
    }
}

#[test]
fn logs() {
    let Some(world) = World::new() else { return };
    let script = "echo first; yes 0123456789 | head -c 100000000; echo last";
    let outcome = world.run(script, |action| action.limits.log = 100_000);
    assert!(outcome.result.succeeded());
    assert!(outcome.log.len() < 101_000, "{}", outcome.log.len());
    assert!(outcome.log.starts_with("first\n") && outcome.log.ends_with("last\n"));
    assert!(outcome.log.contains("bytes of the log are left out here"));
    assert!(world.lines.0.lock().unwrap().len() < 20_000);
}

#[test]
fn cpus() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("nproc", |action| action.limits.cpus = 1);
    assert_eq!(outcome.log, "1\n");
    let all = rustix::thread::sched_getaffinity(None).unwrap().count();
    let which = |_| world.run("grep Cpus_allowed_list /proc/self/status", |action| action.limits.cpus = 1).log;
    let used: std::collections::BTreeSet<String> = (0..all).map(which).collect();
    assert_eq!(used.len(), all as usize);
}

/// However a program asks how many CPUs there are, it hears of those that it may use.
#[test]
fn cpus_that_may_not_be_used_are_not_seen() {
    let Some(world) = World::new() else { return };
    let script =
        "grep -c '^cpu[0-9]' /proc/stat; grep -c '^processor' /proc/cpuinfo; nproc; ls /sys 2>/dev/null || true";
    let count = |cpus| world.run(script, |action| action.limits.cpus = cpus).log;
    assert_eq!(count(1), "1\n1\n1\n");
    let all = rustix::thread::sched_getaffinity(None).unwrap().count();
    for cpus in [0, 4096] {
        assert_eq!(count(cpus), format!("{all}\n").repeat(3));
    }
    let closed = "for f in stat cpuinfo; do (echo x >/proc/$f) 2>/dev/null || echo closed; done";
    assert_eq!(world.run(closed, |action| action.limits.cpus = 1).log, "closed\nclosed\n");
    let which = "grep -o '^cpu[0-9][0-9]*' /proc/stat; sed -n 's/^processor.*: /cpu/p' /proc/cpuinfo; \
                 sed -n 's/^Cpus_allowed_list:[^0-9]*/cpu/p' /proc/self/status";
    let seen = world.run(which, |action| action.limits.cpus = 1).log;
    let seen: std::collections::BTreeSet<&str> = seen.lines().collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// A program that reads the clock of the machine's start, or counts interrupts, still can.
#[test]
fn what_else_is_told_beside_the_cpus_stays() {
    let Some(world) = World::new() else { return };
    let log = world.run("grep -c -E '^(cpu |btime|ctxt|processes)' /proc/stat", |action| action.limits.cpus = 1).log;
    assert_eq!(log, "4\n");
}

#[test]
fn daemons_end_with_their_action() {
    let Some(world) = World::new() else { return };
    let weeks = weeks(1);
    let script = format!("mkdir -p /out; setsid sleep {weeks} & (trap '' TERM HUP; sleep {weeks}) & echo done");
    let started = Instant::now();
    let outcome = world.run(&script, with_out);
    assert_eq!(outcome.log, "done\n");
    assert!(outcome.result.succeeded());
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(!runs(&weeks));
}

#[test]
fn a_dropped_run_leaves_nothing() {
    let Some(world) = World::new() else { return };
    let weeks = weeks(2);
    let action = world.script(&format!("mkdir a; chmod 0 a; touch /tmp/b; sleep {weeks}"));
    runtime().block_on(async {
        let context = world.context();
        let run = world.executor.run(&action, &context);
        let stopped = tokio::time::timeout(Duration::from_millis(500), run).await;
        assert!(stopped.is_err());
    });
    world.executor.settle();
    assert!(!runs(&weeks));
    assert_eq!(fs::read_dir(world.scratch()).unwrap().count(), 0);
}

/// Not a test of its own: what the next one kills.
#[test]
fn victim() {
    let Ok(weeks) = std::env::var("XB_TEST_VICTIM_SLEEPS") else { return };
    let Some(world) = World::new() else { return };
    fs::write(std::env::var_os("XB_TEST_VICTIM").unwrap(), world.scratch().as_os_str().as_encoded_bytes()).unwrap();
    drop(world.run(&format!("mkdir a; chmod 0 a; sleep {weeks}"), |_| {}));
}

#[test]
fn a_killed_xb_leaves_nothing_for_long() {
    let Some(world) = World::new() else { return };
    let (note, weeks) = (world.temporary.path().join("victim"), weeks(3));
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::victim"])
        .env("XB_TEST_VICTIM", &note)
        .env("XB_TEST_VICTIM_SLEEPS", &weeks)
        .env("TMPDIR", world.temporary.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the victim's command", || runs(&weeks));
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until("the end of the victim's command", || !runs(&weeks));
    let scratch = std::path::PathBuf::from(fs::read_to_string(note).unwrap());
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 1);
    std::thread::sleep(Duration::from_secs(2));
    let next = xb_exec::LocalExecutor::new(world.store.clone(), scratch.clone(), xb_exec::Options::default());
    wait_until("the removal of what the victim left", || fs::read_dir(&scratch).unwrap().count() == 0);
    drop(next);
}

#[test]
fn a_failed_sandbox_can_be_kept() {
    let Some(mut world) = World::new() else { return };
    world.keep_failed = true;
    let mut action = world.script("echo here > file; exit 1");
    assert!(world.executor.kept(action.id).is_none());
    let outcome = world.run_action(&action);
    assert_eq!(outcome.result.exit_code, 1);
    let kept = world.executor.kept(action.id).unwrap();
    assert_eq!(fs::read_to_string(kept.join("upper/build/file")).unwrap(), "here\n");
    action = world.script("exit 0");
    assert!(world.run_action(&action).result.succeeded());
    world.executor.settle();
    assert_eq!(fs::read_dir(world.scratch()).unwrap().count(), 1);
}
