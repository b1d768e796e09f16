//! A day of bad luck: a thousand small actions of two who race, and a server that is ended every few seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use rustix::process::Signal;
use xb_build::ExecutorError;
use xb_contract::{Outcome, World};
use xb_core::TreeId;
use xb_store::Store;

use crate::served::{Serving, executor};

/// How many actions there are.
const ACTIONS: usize = 1000;

/// How many of them each has under way.
const UNDER_WAY: usize = 8;

/// How long a server lives, at most.
const LIFE: Duration = Duration::from_secs(3);

/// How often an action is given to an executor that cannot run it: what xb itself does is to run it elsewhere.
const TRIES: usize = 20;

/// Has all actions run: the tree of each, and how often the executor gave one up.
async fn all(world: &World) -> (Vec<TreeId>, usize) {
    let ran = iter(0..ACTIONS).map(async |number| {
        let action = world.script(&format!("echo {number}; echo {number} >/out/number"));
        for given_up in 0..TRIES {
            match world.run_action(&action).await {
                Ok(Outcome { result, log }) => {
                    assert!(result.succeeded(), "{result:?}");
                    assert_eq!(log, format!("{number}\n"));
                    return (result.outputs["out"], given_up);
                }
                Err(ExecutorError::Gone(why) | ExecutorError::Machine(why)) => {
                    assert!(why.contains("127.0.0.1"), "{why}")
                }
                Err(error) => panic!("{number}: {error}"),
            }
        }
        panic!("{number} was given up {TRIES} times")
    });
    let ran: Vec<_> = ran.buffered(UNDER_WAY).collect().await;
    let (trees, given_up): (Vec<_>, Vec<_>) = ran.into_iter().unzip();
    (trees, given_up.into_iter().sum())
}

fn is_sound(store: &Store) {
    let report = store.verify(false).expect("it can be verified");
    assert!(report.damaged.is_empty(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_every_few_seconds_loses_nothing() {
    let mut serving = Serving::start(&["--execute", "--slots", "4", "--quota", "1G"]);
    let world = || {
        let server = format!("grpc://{}", serving.address).parse().expect("a server");
        World::new(3, |store| executor(server, store) as _)
    };
    let (Some(one), Some(other)) = (world(), world()) else { return };
    let is_over = Arc::new(AtomicBool::new(false));
    let bad_luck = tokio::task::spawn_blocking({
        let is_over = Arc::clone(&is_over);
        move || {
            let mut ended = 0;
            for by in [Signal::KILL, Signal::KILL, Signal::TERM].into_iter().cycle() {
                std::thread::sleep(LIFE);
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                serving.restart(by);
                ended += 1;
            }
            (serving, ended)
        }
    });
    let ((first, given_up), (second, given_up_too)) = tokio::join!(all(&one), all(&other));
    is_over.store(true, Ordering::Relaxed);
    let (mut serving, ended) = bad_luck.await.expect("the server starts each time");
    let given_up = given_up + given_up_too;
    assert!(first == second && ended > 1, "it ended {ended} times, and {given_up} runs were given up");
    is_sound(&one.store);
    is_sound(&other.store);
    // What is younger might be about to be used.
    std::thread::sleep(LIFE);
    serving.restart(Signal::TERM);
    let store = serving.folder.path().join("cache/.xb-worker");
    let sandboxes = || std::fs::read_dir(store.join("v1/sandboxes")).expect("sandboxes").count();
    let is_swept = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        sandboxes() == 0
    });
    assert!(is_swept, "a server removes what those before it left: {}", sandboxes());
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(), Some(0));
    is_sound(&Store::open(&store).expect("a store"));
}
