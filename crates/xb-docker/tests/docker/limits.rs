//! What stops a command that uses more than it may.

use std::time::{Duration, Instant};

use xb_graph::Cause;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let Some(world) = World::new() else { return };
    let script = "a=$(head -c 400000000 /dev/zero | tr '\\0' x); echo ${#a}";
    let outcome = world.run(script, |action| action.limits.memory = 64 << 20).await;
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::OutOfMemory, 137), "{}", outcome.log);
    // Who does not mind is stopped all the same.
    let began = Instant::now();
    let script = "(a=$(head -c 400000000 /dev/zero | tr '\\0' x)) || true; echo goes on; sleep 300";
    let outcome = world.run(script, |action| (action.limits.memory, action.limits.seconds) = (64 << 20, 200)).await;
    assert_eq!(outcome.result.cause, Cause::OutOfMemory, "{}", outcome.log);
    assert!(began.elapsed() < Duration::from_secs(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn processes() {
    let Some(world) = World::new() else { return };
    let sleepers = async |sleepers: u32| {
        let script = format!("for n in $(seq 1 {sleepers}); do sleep 5 & done; wait; echo whole");
        world.run(&script, |action| action.limits.processes = 40).await
    };
    let outcome = sleepers(39).await;
    assert_eq!((outcome.log.as_str(), outcome.result.cause), ("whole\n", Cause::Success));
    let outcome = sleepers(60).await;
    assert!(!outcome.result.succeeded(), "{}", outcome.log);
    let outcome = sleepers(42).await;
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::TooManyProcesses, 137), "{}", outcome.log);
    let outcome = world.run("echo alone", |action| action.limits.processes = 1).await;
    assert_eq!((outcome.log.as_str(), outcome.result.cause), ("alone\n", Cause::Success));
}

#[tokio::test(flavor = "multi_thread")]
async fn time() {
    let Some(world) = World::new() else { return };
    let began = Instant::now();
    let outcome = world.run("echo begun; sleep 100", |action| action.limits.seconds = 3).await;
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::TimedOut, 137));
    assert_eq!(outcome.log, "begun\n");
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files() {
    let Some(world) = World::new() else { return };
    let script = "dd if=/dev/zero of=/large bs=1M count=20";
    let outcome = world.run(script, |action| action.limits.disk = 10 << 20).await;
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::DiskFull, 153), "{}", outcome.log);
    let script = "for n in 1 2 3; do dd if=/dev/zero of=/out/$n bs=1M count=8 2> /dev/null; done";
    let outcome = world.run(script, |action| action.limits.disk = 10 << 20).await;
    assert_eq!((outcome.result.cause, outcome.result.exit_code), (Cause::DiskFull, 0), "{}", outcome.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("seq 1 600000; echo the end", |action| action.limits.log = 1000).await;
    assert!(outcome.log.starts_with("1\n2\n") && outcome.log.ends_with("600000\nthe end\n"), "{}", outcome.log);
    assert!(outcome.log.contains("bytes of the log are left out here") && outcome.log.len() < 1200);
    let outcome = world.run("seq 1 20000; printf '\\001\\377no end'", |_| {}).await;
    let numbers: String = (1..=20000).map(|number| format!("{number}\n")).collect();
    assert_eq!(outcome.log, numbers + "\u{1}\u{fffd}no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_ends_with_the_command() {
    let Some(world) = World::new() else { return };
    let began = Instant::now();
    let (log, _) = world.done("(sleep 100; echo late) & (setsid sleep 100 &) ; echo done").await;
    assert_eq!(log, "done\n");
    assert!(began.elapsed() < Duration::from_secs(60));
}
