//! A store, a root with busybox, and the executor that is tested.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use xb_build::{Event, Events, Executor, ExecutorError, RunContext};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_graph::{ActionResult, Limits, Method, NodeId, ResolvedAction};
use xb_store::{Contents, Store};

use crate::busybox::{BUSYBOX, applets, busybox_root};

/// Keeps the lines of logs.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Events for Lines {
    fn event(&self, event: Event) {
        if let Event::Log { line, .. } = event {
            self.0.lock().expect("nobody panicked").push(line);
        }
    }
}

/// Everything that a test needs; gone when dropped.
pub struct World {
    /// The store.
    pub store: Store,
    /// The executor.
    pub executor: Arc<dyn Executor>,
    /// How many jobs a command is told to run.
    pub jobs: u32,
    /// The root of its scripts.
    pub base: TreeId,
    /// The architecture of what runs in it.
    pub arch: Arch,
    /// The file that all its programs are.
    pub busybox: PathBuf,
    lines: Arc<Lines>,
    folder: TempDir,
}

/// What came of an action.
#[must_use]
pub struct Outcome {
    /// Its result.
    pub result: ActionResult,
    /// What it printed.
    pub log: String,
}

impl World {
    /// A world around the executor that `make` makes over a store; none where busybox is missing.
    pub fn new(jobs: u32, make: impl FnOnce(&Store) -> Arc<dyn Executor>) -> Option<Self> {
        if !Path::new(BUSYBOX).is_file() {
            let reason = "`/bin/busybox` is missing (apt-get install busybox-static)";
            assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
            writeln!(std::io::stderr(), "skipped: {reason}").expect("it is told");
            return None;
        }
        let busybox = Path::new(BUSYBOX);
        Some(Self::over(jobs, |root| busybox_root(busybox, &applets(busybox), root), make))
    }

    /// The same, with a root in which nothing can run.
    pub fn still(jobs: u32, make: impl FnOnce(&Store) -> Arc<dyn Executor>) -> Self {
        Self::over(jobs, |root| make_folder(&root.join("build")), make)
    }

    fn over(jobs: u32, fill: impl FnOnce(&Path), make: impl FnOnce(&Store) -> Arc<dyn Executor>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let root = folder.path().join("root");
        fill(&root);
        let base = store.ingest(&root).expect("a root");
        let executor = make(&store);
        let arch = Arch::host().expect("an architecture");
        Self { store, executor, jobs, base, arch, busybox: BUSYBOX.into(), lines: Arc::default(), folder }
    }

    /// A world around what others use, too: a store, a root in it that is made of a busybox, and an executor that runs it.
    pub fn within(
        store: Store,
        (base, busybox): (TreeId, PathBuf),
        (executor, arch, jobs): (Arc<dyn Executor>, Arch, u32),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { store, executor, jobs, base, arch, busybox, lines: Arc::default(), folder }
    }

    /// The lines that were shown while actions ran.
    pub fn lines(&self) -> Vec<String> {
        self.lines.0.lock().expect("nobody panicked").clone()
    }

    /// The tree that `fill` makes of an empty folder, taken in as outputs are.
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
            platform: self.arch,
            method: Method::Native,
            limits: Limits { seconds: 120, ..Limits::default() },
            emulator: None,
            title: "test (build)".to_owned(),
            step: "build".to_owned(),
        }
    }

    /// What a run is given.
    pub fn context(&self) -> RunContext {
        let events = Arc::clone(&self.lines) as _;
        RunContext { events, node: NodeId(0), jobs: self.jobs, keep_failed: false, again: false }
    }

    /// Runs an action.
    ///
    /// # Errors
    /// When the executor could not do its work.
    pub async fn run_action(&self, action: &ResolvedAction) -> Result<Outcome, ExecutorError> {
        let result = self.executor.run(action, &self.context()).await?;
        let mut log = Vec::new();
        let file = result.log.map(|id| self.store.open_content(id).expect("the log is here"));
        file.map(|mut file| file.read_to_end(&mut log).expect("it can be read"));
        Ok(Outcome { result, log: String::from_utf8_lossy(&log).into_owned() })
    }

    /// The log and the tree of the output of a script that must succeed.
    pub async fn done(&self, script: &str) -> (String, TreeId) {
        let outcome = self.run_action(&self.script(script)).await;
        let Outcome { result, log } = outcome.expect("the executor does its work");
        assert!(result.succeeded(), "{result:?}\n{log}");
        (log, result.outputs["out"])
    }
}

/// Writes a file.
pub fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// Makes a folder, with those above it.
pub fn make(path: &Path, mode: u32) {
    fs::create_dir_all(path).expect("it can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn make_folder(path: &Path) {
    make(path, 0o755);
}
