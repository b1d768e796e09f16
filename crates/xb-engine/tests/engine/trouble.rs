//! Lost connections, lost servers, lost contents, and runs that nobody waits for any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use xb_build::ExecutorError;

use crate::casd::Casd;
use crate::world::World;

/// Whether a process of this command runs somewhere on this machine: not only what starts it, of which the sandbox does
/// not end with buildbox-run while it is still beginning.
fn runs(command: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let mut running = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    running.any(|running| String::from_utf8_lossy(&running).replace('\0', " ").trim_end() == command)
}

/// A command that sleeps for about so long, and that nobody else on this machine has: other tests may run here, and
/// what those left that were killed.
fn sleeps(seconds: &str) -> String {
    format!("sleep {seconds}{}", std::process::id())
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_everything_is_given_it_again() {
    let Some(mut casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    let (_, first) = world.done("echo 1 > /out/x").await;
    casd.restart(true);
    let (_, second) = world.done("echo 1 > /out/x; echo again").await;
    assert_eq!(first, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_runs_it_again() {
    let Some(mut casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    let sleeps = sleeps("2.5");
    for forget in [false, true] {
        let script = format!("{sleeps}; echo {forget}");
        let killed = async {
            until("it begins", || runs(&sleeps)).await;
            tokio::task::block_in_place(|| casd.restart(forget));
        };
        let ((log, _), ()) = tokio::join!(world.done(&script), killed);
        assert_eq!(log, format!("{forget}\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_while_the_connection_is_cut() {
    let Some(casd) = Casd::start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let cut = Arc::new(Notify::new());
    let (server, cutting) = (casd.address.clone(), Arc::clone(&cut));
    let line = tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let (server, cut) = (server.clone(), Arc::clone(&cutting));
            tokio::spawn(async move {
                let mut to = TcpStream::connect(server).await.expect("the server listens");
                tokio::select! {
                    _ = copy_bidirectional(&mut from, &mut to) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    let Some(world) = World::new(&address) else { return };
    let (began, sleeps) = (Instant::now(), sleeps("4.5"));
    let cutter = async {
        until("it begins", || runs(&sleeps)).await;
        cut.notify_waiters();
        began.elapsed()
    };
    let script = format!("{sleeps}; echo done");
    let ((log, _), begun) = tokio::join!(world.done(&script), cutter);
    assert_eq!(log, "done\n");
    // It was waited for, and not run again.
    let took = began.elapsed() - begun;
    assert!(took < Duration::from_secs(8), "{took:?}");
    line.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_given_up_is_stopped() {
    let Some(casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    let sleeps = sleeps("7431.");
    let action = world.script(&sleeps);
    tokio::select! {
        _ = world.run_action(&action) => panic!("it does not end"),
        () = until("it begins", || runs(&sleeps)) => {}
    }
    tokio::task::block_in_place(|| world.executor.settle());
    until("it is stopped", || !runs(&sleeps)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_said_to_be_gone() {
    let Some(mut casd) = Casd::start() else { return };
    let Some(world) = World::new(&casd.address) else { return };
    assert!(world.executor.reach().await.expect("it answers").contains("executes actions for"));
    casd.kill();
    let Err(ExecutorError::Gone(why)) = world.run_action(&world.script("true")).await else {
        panic!("nobody is there")
    };
    assert!(why.contains(&casd.address), "{why}");
}
