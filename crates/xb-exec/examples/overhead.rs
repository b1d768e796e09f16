//! What a sandbox costs beyond its command: trivial actions, one after another.
//!
//!     cargo run --release -p xb-exec --example overhead [COUNT]
//!
//! Needs a statically linked busybox at `/bin/busybox`.
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xb_build::{Executor, RunContext};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_exec::{LocalExecutor, Options};
use xb_graph::{Limits, Method, NodeId, ResolvedAction};
use xb_store::{Contents, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    xb_exec::maybe_run_as_child();
    let count = std::env::args().nth(1).map_or(Ok(200), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let store = Arc::new(Store::open(&folder.path().join("store"))?);
    let owned = Arc::clone(&store);
    let options =
        Options { ingest: Some(Arc::new(move |folder: &Path| owned.ingest_owned(folder))), ..Options::default() };
    let executor = LocalExecutor::new(Arc::clone(&store) as _, folder.path().join("scratch"), options)?;
    let action = action(root(&store, folder.path())?);
    let context = RunContext { events: Arc::new(()), node: NodeId(0), jobs: 1, keep_failed: false, again: false };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut times = Vec::new();
    for _ in 0..=count {
        let started = Instant::now();
        let result = runtime.block_on(executor.run(&action, &context))?;
        times.push(started.elapsed());
        assert!(result.succeeded(), "{result:?}");
    }
    times.remove(0);
    report("in a sandbox", times);
    report("the command itself", (0..count).map(|_| bare()).collect());
    Ok(())
}

fn root(store: &Store, folder: &Path) -> Result<TreeId, Box<dyn std::error::Error>> {
    let root = folder.join("root");
    fs::create_dir_all(root.join("bin"))?;
    fs::copy("/bin/busybox", root.join("bin/sh"))?;
    Ok(store.ingest(&root)?)
}

fn action(root: TreeId) -> ResolvedAction {
    let out = RelPath::new("out").unwrap_or_default();
    ResolvedAction {
        id: ActionId(Digest::of(b"trivial")),
        command_bytes: Vec::new(),
        action_bytes: Vec::new(),
        root,
        layers: vec![root],
        command: ["/bin/sh", "-c", "mkdir /out; echo hello > /out/file"].map(str::to_owned).to_vec(),
        env: Default::default(),
        cwd: RelPath::root(),
        outputs: [("out".to_owned(), out)].into(),
        platform: Arch::host().unwrap_or(Arch::Amd64),
        method: Method::Native,
        limits: Limits::default(),
        emulator: None,
        title: "trivial (build)".to_owned(),
        step: "build".to_owned(),
    }
}

fn bare() -> Duration {
    let started = Instant::now();
    let status = Command::new("/bin/busybox").args(["sh", "-c", "echo hello > /dev/null"]).status();
    assert!(status.is_ok_and(|status| status.success()));
    started.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let total: Duration = times.iter().sum();
    let mean = total / u32::try_from(times.len()).unwrap_or(1);
    println!("{what}: mean {mean:?}, median {:?}, worst {:?}", times[times.len() / 2], times[times.len() - 1]);
}
