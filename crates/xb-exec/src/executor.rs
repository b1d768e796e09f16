//! The executor of this machine.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use xb_build::{Alive, BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::{ActionId, Arch, TreeId};
use xb_graph::{ActionResult, ResolvedAction};
use xb_run::layers;
use xb_store::{Contents, StoreError};

use crate::child::ARGUMENT;
use crate::emulator::Emulation;
use crate::spec::Take;
use crate::standby::Standby;
use crate::{emulator, reclaim, run, scratch};

/// How many layers a root may have; one with more is mounted as its merged tree.
const MOST_LAYERS: usize = 200;

/// How long the end of the program waits for sandboxes to be cleaned up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes a folder in as a tree, and may consume it.
pub type Ingest = dyn Fn(&Path) -> Result<TreeId, StoreError> + Send + Sync;

/// What can be chosen about a [`LocalExecutor`].
#[derive(Clone, Default)]
pub struct Options {
    /// The program that becomes the sandbox's child, when it is not the running one; it calls
    /// [`sandbox_main`](crate::sandbox_main).
    pub child: Option<PathBuf>,
    /// How outputs are taken in, when there is a faster way than [`Contents::ingest`]: the folder is the executor's
    /// own, on the file system of the scratch folder, and need not be left behind.
    pub ingest: Option<Arc<Ingest>>,
    /// How many CPUs each emulated program may use, with all that it starts; zero is no limit.
    pub emulated_cpus: u32,
    /// How programs of other architectures are started.
    pub emulation: Emulation,
    /// What is taken in of the places of outputs.
    pub take: Take,
}

/// Runs actions in sandboxes on this machine.
pub struct LocalExecutor {
    pub(crate) inner: Arc<Inner>,
}

/// What a run needs of its executor, wherever it runs.
pub struct Inner {
    pub store: Arc<dyn Contents>,
    pub scratch: PathBuf,
    pub options: Options,
    pub host: Arch,
    pub alive: Alive,
    pub standby: Standby,
    /// The CPU that the next run with a limit on them begins at.
    pub next_cpu: AtomicU32,
}

impl LocalExecutor {
    /// An executor that keeps the folders of its sandboxes in `scratch`, on the file system of the store.
    ///
    /// Folders that a killed xb left there are removed in the background.
    ///
    /// # Errors
    /// When the folder cannot be made, or when this machine is of an architecture that xb does not know.
    pub fn new(store: Arc<dyn Contents>, scratch: PathBuf, options: Options) -> Result<Self, String> {
        let wrong = |error: io::Error| format!("cannot use the folder `{}`: {error}", scratch.display());
        // What builds leave there may be executable and set-id: nobody else may get at it.
        DirBuilder::new().recursive(true).mode(0o700).create(&scratch).map_err(wrong)?;
        let scratch = fs::canonicalize(&scratch).map_err(wrong)?;
        let host = Arch::host().ok_or("xb does not know the architecture of this machine")?;
        let (alive, standby, next_cpu) = (Alive::default(), Standby::default(), AtomicU32::new(0));
        let inner = Arc::new(Inner { store, scratch, options, host, alive, standby, next_cpu });
        let sweeper = Arc::clone(&inner);
        std::thread::spawn(move || reclaim::sweep(&sweeper));
        Ok(Self { inner })
    }

    /// The folder of the last failed sandbox of an action, if it was kept.
    pub fn kept(&self, action: ActionId) -> Option<PathBuf> {
        let path = scratch::kept_path(&self.inner.scratch, action);
        path.is_dir().then_some(path)
    }

    /// Waits until every sandbox that was given up is gone, for some seconds at most, and starts none ahead any more.
    ///
    /// A program does so before it ends, so that nothing stays behind.
    pub fn settle(&self) {
        self.inner.standby.close();
        self.wait_for_given_up();
    }

    /// Waits until every sandbox that was given up is gone, for some seconds at most: whether all are.
    pub fn wait_for_given_up(&self) -> bool {
        self.inner.alive.settle(PATIENCE)
    }
}

impl Executor for LocalExecutor {
    fn name(&self) -> &str {
        "local"
    }

    fn arch(&self) -> Arch {
        self.inner.host
    }

    fn can_run(&self, platform: Arch) -> bool {
        platform == self.inner.host || emulator::is_possible(self.inner.options.emulation)
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(run::run(&self.inner, action, context))
    }
}

impl Inner {
    /// A command that starts the child of a sandbox with so many users.
    pub fn child(&self, users: u32) -> Command {
        let program = self.options.child.as_deref();
        let mut command = Command::new(program.unwrap_or(Path::new("/proc/self/exe")));
        command.arg(ARGUMENT).arg(users.to_string()).env_clear();
        command
    }

    /// The folders of an action's root, from the lowest, each once.
    pub fn layers(&self, action: &ResolvedAction) -> Result<Vec<PathBuf>, StoreError> {
        layers(action, MOST_LAYERS).into_iter().map(|layer| self.store.materialise(layer)).collect()
    }

    /// Takes in a folder that the command wrote.
    pub fn ingest(&self, folder: &Path) -> Result<TreeId, StoreError> {
        match &self.options.ingest {
            Some(ingest) => ingest(folder),
            None => self.store.ingest(folder),
        }
    }
}
