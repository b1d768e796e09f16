//! A day of bad luck: a thousand small actions of each of two who race, and a server that is ended every few seconds, on a
//! disk that is full at times and loses bytes, behind a network that cuts every connection.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use rustix::process::Signal;
use xb_build::ExecutorError;
use xb_contract::{Outcome, World};
use xb_core::TreeId;
use xb_graph::Cause;
use xb_store::Store;

use crate::cut::Cut;
use crate::served::{Serving, executor};

/// How many actions there are.
const ACTIONS: usize = 1000;

/// How many of them each has under way.
const UNDER_WAY: usize = 8;

/// How long a server lives, at most.
const LIFE: Duration = Duration::from_secs(3);

/// How often an action is given to an executor that cannot run it: what xb itself does is to run it elsewhere.
const TRIES: u32 = 20;

/// How long one waits before the next try, for each that there was.
const PAUSE: Duration = Duration::from_millis(50);

/// Has all actions run: the tree of each, and how often the executor gave one up.
async fn all(world: &World, server: &str) -> (Vec<TreeId>, u32) {
    let ran = iter(0..ACTIONS).map(async |number| {
        let action = world.script(&format!("echo {number}; echo {number} >/out/number"));
        for given_up in 0..TRIES {
            match world.run_action(&action).await {
                Ok(Outcome { result, .. }) if result.cause == Cause::DiskFull => {}
                Ok(Outcome { result, log }) => {
                    assert!(result.succeeded(), "{result:?}");
                    assert_eq!(log, format!("{number}\n"));
                    return (result.outputs["out"], given_up);
                }
                Err(ExecutorError::Gone(why) | ExecutorError::Machine(why) | ExecutorError::Unable(why)) => {
                    assert!(why.contains(server), "{why}")
                }
                Err(error) => panic!("{number}: {error}"),
            }
            tokio::time::sleep(PAUSE * given_up).await;
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

/// Changes a byte of every so manyth blob, as a disk does that has been used for too long: how many.
fn damage(served: &Path, every: usize) -> usize {
    let folders = fs::read_dir(served.join("cas")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let mut files: Vec<_> = files.map(|file| file.path()).collect();
    files.sort();
    let is_damaged = |file: &Path| {
        let mut bytes = fs::read(file).ok()?;
        *bytes.last_mut()? ^= 1;
        // Where the disk is full it has lost the rest.
        fs::write(file, bytes).ok()
    };
    files.iter().step_by(every).filter_map(|file| is_damaged(file)).count()
}

/// Until it is over, ends the server, damages what it serves, and starts it: how often, and how many blobs were damaged.
fn ruin(serving: &mut Serving, is_over: &AtomicBool) -> (usize, usize) {
    let (mut ended, mut damaged) = (0, 0);
    for by in [Signal::KILL, Signal::KILL, Signal::TERM].into_iter().cycle() {
        std::thread::sleep(LIFE);
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        serving.signal(by);
        serving.ended();
        damaged += damage(&serving.served(), 50);
        ended += 1;
        start(serving);
    }
    (ended, damaged)
}

/// Starts it, as soon as the disk is not full: then no server starts.
fn start(serving: &mut Serving) {
    for _ in 0..100 {
        let Err(said) = serving.try_to_start() else { return };
        assert!(said.to_lowercase().contains("no space left"), "{said}");
        std::thread::sleep(LIFE / 10);
    }
    panic!("the disk stays full");
}

/// The day, which is over when this is dropped.
#[derive(Default)]
struct Day {
    is_over: Arc<AtomicBool>,
}

impl Drop for Day {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_bad_luck_loses_nothing() {
    let serving = Serving::start_on_small_disk(&["--execute", "--slots", "4", "--quota", "20M"]);
    let Some(mut serving) = serving else { return };
    let cut = Cut::before(serving.address.clone()).await;
    let world = || {
        let server = format!("grpc://{}", cut.address).parse().expect("a server");
        World::new(3, |store| executor(server, store) as _)
    };
    let (Some(one), Some(other)) = (world(), world()) else { return };
    let day = Day::default();
    let mut bad_luck = tokio::task::spawn_blocking({
        let is_over = Arc::clone(&day.is_over);
        move || {
            let ruined = ruin(&mut serving, &is_over);
            (serving, ruined)
        }
    });
    let both = async { tokio::join!(all(&one, &cut.address), all(&other, &cut.address)) };
    let ((first, given_up), (second, given_up_too)) = tokio::select! {
        both = both => both,
        ended = &mut bad_luck => panic!("the server does not start: {:?}", ended.err()),
    };
    drop(day);
    let (mut serving, (ended, damaged)) = bad_luck.await.expect("the server starts each time");
    let told = format!(
        "it ended {ended} times, {damaged} blobs were damaged, {} connections were cut, {} runs were given up",
        cut.count(),
        given_up + given_up_too
    );
    assert!(first == second && ended > 1 && damaged > 0 && cut.count() > 1, "{told}");
    is_sound(&one.store);
    is_sound(&other.store);
    serving.disk.as_ref().expect("it is on a small disk").calm();
    // What is younger might be about to be used.
    std::thread::sleep(LIFE);
    serving.signal(Signal::TERM);
    serving.ended();
    start(&mut serving);
    let store = serving.served().join(".xb-worker");
    let sandboxes = || fs::read_dir(store.join("v1/sandboxes")).expect("sandboxes").count();
    let is_swept = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        sandboxes() == 0
    });
    assert!(is_swept, "a server removes what those before it left: {}", sandboxes());
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(), Some(0));
    let verified = serving.xb().args(["store", "verify"]).output().expect("xb runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}
