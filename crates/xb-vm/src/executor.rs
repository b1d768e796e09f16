//! The executor: how many machines there may be, and which of them wait for work.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};
use xb_build::{BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::Arch;
use xb_graph::{ActionResult, ResolvedAction};
use xb_store::Contents;

use crate::bring::{Bring, Parts};
use crate::machine::{Machine, PREFIX};
use crate::run;

pub use crate::launch::is_virtualised;

/// What can be chosen about a [`VmExecutor`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name, which is also that of a file.
    pub name: String,
    /// The architecture of its machines.
    pub arch: Arch,
    /// How much memory each machine has, in bytes.
    pub memory: u64,
    /// How many machines there may be: each runs one action at a time.
    pub slots: u32,
    /// How many CPUs each machine has.
    pub cpus: u32,
    /// The program that becomes the guard of a machine, when it is not the running one; it calls
    /// [`maybe_run_as_guard`](crate::maybe_run_as_guard).
    pub guard: Option<PathBuf>,
}

/// Runs actions in machines made of software, which start when they are needed.
pub struct VmExecutor {
    inner: Arc<Inner>,
}

/// What a run needs of its executor.
pub struct Inner {
    pub store: Arc<dyn Contents>,
    pub scratch: PathBuf,
    pub options: Options,
    pub host: Arch,
    pub slots: Semaphore,
    bring: Box<Bring>,
    parts: OnceCell<Parts>,
    /// Machines that wait for work; none once the executor was closed.
    idle: Mutex<Option<Vec<Machine>>>,
}

impl VmExecutor {
    /// An executor that keeps the folders of its machines in `scratch`, and has `bring` bring what they are made of.
    ///
    /// Folders that a killed xb left there are removed in the background.
    ///
    /// # Errors
    /// When the folder cannot be made, or when this machine is of an architecture that xb does not know.
    pub fn new(
        store: Arc<dyn Contents>,
        scratch: PathBuf,
        options: Options,
        bring: Box<Bring>,
    ) -> Result<Self, String> {
        let wrong = |error: io::Error| format!("cannot use the folder `{}`: {error}", scratch.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&scratch).map_err(wrong)?;
        let scratch = fs::canonicalize(&scratch).map_err(wrong)?;
        let host = Arch::host().ok_or("xb does not know the architecture of this machine")?;
        let swept = scratch.clone();
        std::thread::spawn(move || xb_store::remove_stale(&swept, PREFIX));
        let slots = Semaphore::new(options.slots.max(1) as usize);
        let (parts, idle) = (OnceCell::new(), Mutex::new(Some(Vec::new())));
        Ok(Self { inner: Arc::new(Inner { store, scratch, options, host, slots, bring, parts, idle }) })
    }

    /// Stops the machines that wait for work; from now on none waits.
    ///
    /// A program does so before it ends, so that nothing stays behind.
    pub fn settle(&self) {
        drop(self.inner.idle().take());
    }
}

impl Inner {
    /// The trees that machines are made of, brought once.
    pub async fn parts(&self) -> Result<Parts, ExecutorError> {
        self.parts.get_or_try_init(|| (self.bring)()).await.copied()
    }

    /// A machine that waits for work; those that have ended meanwhile go.
    pub fn take_idle(&self) -> Option<Machine> {
        let mut idle = self.idle();
        let waiting = idle.as_mut()?;
        waiting.retain(Machine::is_of_use);
        waiting.pop()
    }

    /// Has a machine wait for more work; one that is of no more use, or that nobody waits for, ends here.
    pub fn give_back(&self, machine: Machine) {
        if let Some(idle) = self.idle().as_mut().filter(|_| machine.is_of_use()) {
            idle.push(machine);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Machine>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for VmExecutor {
    fn name(&self) -> &str {
        &self.inner.options.name
    }

    fn arch(&self) -> Arch {
        self.inner.options.arch
    }

    fn can_run(&self, platform: Arch) -> bool {
        platform == self.inner.options.arch
    }

    fn refuses(&self, action: &ResolvedAction) -> Option<String> {
        let users = action.limits.users;
        if users > 1 {
            return Some(format!("its machine has one user, and `limits` asks for {users}"));
        }
        let (name, _) = action.outputs.iter().find(|(_, path)| path.is_root())?;
        Some(format!("the output `{name}` is the whole root, of which its machine hands over no more than parts"))
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(run::run(&self.inner, action, context))
    }
}
