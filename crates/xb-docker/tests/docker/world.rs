//! A world for the tests, around an executor for the Docker engine of this machine.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use xb_build::Executor;
pub use xb_contract::{Outcome, make, write};
use xb_core::{Arch, RelPath};
use xb_docker::{DockerExecutor, Host, Options};
use xb_graph::ResolvedAction;
use xb_store::Store;

/// Everything that a test needs; its images go when it is dropped.
pub struct World {
    pub executor: Arc<DockerExecutor>,
    world: xb_contract::World,
    folder: TempDir,
}

impl Deref for World {
    type Target = xb_contract::World;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
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
        Self::with(None, |make| xb_contract::World::new(jobs(), make))
    }

    /// What keeps the containers and images of a world, and that.
    pub fn kept() -> Option<(Self, xb_contract::World)> {
        let kept = Self::new()?;
        let world = xb_contract::World::new(jobs(), |store| Arc::new(executor(store, kept.folder.path(), None)) as _)?;
        Some((kept, world))
    }

    /// With an engine elsewhere, or none, and a root in which nothing can run.
    pub fn at(host: Host) -> Self {
        Self::with(Some(host), |make| Some(xb_contract::World::still(jobs(), make))).expect("it needs nothing")
    }

    fn with(
        host: Option<Host>,
        world: impl FnOnce(&dyn Fn(&Store) -> Arc<dyn Executor>) -> Option<xb_contract::World>,
    ) -> Option<Self> {
        let (folder, made) = (tempfile::tempdir().unwrap(), OnceLock::new());
        let world = world(&|store| {
            let executor = executor(store, folder.path(), host.clone());
            Arc::clone(made.get_or_init(|| Arc::new(executor))) as _
        })?;
        let executor = made.into_inner().unwrap();
        Some(Self { executor, world, folder })
    }

    /// Another executor of the same store, as another xb has one.
    pub fn another(&self) -> DockerExecutor {
        executor(&self.store, self.folder.path(), None)
    }

    /// Where it is written down whose containers there are.
    pub fn owners(&self) -> PathBuf {
        self.folder.path().join("containers")
    }

    /// The label of everything that is the store's.
    pub fn label(&self) -> String {
        format!("label=xb.store={}", fs::read_to_string(self.owners().join("name")).unwrap().split(' ').next().unwrap())
    }

    /// The containers of the store.
    pub fn containers(&self) -> Vec<String> {
        docker(&["ps", "-aq", "--filter", &self.label()])
    }

    /// The images of the store.
    pub fn images(&self) -> Vec<String> {
        docker(&["images", "-q", "--filter", &self.label()])
    }

    /// Runs a script, after `change` has changed the action.
    pub async fn run(&self, script: &str, change: impl FnOnce(&mut ResolvedAction)) -> Outcome {
        let mut action = self.script(script);
        change(&mut action);
        self.run_action(&action).await.unwrap()
    }
}

/// How many jobs a command is told to run: the machine's processors are shared among the two slots of the executor.
pub fn jobs() -> u32 {
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
    u32::try_from((cpus / 2).max(1)).unwrap()
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

fn executor(store: &Store, folder: &Path, host: Option<Host>) -> DockerExecutor {
    DockerExecutor::new(options(host), Arc::new(store.clone()), folder.join("containers"))
}

pub fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}
