//! A world for the tests: a root with busybox, a store of plain folders, an executor.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tempfile::TempDir;
use xb_build::{Event, Events, Executor, RunContext};
use xb_contract::{applets, busybox_root};
use xb_core::{ActionId, Arch, ContentId, Digest, RelPath, TreeId};
use xb_exec::{Emulation, LocalExecutor, Options};
use xb_graph::reapi::Directory;
use xb_graph::{ActionResult, Directories, DirectoriesMut, Limits, Method, MissingDirectory, NodeId, ResolvedAction};
use xb_store::{Contents, StoreError};

/// A store in which a tree is a folder, and its digest is that of a number.
pub struct Folders {
    root: PathBuf,
    next: AtomicU64,
}

impl Folders {
    fn fresh(&self, kind: &str) -> (Digest, PathBuf) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let digest = Digest::of(format!("{kind} {number}").as_bytes());
        (digest, self.path(digest))
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.root.join(digest.hex())
    }

    /// A new tree, for `fill` to make.
    pub fn tree(&self, fill: impl FnOnce(&Path)) -> TreeId {
        let (digest, path) = self.fresh("tree");
        fs::create_dir(&path).unwrap();
        fill(&path);
        TreeId(digest)
    }

    /// What was kept of an output.
    pub fn open(&self, tree: TreeId) -> PathBuf {
        self.path(tree.0)
    }
}

impl Directories for Folders {
    fn directory(&self, id: TreeId) -> Result<Arc<Directory>, MissingDirectory> {
        let reason = "the folders of the tests have no digests".to_owned();
        Err(MissingDirectory { id, reason })
    }
}

impl DirectoriesMut for Folders {
    fn add_directory(&self, _: Directory) -> Result<TreeId, MissingDirectory> {
        self.directory(TreeId(Digest::of(b""))).map(|_| TreeId(Digest::of(b"")))
    }
}

impl Contents for Folders {
    fn add_content(&self, from: &mut dyn Read) -> Result<ContentId, StoreError> {
        let (digest, path) = self.fresh("content");
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        fs::write(path, bytes).unwrap();
        Ok(ContentId(digest))
    }

    fn open_content(&self, id: ContentId) -> Result<fs::File, StoreError> {
        Ok(fs::File::open(self.path(id.0)).unwrap())
    }

    fn ingest(&self, folder: &Path) -> Result<TreeId, StoreError> {
        let (digest, path) = self.fresh("tree");
        copy(folder, &path).map_err(|source| StoreError::Io {
            action: "cannot read",
            path: folder.to_owned(),
            source,
        })?;
        Ok(TreeId(digest))
    }

    fn materialise(&self, tree: TreeId) -> Result<PathBuf, StoreError> {
        Ok(self.path(tree.0))
    }

    fn has_tree(&self, tree: TreeId) -> Result<bool, StoreError> {
        Ok(self.path(tree.0).is_dir())
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type()? {
            kind if kind.is_dir() => copy(&from, &to)?,
            kind if kind.is_symlink() => symlink(fs::read_link(from)?, to)?,
            kind if kind.is_file() => fs::copy(from, to).map(drop)?,
            _ => {}
        }
    }
    Ok(())
}

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

/// Everything that a test needs; gone when dropped.
pub struct World {
    pub temporary: TempDir,
    pub store: Arc<Folders>,
    pub executor: LocalExecutor,
    pub lines: Arc<Lines>,
    pub base: TreeId,
    pub keep_failed: bool,
}

/// What came of an action.
#[must_use]
pub struct Outcome {
    pub result: ActionResult,
    pub log: String,
}

/// The program of a package of Debian, or none with the reason.
pub fn program(path: &str, package: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    if path.is_file() {
        return Some(path);
    }
    skip(&format!("`{}` is missing (apt-get install {package})", path.display()));
    None
}

/// How programs of other architectures are started in all tests that do not say so themselves.
pub fn emulation() -> Emulation {
    let name = std::env::var("XB_EMULATION").unwrap_or_else(|_| "auto".to_owned());
    Emulation::named(&name).expect("a way of emulation")
}

/// A number that another process which runs these tests at the same time hardly has.
pub fn own_number(from: u32) -> String {
    (from + std::process::id() % 1000).to_string()
}

/// Says why a test cannot run here.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
    let mut stderr = std::io::stderr();
    writeln!(stderr, "skipped: {reason}").unwrap();
}

impl World {
    /// None when busybox is missing.
    pub fn new() -> Option<Self> {
        Self::with(|_| {})
    }

    /// With an executor of other options.
    pub fn with(change: impl FnOnce(&mut Options)) -> Option<Self> {
        let busybox = program("/bin/busybox", "busybox-static")?;
        let temporary = tempfile::Builder::new().prefix("xb-exec-").tempdir().unwrap();
        let trees = temporary.path().join("trees");
        fs::create_dir(&trees).unwrap();
        let store = Arc::new(Folders { root: trees, next: AtomicU64::new(0) });
        let mut options = Options { child: Some(env!("CARGO_BIN_EXE_xb-sandbox").into()), ..Options::default() };
        options.emulation = emulation();
        change(&mut options);
        let scratch = temporary.path().join("scratch");
        let executor = LocalExecutor::new(Arc::clone(&store) as _, scratch, options).unwrap();
        let base = store.tree(|root| {
            busybox_root(&busybox, &applets(&busybox), root);
            fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        });
        Some(Self { temporary, store, executor, lines: Arc::default(), base, keep_failed: false })
    }

    pub fn scratch(&self) -> PathBuf {
        self.temporary.path().join("scratch")
    }

    /// An action that runs a script in the busybox root.
    pub fn script(&self, script: &str) -> ResolvedAction {
        let env = [("PATH", "/bin"), ("out", "/out"), ("HOME", "/tmp")];
        ResolvedAction {
            id: ActionId(Digest::of(script.as_bytes())),
            command_bytes: Vec::new(),
            action_bytes: Vec::new(),
            root: self.base,
            layers: vec![self.base],
            command: ["/bin/sh", "-euc", script].map(str::to_owned).to_vec(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            cwd: RelPath::new("build").unwrap(),
            outputs: BTreeMap::new(),
            platform: Arch::host().unwrap(),
            method: Method::Native,
            limits: Limits { seconds: 60, ..Limits::default() },
            emulator: None,
            title: "test (build)".to_owned(),
            step: "build".to_owned(),
        }
    }

    /// Runs a script with the output `out`, after `change` has changed the action.
    pub fn run(&self, script: &str, change: impl FnOnce(&mut ResolvedAction)) -> Outcome {
        let mut action = self.script(script);
        change(&mut action);
        self.run_action(&action)
    }

    pub fn run_action(&self, action: &ResolvedAction) -> Outcome {
        self.try_run(action).unwrap()
    }

    pub fn try_run(&self, action: &ResolvedAction) -> Result<Outcome, xb_build::ExecutorError> {
        let context = self.context();
        let result = runtime().block_on(self.executor.run(action, &context))?;
        let log = self.store.path(result.log.unwrap().0);
        let log = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
        Ok(Outcome { result, log })
    }

    pub fn context(&self) -> RunContext {
        let events = Arc::clone(&self.lines) as _;
        RunContext { events, node: NodeId(0), jobs: 3, keep_failed: self.keep_failed, again: false }
    }

    /// Whether its sandboxes interpose on `execve`.
    pub fn interposes(&self) -> bool {
        self.executor.examine().iter().any(|finding| finding.detail.contains("interposes"))
    }

    /// The log of a script that must succeed.
    #[track_caller]
    pub fn check(&self, script: &str) -> String {
        let outcome = self.run(script, |_| {});
        assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
        outcome.log
    }

    /// The folder of the output `out` of a script that must succeed.
    #[track_caller]
    pub fn output(&self, outcome: &Outcome, name: &str) -> PathBuf {
        assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
        self.store.open(outcome.result.outputs[name])
    }
}

pub fn with_out(action: &mut ResolvedAction) {
    action.outputs.insert("out".to_owned(), RelPath::new("out").unwrap());
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Compiles a program of one C file, statically, once.
pub fn compile(name: &str, source: &str) -> Vec<u8> {
    static LOCK: OnceLock<Mutex<()>> = OnceLock::new();
    let _one = LOCK.get_or_init(Mutex::default).lock();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.c"), folder.path().join(name));
    fs::write(&from, source).unwrap();
    let status = Command::new("cc").args(["-static", "-O1", "-w", "-o"]).args([&to, &from]).status().unwrap();
    assert!(status.success(), "cannot compile {name}");
    fs::read(to).unwrap()
}
