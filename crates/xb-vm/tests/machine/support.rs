//! A world for the tests: a store, the trees of a machine, an executor, and a root with busybox.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use xb_build::{Builder, Event, Events, Executor, ExecutorError, Options, RunContext};
use xb_contract::{busybox_root, remove_at_the_end};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_eval::MemoryWorld;
use xb_fetch::{CrateIndex, GoProxy, Manners, Mirrors, PythonIndex, RockServers, Settings, Sources};
use xb_graph::{ActionResult, Limits, Method, NodeId, ResolvedAction};
use xb_store::{Contents, ShortMemory, Store};
use xb_vm::{Parts, VmExecutor};

/// Names a store to keep between runs.
pub const STORE: &str = "XB_TEST_STORE";

/// Names a folder with the trees of a machine, so that they need not be fetched.
pub const PARTS: &str = "XB_TEST_MACHINE";

/// The architecture of the machines.
pub const ARCH: Arch = Arch::Arm64;

/// How many processors each has.
const CPUS: u32 = 2;

/// The names of programs in roots: those that the tests use.
const APPLETS: [&str; 41] = [
    "cat", "chmod", "chown", "cp", "cut", "dd", "find", "grep", "head", "hostname", "id", "ifconfig", "ip", "kill",
    "ln", "ls", "mkdir", "mkfifo", "mknod", "mount", "mv", "nproc", "printf", "ps", "pwd", "rm", "rmdir", "seq", "sh",
    "sleep", "sort", "stat", "tail", "tar", "test", "touch", "tr", "true", "uname", "unshare", "wc",
];

/// Everything that a test needs.
pub struct World {
    pub folder: PathBuf,
    pub store: Arc<Store>,
    pub parts: Parts,
    pub executor: Arc<VmExecutor>,
    pub base: TreeId,
}

/// What came of an action.
#[must_use]
pub struct Outcome {
    pub result: ActionResult,
    pub log: String,
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

/// Says why a test cannot run here.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
    eprintln!("skipped: {reason}");
}

/// What waits for machines, for as long as the tests run: the ports of a machine belong to it.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// The world that all tests share; none where the trees of a machine cannot be had.
pub fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Result<World, String>> = OnceLock::new();
    match WORLD.get_or_init(World::new) {
        Ok(world) => Some(world),
        Err(why) => {
            skip(why);
            None
        }
    }
}

/// The trees of a machine where everybody can read them; none where they cannot be had.
pub fn parts_for_everybody() -> Option<TempDir> {
    let world = world()?;
    let copy = tempfile::Builder::new().prefix("xb-vm-parts-").tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (tree, name) in [(world.parts.emulator, "emulator"), (world.parts.machine, "machine")] {
        let from = world.store.materialise(tree).unwrap();
        let copied = Command::new("cp").arg("-r").arg(from).arg(copy.path().join(name)).status().unwrap();
        assert!(copied.success());
    }
    Some(copy)
}

impl World {
    fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("xb-vm-").tempdir_in("/var/tmp").unwrap().keep();
        remove_at_the_end(&folder);
        let path = std::env::var_os(STORE).map_or_else(|| folder.join("store"), PathBuf::from);
        let store = Arc::new(Store::open(&path).map_err(|error| error.to_string())?);
        let parts = match std::env::var_os(PARTS) {
            Some(parts) => ingested(&store, Path::new(&parts)),
            None => fetched(&store, &folder)?,
        };
        let executor = Arc::new(executor(&store, &folder.join("machines"), parts));
        let root = folder.join("root");
        busybox_root(&busybox(&store, parts), &APPLETS, &root);
        let base = store.ingest(&root).unwrap();
        Ok(Self { folder, store, parts, executor, base })
    }

    /// What every executor's world is, around the executor that all tests share.
    pub fn shared() -> Option<((), xb_contract::World)> {
        let Self { store, parts, executor, base, .. } = world()?;
        let root = (*base, busybox(store, *parts));
        let executor = Arc::<VmExecutor>::clone(executor) as Arc<dyn Executor>;
        Some(((), xb_contract::World::within(Store::clone(store), root, (executor, ARCH, CPUS))))
    }

    /// A root like that of the other tests, before something was changed in it.
    pub fn another_root(&self, root: &Path) {
        busybox_root(&busybox(&self.store, self.parts), &APPLETS, root);
    }

    /// An action that runs a script in the busybox root.
    pub fn script(&self, text: &str) -> ResolvedAction {
        script(self.base, text)
    }

    /// Runs a script, after `change` has changed the action.
    pub fn run(&self, script: &str, change: impl FnOnce(&mut ResolvedAction)) -> Outcome {
        let mut action = self.script(script);
        change(&mut action);
        try_run(&self.executor, &self.store, &action, &Arc::default()).unwrap()
    }

    /// The log of a script that must succeed.
    #[track_caller]
    pub fn check(&self, script: &str) -> String {
        let outcome = self.run(script, |_| {});
        assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
        outcome.log
    }
}

/// An action that runs a script in a root.
pub fn script(root: TreeId, script: &str) -> ResolvedAction {
    let env = [("PATH", "/bin"), ("out", "/out"), ("HOME", "/tmp")];
    ResolvedAction {
        id: ActionId(Digest::of(script.as_bytes())),
        command_bytes: Vec::new(),
        action_bytes: Vec::new(),
        root,
        layers: vec![root],
        command: ["/bin/sh", "-euc", script].map(str::to_owned).to_vec(),
        env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        cwd: RelPath::new("build").unwrap(),
        outputs: BTreeMap::new(),
        platform: ARCH,
        method: Method::Native,
        limits: Limits { seconds: 120, ..Limits::default() },
        emulator: None,
        title: "test (build)".to_owned(),
        step: "build".to_owned(),
    }
}

/// Runs an action.
pub fn try_run(
    executor: &VmExecutor,
    store: &Store,
    action: &ResolvedAction,
    lines: &Arc<Lines>,
) -> Result<Outcome, ExecutorError> {
    let events = Arc::clone(lines) as _;
    let context = RunContext { events, node: NodeId(0), jobs: 1, keep_failed: false, again: false };
    let result = runtime().block_on(executor.run(action, &context))?;
    let mut log = String::new();
    store.open_content(result.log.unwrap()).unwrap().read_to_string(&mut log).unwrap();
    Ok(Outcome { result, log })
}

pub fn with_out(action: &mut ResolvedAction) {
    action.outputs.insert("out".to_owned(), RelPath::new("out").unwrap());
}

/// An executor with one machine.
pub fn executor(store: &Arc<Store>, scratch: &Path, parts: Parts) -> VmExecutor {
    guarded(store, scratch, parts, env!("CARGO_BIN_EXE_xb-machine").into())
}

/// The same with a guard.
pub fn guarded(store: &Arc<Store>, scratch: &Path, parts: Parts, guard: PathBuf) -> VmExecutor {
    let options = xb_vm::Options {
        name: "arm".to_owned(),
        arch: ARCH,
        memory: 512 << 20,
        slots: 1,
        cpus: CPUS,
        guard: Some(guard),
    };
    let bring = move || Box::pin(async move { Ok(parts) }) as _;
    VmExecutor::new(Arc::clone(store) as _, scratch.to_owned(), options, Box::new(bring)).unwrap()
}

/// The static busybox that runs in machines.
fn busybox(store: &Store, parts: Parts) -> PathBuf {
    store.materialise(parts.machine).unwrap().join("usr/bin/busybox")
}

fn ingested(store: &Store, folder: &Path) -> Parts {
    let [emulator, machine] = ["emulator", "machine"].map(|name| store.ingest(&folder.join(name)).unwrap());
    Parts { emulator, machine }
}

/// The trees as `xb` gets them.
fn fetched(store: &Arc<Store>, project: &Path) -> Result<Parts, String> {
    let host = Arch::host().ok_or("the architecture of this machine is not known")?;
    let made = xb_eval::machine(&MemoryWorld::default(), host, ARCH, xb_eval::Limits::default());
    let made = made.map_err(|failed| format!("{:?}", failed.diagnostics))?;
    let settings = Settings {
        project: project.to_owned(),
        lock: project.join("xb.lock"),
        manners: Manners::default(),
        mirrors: Mirrors::of_machine([]),
        crates: CrateIndex::of_machine(None, project),
        python: PythonIndex::of_machine(None),
        go: GoProxy::of_machine(None),
        rocks: RockServers::of_machine([]),
        host,
        limits: Default::default(),
        patience: xb_fetch::download::patience(),
        scratch: store.scratch().to_owned(),
    };
    let storage: Arc<dyn xb_fetch::Storage> = Arc::<Store>::clone(store);
    let sources = Sources::new(settings, storage, Arc::new(())).map_err(|error| error.to_string())?;
    let sources = Arc::new(sources);
    let builder = Builder {
        contents: Arc::clone(store) as _,
        cache: Arc::clone(store) as _,
        provider: Arc::clone(&sources) as _,
        machines: Vec::new(),
        inspector: Arc::new(()),
        events: Arc::new(()),
        memory: Arc::new(ShortMemory::default()),
        locks: Arc::new(()),
        shared: None,
    };
    let graph = Arc::new(made.graph);
    let goals = [made.emulator, made.machine];
    runtime().block_on(async {
        let unlocked = sources.complete(graph.nodes()).await.err().unwrap_or_default();
        if let Some(one) = unlocked.first() {
            return Err(one.error.to_string());
        }
        let realised = builder.realise(&graph, &goals, &Options { jobs: 2, ..Options::default() }).await;
        let tree = |goal| Some(realised.node(goal)?.outputs["out"]);
        match goals.map(tree) {
            [Some(emulator), Some(machine)] => Ok(Parts { emulator, machine }),
            _ => Err(format!("{:?}", realised.failures)),
        }
    })
}
