//! A world for the tests: a store, a root with busybox, an executor for the engine of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use xb_build::{Event, Events, Executor, ExecutorError, RunContext};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_docker::{DockerExecutor, Host, Options};
use xb_graph::{ActionResult, Limits, Method, NodeId, ResolvedAction};
use xb_store::{Contents, Store};

/// Keeps the lines of logs.
#[derive(Default)]
pub struct Lines(pub Mutex<Vec<String>>);

impl Events for Lines {
    fn event(&self, event: Event) {
        if let Event::Log { line, .. } = event {
            self.0.lock().unwrap().push(line);
        }
    }
}

/// Everything that a test needs; its images go when it is dropped.
pub struct World {
    pub store: Store,
    pub executor: DockerExecutor,
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

/// Says why a test cannot run here.
fn skip(reason: &str) {
    assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
    eprintln!("skipped: {reason}");
}

/// What Docker's own program says: of each line, the first word.
pub fn docker(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

pub fn options(host: Option<Host>) -> Options {
    Options { name: "box".to_owned(), host, arch: Arch::host().unwrap(), slots: 2, images: 3 }
}

impl World {
    /// None when there is no engine, or no busybox.
    pub fn new() -> Option<Self> {
        if std::env::var_os("XB_TEST_DOCKER").is_none() {
            // Where no engine can run, CI leaves these out and says so.
            eprintln!("skipped: `XB_TEST_DOCKER=1` asks for the tests with a Docker engine");
            return None;
        }
        if !Path::new("/bin/busybox").is_file() {
            skip("`/bin/busybox` is missing (apt-get install busybox-static)");
            return None;
        }
        Some(Self::at(None))
    }

    /// With an engine elsewhere, or none.
    pub fn at(host: Option<Host>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let root = folder.path().join("root");
        busybox_root(&root);
        let base = store.ingest(&root).unwrap();
        let executor = executor(&store, folder.path(), host);
        Self { store, executor, lines: Arc::default(), base, folder }
    }

    /// Another executor of the same store, as another xb has one.
    pub fn another(&self) -> DockerExecutor {
        executor(&self.store, self.folder.path(), None)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it is written down whose containers there are.
    pub fn owners(&self) -> std::path::PathBuf {
        self.folder.path().join("containers")
    }

    /// The label of everything that is the store's.
    pub fn label(&self) -> String {
        format!("label=xb.store={}", fs::read_to_string(self.owners().join("name")).unwrap())
    }

    /// The containers of the store.
    pub fn containers(&self) -> Vec<String> {
        docker(&["ps", "-aq", "--filter", &self.label()])
    }

    /// The images of the store.
    pub fn images(&self) -> Vec<String> {
        docker(&["images", "-q", "--filter", &self.label()])
    }

    /// The tree that `fill` makes of an empty folder, taken in as the local executor takes outputs in.
    pub fn tree(&self, fill: impl FnOnce(&Path)) -> TreeId {
        let path = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fill(&path);
        self.store.ingest(&path).unwrap()
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
            cwd: path("build"),
            outputs: BTreeMap::from([("out".to_owned(), path("out"))]),
            platform: Arch::host().unwrap(),
            method: Method::Native,
            limits: Limits { seconds: 120, ..Limits::default() },
            emulator: None,
            title: "test (build)".to_owned(),
            step: "build".to_owned(),
        }
    }

    pub fn context(&self) -> RunContext {
        let events = Arc::clone(&self.lines) as _;
        RunContext { events, node: NodeId(0), jobs: 99, keep_failed: false, again: false }
    }

    pub async fn try_run(&self, action: &ResolvedAction) -> Result<Outcome, ExecutorError> {
        let result = self.executor.run(action, &self.context()).await?;
        let mut log = Vec::new();
        self.store.open_content(result.log.unwrap()).unwrap().read_to_end(&mut log).unwrap();
        Ok(Outcome { result, log: String::from_utf8_lossy(&log).into_owned() })
    }

    /// Runs a script, after `change` has changed the action.
    pub async fn run(&self, script: &str, change: impl FnOnce(&mut ResolvedAction)) -> Outcome {
        let mut action = self.script(script);
        change(&mut action);
        self.try_run(&action).await.unwrap()
    }

    /// The log and the tree of the output of a script that must succeed.
    pub async fn done(&self, script: &str) -> (String, TreeId) {
        let Outcome { result, log } = self.run(script, |_| {}).await;
        assert!(result.succeeded(), "{result:?}\n{log}");
        (log, result.outputs["out"])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.executor.settle();
        if std::env::var_os("XB_TEST_DOCKER").is_some() && self.owners().join("name").exists() {
            let images = Command::new("docker").args(["images", "-q", "--filter", &self.label()]).output();
            let images = images.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            // A test that failed must not fail once more.
            drop(Command::new("docker").args(["rmi", "-f"]).args(images.split_whitespace()).output());
        }
    }
}

pub fn executor(store: &Store, folder: &Path, host: Option<Host>) -> DockerExecutor {
    DockerExecutor::new(options(host), Arc::new(store.clone()), folder.join("containers"))
}

pub fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

pub fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn make(path: &Path, mode: u32) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn busybox_root(root: &Path) {
    let busybox = Path::new("/bin/busybox");
    for folder in ["bin", "build", "etc"] {
        make(&root.join(folder), 0o755);
    }
    if !busybox.is_file() {
        // Nothing runs in it, which is enough where there is no engine.
        return;
    }
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    let list = Command::new(busybox).arg("--list").output().unwrap();
    for name in String::from_utf8(list.stdout).unwrap().lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(name)).unwrap();
    }
    write(&root.join("etc/set"), "#!/bin/sh\n", 0o4755);
}
