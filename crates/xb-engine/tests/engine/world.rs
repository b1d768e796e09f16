//! A world for the tests: a store, a root with busybox, an executor for an engine.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use xb_build::{Event, Events, Executor, ExecutorError, RunContext};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_engine::{EngineExecutor, Options};
use xb_graph::{ActionResult, Limits, Method, NodeId, ResolvedAction};
use xb_http::Patience;
use xb_store::{Contents, Memory, ShortMemory, Store};

use crate::casd::skip;

/// Keeps the lines of logs.
#[derive(Default)]
pub struct Lines(pub Mutex<Vec<String>>);

impl Events for Lines {
    fn event(&self, event: Event) {
        if let Event::Log { line, .. } = event {
            self.0.lock().expect("nobody panicked").push(line);
        }
    }
}

/// Remembers, takes a while for it, and counts how often it is asked for the engine's names of contents.
#[derive(Default)]
pub struct SlowMemory {
    memory: ShortMemory,
    pub asked: AtomicUsize,
}

impl Memory for SlowMemory {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        if kind == "sha256-v1" {
            self.asked.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
        self.memory.recall(kind, keys)
    }

    fn remember(&self, kind: &str, key: &[u8], value: &[u8]) {
        self.memory.remember(kind, key, value);
    }
}

/// Everything that a test needs; gone when dropped.
pub struct World {
    pub store: Store,
    pub executor: Arc<EngineExecutor>,
    pub memory: Arc<SlowMemory>,
    pub lines: Arc<Lines>,
    pub base: TreeId,
    folder: TempDir,
}

/// What came of an action.
#[must_use]
pub struct Outcome {
    pub result: ActionResult,
    pub log: String,
}

pub fn patience() -> Patience {
    let second = Duration::from_secs(1);
    let pause = Duration::from_millis(100);
    Patience { parallel: 8, tries: 8, pause, connect: 5 * second, silence: 20 * second }
}

impl World {
    /// None when busybox is missing.
    pub fn new(address: &str) -> Option<Self> {
        if !Path::new("/bin/busybox").is_file() {
            skip("`/bin/busybox` is missing (apt-get install busybox-static)");
            return None;
        }
        Some(Self::with(address, patience(), busybox_root))
    }

    /// With a root in which nothing can run.
    pub fn still(address: &str) -> Self {
        Self::with(address, patience(), still)
    }

    /// The same, and it waits for nothing.
    pub fn hasty(address: &str) -> Self {
        Self::with(address, Patience { pause: Duration::ZERO, ..patience() }, still)
    }

    /// The same, and it does not wait long for a connection.
    pub fn curt(address: &str) -> Self {
        Self::with(address, Patience { connect: Duration::from_millis(300), ..patience() }, still)
    }

    fn with(address: &str, patience: Patience, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let root = folder.path().join("root");
        fill(&root);
        let base = store.ingest(&root).expect("a root");
        let memory = Arc::new(SlowMemory::default());
        let executor = Arc::new(executor(address, patience, &store, Arc::clone(&memory)));
        Self { store, executor, memory, lines: Arc::default(), base, folder }
    }

    /// The tree that `fill` makes of an empty folder, taken in as the local executor takes outputs in.
    pub fn tree(&self, fill: impl FnOnce(&Path)) -> TreeId {
        let path = tempfile::tempdir_in(self.folder.path()).expect("a folder").keep();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        fill(&path);
        self.store.ingest(&path).expect("a tree")
    }

    /// An action that runs a script in the busybox root and keeps `/out`.
    pub fn script(&self, script: &str) -> ResolvedAction {
        let env = [("PATH", "/bin"), ("HOME", "/tmp")];
        ResolvedAction {
            id: ActionId(Digest::of(script.as_bytes())),
            command_bytes: Vec::new(),
            action_bytes: Vec::new(),
            root: self.base,
            layers: vec![self.base],
            command: ["/bin/sh", "-euc", script].map(str::to_owned).to_vec(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            cwd: RelPath::new("build").expect("a path"),
            outputs: BTreeMap::from([("out".to_owned(), RelPath::new("out").expect("a path"))]),
            platform: Arch::host().expect("an architecture"),
            method: Method::Native,
            limits: Limits { seconds: 60, ..Limits::default() },
            emulator: None,
            title: "test (build)".to_owned(),
            step: "build".to_owned(),
        }
    }

    pub fn context(&self) -> RunContext {
        let events = Arc::clone(&self.lines) as _;
        RunContext { events, node: NodeId(0), jobs: 99, keep_failed: false, again: false }
    }

    pub async fn run_action(&self, action: &ResolvedAction) -> Result<Outcome, ExecutorError> {
        let result = self.executor.run(action, &self.context()).await?;
        let mut log = Vec::new();
        let file = result.log.map(|id| self.store.open_content(id).expect("the log is here"));
        file.map(|mut file| file.read_to_end(&mut log).expect("it can be read"));
        Ok(Outcome { result, log: String::from_utf8_lossy(&log).into_owned() })
    }

    pub async fn run(&self, script: &str) -> Outcome {
        self.run_action(&self.script(script)).await.expect("the engine does its work")
    }

    /// The log and the tree of the output of a script that must succeed.
    pub async fn done(&self, script: &str) -> (String, TreeId) {
        let Outcome { result, log } = self.run(script).await;
        assert!(result.succeeded(), "{result:?}\n{log}");
        (log, result.outputs["out"])
    }
}

/// An executor for the engine at an address.
pub fn executor(address: &str, patience: Patience, store: &Store, memory: Arc<SlowMemory>) -> EngineExecutor {
    let options = Options {
        name: "farm".to_owned(),
        server: format!("grpc://{address}").parse().expect("a server"),
        arch: Arch::host().expect("an architecture"),
        slots: 4,
        jobs: 3,
        properties: BTreeMap::from([("OSFamily".to_owned(), "linux".to_owned())]),
        patience,
    };
    EngineExecutor::new(options, Arc::new(store.clone()), memory, store.scratch().to_owned())
}

pub fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

pub fn make(path: &Path, mode: u32) {
    fs::create_dir_all(path).expect("it can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// A root in which nothing can run.
fn still(root: &Path) {
    make(&root.join("build"), 0o755);
}

fn busybox_root(root: &Path) {
    let busybox = Path::new("/bin/busybox");
    for folder in ["bin", "build", "etc"] {
        make(&root.join(folder), 0o755);
    }
    fs::copy(busybox, root.join("bin/busybox")).expect("it can be copied");
    let list = Command::new(busybox).arg("--list").output().expect("it runs");
    for name in String::from_utf8(list.stdout).expect("names").lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(name)).expect("a link");
    }
    write(&root.join("etc/set"), "#!/bin/sh\n", 0o4755);
}
