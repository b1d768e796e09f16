//! An action runs on an engine as it does here.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use xb_build::Executor;
use xb_contract::contract;
use xb_core::Arch;
use xb_graph::Cause;

use crate::casd::Casd;
use crate::world::{World, executor, patience, write};

fn on_casd() -> Option<(Casd, xb_contract::World)> {
    let casd = Casd::start()?;
    let world =
        xb_contract::World::new(3, |store| Arc::new(executor(&casd.address, patience(), store, Arc::default())) as _)?;
    Some((casd, world))
}

// The name of the machine is the engine's own.
contract!(
    on_casd,
    a_command_sees_what_every_command_sees,
    outputs_are_the_same_trees,
    folders_that_a_command_needs_are_there,
    failures_have_the_same_causes,
    a_log_has_its_limit_and_a_large_one_its_end,
    several_run_at_once,
    who_is_given_up_is_stopped,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_root_reads_what_its_owner_may_not() {
    let Some(casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    let is_root = std::fs::metadata("/proc/self").expect("this process").uid() == 0;
    let mode = if is_root { "200" } else { "600" };
    let (_, out) = world.done(&format!("echo secret > /out/closed; chmod {mode} /out/closed")).await;
    assert_eq!(out, world.tree(|out| write(&out.join("closed"), "secret\n", 0o600)));
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_within_the_limit_of_what_may_be_written() {
    let Some(casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    let mut action = world.script("head -c 9999 /dev/zero > /out/x");
    action.limits.disk = 9000;
    let outcome = world.run_action(&action).await.expect("the engine does its work");
    assert_eq!((outcome.result.exit_code, outcome.result.cause), (0, Cause::DiskFull));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_cannot_do_it_refuses_before() {
    let Some(world) = World::new("127.0.0.1:1") else { return };
    let mut action = world.script("true");
    assert_eq!(world.executor.refuses(&action), None);
    action.limits.users = 65_536;
    assert!(world.executor.refuses(&action).is_some_and(|why| why.contains("one user")));
    let other = Arch::ALL.into_iter().find(|arch| *arch != world.executor.arch()).expect("another");
    assert!(!world.executor.can_run(other));
}
