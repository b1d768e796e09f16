//! Engines that are not there, or are other ones.

use xb_build::{Executor, ExecutorError};
use xb_core::Arch;
use xb_docker::DockerExecutor;

use crate::world::{World, options};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_gone_and_told_by_name() {
    for (host, why) in [("unix:///nowhere/docker.sock", "No such file"), ("tcp://127.0.0.1:1", "refused")] {
        let world = World::at(host.parse().unwrap());
        for _ in 0..2 {
            let failed = world.run_action(&world.script("true")).await.map(|outcome| outcome.result);
            let Err(ExecutorError::Gone(text)) = failed else { panic!("{failed:?}") };
            for part in [host, why, "`host` in `[executor.NAME]`"] {
                assert!(text.contains(part), "{text}");
            }
        }
        assert!(world.executor.reach().await.is_err());
        world.executor.settle();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_another_architecture_is_not_used() {
    let Some(world) = World::new() else { return };
    let host = Arch::host().unwrap();
    let said = world.executor.reach().await.unwrap();
    assert!(said.contains(&format!("executes actions for {host}, emulates others, 2 at a time")), "{said}");
    let arch = Arch::ALL.into_iter().find(|arch| *arch != host).unwrap();
    let store = std::sync::Arc::new(world.store.clone());
    let other = DockerExecutor::new(xb_docker::Options { arch, ..options(None) }, store, world.owners());
    let failed = other.run(&world.script("true"), &world.context()).await;
    let Err(ExecutorError::Gone(text)) = failed else { panic!("{failed:?}") };
    assert!(text.contains(&format!("write `arch = \"{host}\"`")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_share_what_they_send() {
    let Some(world) = World::new() else { return };
    let run = async |number: u32| world.done(&format!("echo {number} > /out/x; sleep 1; cat /out/x")).await.0;
    let both = tokio::join!(run(1), run(2), run(3));
    assert_eq!(both, ("1\n".to_owned(), "2\n".to_owned(), "3\n".to_owned()));
    assert_eq!(world.images().len(), 1);
}
