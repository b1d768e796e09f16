//! What stops a command that uses more than it may; the machine is there for the next one.

use xb_graph::Cause;

use crate::support::{with_out, world};

#[test]
fn memory() {
    let Some(world) = world() else { return };
    // The shell holds what it reads in a variable.
    let outcome = world.run("a=$(head -c 400000000 /dev/zero | tr '\\0' x); echo ${#a}", |action| {
        action.limits.memory = 64 << 20;
    });
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::OutOfMemory, 137), "{}", outcome.log);
}

#[test]
fn processes() {
    let Some(world) = world() else { return };
    let outcome = world.run("for n in $(seq 1 60); do sleep 100 & done; wait", |action| {
        action.limits.processes = 40;
    });
    assert_eq!(outcome.result.cause, Cause::TooManyProcesses, "{}", outcome.log);
}

#[test]
fn disk() {
    let Some(world) = world() else { return };
    let outcome = world.run("dd if=/dev/zero of=/large bs=1M count=200", |action| action.limits.disk = 100 << 20);
    assert_eq!(outcome.result.cause, Cause::DiskFull, "{}", outcome.log);
    // More than the machine has memory for is written all the same.
    world.check("dd if=/dev/zero of=/large bs=1M count=600 2> /dev/null; test $(stat -c %s /large) = 629145600");
}

#[test]
fn time() {
    let Some(world) = world() else { return };
    let outcome = world.run("echo begun; sleep 100", |action| {
        with_out(action);
        action.limits.seconds = 5;
    });
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::TimedOut, 137));
    assert_eq!(outcome.log, "begun\n");
    world.check("true");
}

#[test]
fn cpus() {
    let Some(world) = world() else { return };
    let outcome = world.run("nproc", |action| action.limits.cpus = 1);
    assert_eq!(outcome.log, "1\n");
    assert_eq!(world.check("nproc"), "2\n");
}
