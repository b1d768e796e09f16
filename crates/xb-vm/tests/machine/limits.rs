//! What stops a command that uses more than it may; the machine is there for the next one.

use std::sync::Arc;

use xb_graph::Cause;

use crate::support::{executor, try_run, with_out, world};

#[test]
fn memory() {
    let Some(world) = world() else { return };
    // The shell holds what it reads in a variable.
    let outcome = world.run("a=$(head -c 400000000 /dev/zero | tr '\\0' x); echo ${#a}", |action| {
        action.limits.memory = 64 << 20;
    });
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::OutOfMemory, 137), "{}", outcome.log);
    let outcome = world.run("head -c 150000000 /dev/zero > /dev/shm/held; sleep 5", |action| {
        action.limits.memory = 64 << 20;
    });
    assert_eq!(outcome.result.cause, Cause::OutOfMemory, "{}", outcome.log);
    // What is in files that were written is a matter of the disk.
    let outcome = world.run("head -c 150000000 /dev/zero > /held; sleep 3; rm /held; sleep 2", |action| {
        action.limits.memory = 64 << 20;
    });
    assert_eq!(outcome.result.cause, Cause::Success, "{}", outcome.log);
}

#[test]
fn processes() {
    let Some(world) = world() else { return };
    let outcome = world.run("for n in $(seq 1 60); do sleep 100 & done; wait", |action| {
        action.limits.processes = 40;
    });
    assert_eq!(outcome.result.cause, Cause::TooManyProcesses, "{}", outcome.log);
    // Its shell is one of them.
    let sleepers = |sleepers: u32| {
        let script = format!("for n in $(seq 1 {sleepers}); do sleep 4 & done; wait; echo whole");
        world.run(&script, |action| action.limits.processes = 40)
    };
    assert_eq!(sleepers(39).log, "whole\n");
    assert_eq!(sleepers(41).result.cause, Cause::TooManyProcesses);
    let outcome = world.run("echo alone", |action| action.limits.processes = 1);
    assert_eq!((outcome.result.cause, outcome.log.as_str()), (Cause::Success, "alone\n"));
}

#[test]
fn disk() {
    let Some(world) = world() else { return };
    let outcome = world.run("dd if=/dev/zero of=/large bs=1M count=200", |action| action.limits.disk = 100 << 20);
    assert_eq!(outcome.result.cause, Cause::DiskFull, "{}", outcome.log);
    // Who does not mind is stopped all the same.
    let files = "for n in 1 2 3 4; do dd if=/dev/zero of=/file$n bs=1M count=40 2> /dev/null || true; done; echo whole";
    let check = |disk: u64, cause: &Cause| {
        let outcome = world.run(files, |action| action.limits.disk = disk);
        assert_eq!(&outcome.result.cause, cause, "{}", outcome.log);
    };
    check(100 << 20, &Cause::DiskFull);
    check(170 << 20, &Cause::Success);
    // More than the machine has memory for is written all the same.
    world.check("dd if=/dev/zero of=/large bs=1M count=600 2> /dev/null; test $(stat -c %s /large) = 629145600");
}

#[test]
fn time() {
    let Some(world) = world() else { return };
    // Its machine ends with it: others of this program would have to begin anew.
    let executor = executor(&world.store, &world.folder.join("overdue"), world.parts);
    let mut action = world.script("echo begun; sleep 100");
    with_out(&mut action);
    action.limits.seconds = 5;
    let outcome = try_run(&executor, &world.store, &action, &Arc::default()).unwrap();
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::TimedOut, 137));
    assert_eq!(outcome.log, "begun\n");
    let outcome = try_run(&executor, &world.store, &world.script("true"), &Arc::default()).unwrap();
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
}

#[test]
fn cpus() {
    let Some(world) = world() else { return };
    let outcome = world.run("nproc; echo $jobs", |action| action.limits.cpus = 1);
    assert_eq!(outcome.log, "1\n1\n");
    assert_eq!(world.check("nproc; echo $jobs"), "2\n2\n");
}
