//! A server that executes is an executor like any other.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use xb_contract::{World, contract};
use xb_core::Arch;
use xb_engine::{EngineExecutor, Options};
use xb_http::Patience;
use xb_remote::Server;
use xb_store::{ShortMemory, Store};

use crate::disk::SmallDisk;

/// The folder that is served, beneath that of all.
const SERVED: &str = "cache";

/// A server that runs until it is dropped.
pub struct Serving {
    child: Child,
    pub address: String,
    pub folder: TempDir,
    /// What is served is on it; gone after the server.
    pub disk: Option<SmallDisk>,
    more: Vec<String>,
}

impl Serving {
    pub fn start(more: &[&str]) -> Self {
        Self::start_on(tempfile::tempdir().expect("a folder"), None, more)
    }

    /// On a small disk; none where there can be none.
    pub fn start_on_small_disk(more: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let served = folder.path().join(SERVED);
        std::fs::create_dir(&served).expect("a folder");
        let disk = SmallDisk::new(&served)?;
        Some(Self::start_on(folder, Some(disk), more))
    }

    fn start_on(folder: TempDir, disk: Option<SmallDisk>, more: &[&str]) -> Self {
        let more: Vec<_> = more.iter().map(|&word| word.to_owned()).collect();
        let serving = serve(folder.path(), disk.as_ref(), "127.0.0.1:0", &more);
        let (child, address) = serving.unwrap_or_else(|said| panic!("it does not serve: {said}"));
        Self { child, address, folder, disk, more }
    }

    /// Starts it at the same address, or gives what it has said against that.
    pub fn try_to_start(&mut self) -> Result<(), String> {
        let serving = serve(self.folder.path(), self.disk.as_ref(), &self.address, &self.more);
        (self.child, self.address) = serving?;
        Ok(())
    }

    /// The program, on the disk of the server and with the store of its worker.
    pub fn xb(&self) -> Command {
        let before = self.disk.as_ref().map(SmallDisk::words).unwrap_or_default();
        let mut xb = xb_after(&before, self.folder.path());
        xb.env("XB_STORE", self.folder.path().join(SERVED).join(".xb-worker"));
        xb
    }

    /// The folder that is served, as it is seen from here.
    pub fn served(&self) -> PathBuf {
        self.disk.as_ref().map_or_else(|| self.folder.path().join(SERVED), SmallDisk::seen)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a number");
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits until it has ended: its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(folder: &Path, disk: Option<&SmallDisk>, listen: &str, more: &[String]) -> Result<(Child, String), String> {
    let before = disk.map(SmallDisk::words).unwrap_or_default();
    let mut xb = xb_after(&before, folder);
    xb.arg("serve").arg(folder.join(SERVED)).args(["--listen", listen]).args(more).stderr(Stdio::piped());
    let mut child = xb.spawn().expect("xb runs");
    let mut line = String::new();
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    said.read_line(&mut line).expect("it says where it is");
    if let Some((_, address)) = line.trim_end().rsplit_once("://") {
        return Ok((child, address.to_owned()));
    }
    said.read_to_string(&mut line).expect("it says what is wrong");
    child.wait().expect("it ends");
    Err(line)
}

/// The program, in a home and a store beneath a folder.
pub fn xb(folder: &Path) -> Command {
    xb_after(&[], folder)
}

/// The program, after words that start it.
fn xb_after(before: &[String], folder: &Path) -> Command {
    let words: Vec<&str> = before.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_xb")]).collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("XB_STORE", folder.join("store"))
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

/// An executor for a server.
pub fn executor(server: Server, store: &Store) -> Arc<EngineExecutor> {
    let second = Duration::from_secs(1);
    let pause = Duration::from_millis(100);
    let options = Options {
        name: "farm".to_owned(),
        server,
        arch: Arch::host().expect("an architecture"),
        slots: 4,
        jobs: 3,
        properties: BTreeMap::from([("OSFamily".to_owned(), "linux".to_owned())]),
        patience: Patience { parallel: 8, tries: 8, pause, connect: 5 * second, silence: 20 * second },
    };
    let scratch = store.scratch().to_owned();
    Arc::new(EngineExecutor::new(options, Arc::new(store.clone()), Arc::new(ShortMemory::default()), scratch))
}

fn served() -> Option<(Serving, World)> {
    let serving = Serving::start(&["--execute", "--slots", "4"]);
    let server: Server = format!("grpc://{}", serving.address).parse().expect("a server");
    let world = World::new(3, |store| executor(server, store) as _)?;
    Some((serving, world))
}

contract!(served);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_run_for_one_is_known_to_the_next() {
    let Some((serving, world)) = served() else { return };
    let script = "cat /proc/sys/kernel/random/uuid | tee /out/x";
    let (first, tree) = world.done(script).await;
    let server: Server = format!("grpc://{}", serving.address).parse().expect("a server");
    let Some(other) = World::new(3, |store| executor(server, store) as _) else { return };
    assert_eq!(other.done(script).await, (first, tree));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_only_the_server_sees_is_told() {
    let Some((_serving, world)) = served() else { return };
    let action = world.script("rm -rf /out; ln -s /build /out");
    let outcome = world.run_action(&action).await.expect("the executor does its work");
    assert!(format!("{:?}", outcome.result.cause).contains("MissingOutput"), "{:?}", outcome.result);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_to_stop_leaves_no_sandbox_behind() {
    let Some((mut serving, world)) = served() else { return };
    let action = world.script("exec sleep 86396");
    let run = world.run_action(&action);
    let stop = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        serving.signal(Signal::TERM);
        tokio::task::spawn_blocking(move || {
            let code = serving.ended();
            (
                code,
                std::fs::read_dir(serving.folder.path().join("cache/.xb-worker/v1/sandboxes"))
                    .expect("sandboxes")
                    .count(),
            )
        })
        .await
        .expect("it ends")
    };
    let ended = tokio::select! {
        ended = stop => ended,
        _ = run => panic!("who runs it waits for the server to come back"),
    };
    assert_eq!(ended, (Some(0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_a_worker_keeps_to_the_quota() {
    const MEGABYTES: u64 = 16;
    let serving = Serving::start(&["--execute", "--quota", &format!("{MEGABYTES}M")]);
    let server: Server = format!("grpc://{}", serving.address).parse().expect("a server");
    let Some(world) = World::new(3, |store| executor(server, store) as _) else { return };
    for number in 0..2 * MEGABYTES {
        let _ = world.done(&format!("head -c 2000000 /dev/urandom >/out/{number}")).await;
    }
    let store = serving.folder.path().join("cache/.xb-worker/v1/contents");
    let kilobytes = || {
        let told = Command::new("du").arg("-sk").arg(&store).output().expect("du starts");
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        told.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number")
    };
    let is_small = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        kilobytes() <= MEGABYTES << 10
    });
    assert!(is_small && kilobytes() > 0, "{} kB", kilobytes());
}

#[test]
fn what_runs_actions_has_to_be_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = xb(folder.path()).args(["serve", "cache", "--slots", "2"]).output().expect("xb runs");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--execute"), "{refused:?}");
    let serving = Serving::start(&[]);
    let server: Server = format!("grpc://{}", serving.address).parse().expect("a server");
    let store = Store::open(&folder.path().join("store")).expect("a store");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let reached = runtime.block_on(executor(server, &store).reach()).expect_err("it executes nothing");
    assert!(reached.contains("executes none"), "{reached}");
}
