//! The composition root: the store, the provider, the executor and the planner of one command, put together.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use xb_build::{Builder, Cancel, Events, Forecast, Options, Realised};
use xb_core::Arch;
use xb_exec::Take;
use xb_fetch::{CrateIndex, GoProxy, Manners, Mirrors, PythonIndex, RockServers, Settings, Sources};
use xb_graph::{Graph, NodeId};
use xb_store::{Memory, Store};

use crate::args::{LockManners, Work};
use crate::blame;
use crate::dockers;
use crate::engines;
use crate::executors::Executors;
use crate::failure::Failure;
use crate::interrupt;
use crate::invocation::Invocation;
use crate::local::local;
use crate::logs::Watched;
use crate::machines;
use crate::progress::Progress;
use crate::project::Project;
use crate::sharing::{With, shares};
use crate::stores::{StoreInspector, StoreLocks, StoreMemory};

/// How long the end of the program waits for threads that nobody waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that a command needs to build.
pub struct Session {
    /// The project.
    pub project: Project,
    /// The store.
    pub store: Store,
    /// Who brings what comes from outside.
    pub sources: Arc<Sources>,
    /// Who runs actions.
    pub executors: Executors,
    /// The architecture of this machine.
    host: Arch,
    /// What is seen.
    pub progress: Progress,
    /// Whether a stop was asked for.
    pub cancel: Cancel,
    builder: Builder,
    /// Empty only while it is dropped.
    runtime: Option<Runtime>,
}

impl Session {
    /// Puts everything together; nothing is fetched or run yet.
    ///
    /// # Errors
    /// When the lock cannot be read, or the machine refuses something.
    pub fn new(
        invocation: &Invocation,
        project: Project,
        store: Store,
        host: Arch,
        manners: LockManners,
    ) -> Result<Self, Failure> {
        Self::with(invocation, project, store, host, manners, manners.offline)
    }

    /// A session that fetches nothing and leaves the lock as it is, to tell what one with these manners would do.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_forecast(
        invocation: &Invocation,
        project: Project,
        store: Store,
        host: Arch,
        manners: LockManners,
    ) -> Result<Self, Failure> {
        let nothing = LockManners { locked: true, offline: true };
        Self::with(invocation, project, store, host, nothing, manners.offline)
    }

    fn with(
        invocation: &Invocation,
        project: Project,
        store: Store,
        host: Arch,
        manners: LockManners,
        without_engines: bool,
    ) -> Result<Self, Failure> {
        let progress = Progress::new(invocation.verbosity);
        let events: Arc<dyn Events> = Arc::new(progress.clone());
        let sources = Arc::new(sources(&project, &store, host, manners, Arc::clone(&events))?);
        let local = Arc::new(local(&store, project.config.emulated_cpus, Take::Folders)?);
        let memory: Arc<dyn Memory> = Arc::new(StoreMemory(store.clone()));
        let engines = match without_engines {
            true => Vec::new(),
            false => engines::engines(&project, &store, &memory, &events)?,
        };
        let dockers = dockers::dockers(&project, &store, without_engines, &events)?;
        let mut builder = Builder {
            contents: Arc::new(store.clone()),
            cache: Arc::new(store.clone()),
            provider: Arc::clone(&sources) as _,
            machines: Vec::new(),
            inspector: Arc::new(StoreInspector(store.clone())),
            events,
            memory,
            locks: Arc::new(StoreLocks(store.clone())),
            shared: None,
        };
        let (cancel, runtime) = (interrupt::cancel(), Some(runtime()?));
        let machines = machines::executors(&project, &store, host, (&builder, &sources, &cancel))?;
        let executors = Executors { local, engines, dockers, machines };
        builder.machines = executors.machines(&project.config);
        Ok(Self { project, store, sources, executors, host, progress, cancel, builder, runtime })
    }

    /// The same session, with the caches that its project shares with others.
    ///
    /// # Errors
    /// When a cache cannot be used at all, or one's own key cannot be read.
    pub fn shared(mut self, offline: bool) -> Result<Self, Failure> {
        let with = With {
            store: Arc::clone(&self.builder.contents),
            memory: Arc::clone(&self.builder.memory),
            events: Arc::clone(&self.builder.events),
            offline,
        };
        self.builder.shared = shares(&self.project, &with)?.map(|shares| Arc::new(shares) as _);
        Ok(self)
    }

    /// Realises goals of a graph. Before, the lock gets what it lacks for the graph, whether or not it will be used:
    /// so the lock depends on what is asked for, and not on what happened to be known or to fail. Who keeps going gets
    /// all that does not need what cannot be had; a lock that lacks something is a failure all the same.
    ///
    /// # Errors
    /// When the lock cannot be completed or somebody pressed Ctrl-C; what failed is data.
    pub fn realise(&self, graph: &Arc<Graph>, goals: &[NodeId], options: &Options) -> Result<Realised, Failure> {
        match self.realise_apart(graph, goals, options)? {
            (realised, Some(unlocked)) if realised.succeeded() => Err(unlocked),
            (realised, _) => Ok(realised),
        }
    }

    /// The same, but that what the lock lacks in the end is given beside what was realised, for who keeps going.
    ///
    /// # Errors
    /// When the lock cannot be completed and nobody keeps going, or somebody pressed Ctrl-C; what failed is data.
    pub fn realise_apart(
        &self,
        graph: &Arc<Graph>,
        goals: &[NodeId],
        options: &Options,
    ) -> Result<(Realised, Option<Failure>), Failure> {
        for arch in machines::needed(&self.project.config, graph, self.host) {
            self.complete(&machines::machine(&self.project, self.host, arch)?.graph)?;
        }
        let unlocked = self.block_on_unless_interrupted(self.sources.complete(graph.nodes()))?;
        let unlocked = unlocked.err().unwrap_or_default();
        if !unlocked.is_empty() && !options.keep_going {
            return Err(blame::unlocked(graph, unlocked));
        }
        let watched = Watched {
            events: Arc::clone(&self.builder.events),
            store: self.store.clone(),
            project: self.project.clone(),
            graph: Arc::clone(graph),
        };
        let builder = Builder { events: Arc::new(watched), ..self.builder.clone() };
        let realised = self.block_on(builder.realise(graph, goals, options));
        if realised.cancelled {
            return Err(Failure::interrupted());
        }
        let unlocked = Some(unlocked).filter(|unlocked| !unlocked.is_empty());
        Ok((realised, unlocked.map(|unlocked| blame::unlocked(graph, unlocked))))
    }

    /// What realising the goals would take; what is not here counts as to be fetched where the lock's manners let nothing
    /// be fetched.
    ///
    /// # Errors
    /// When somebody pressed Ctrl-C.
    pub fn forecast(&self, graph: &Arc<Graph>, goals: &[NodeId], options: &Options) -> Result<Forecast, Failure> {
        self.block_on_unless_interrupted(self.builder.forecast(graph, goals, options))
    }

    /// Adds to the lock what it lacks for a graph.
    ///
    /// # Errors
    /// When it cannot be completed, or somebody pressed Ctrl-C.
    pub fn complete(&self, graph: &Graph) -> Result<(), Failure> {
        let completed = self.block_on_unless_interrupted(self.sources.complete(graph.nodes()))?;
        completed.map_err(|unlocked| blame::unlocked(graph, unlocked))
    }

    /// The options of a build.
    pub fn options(&self, work: &Work) -> Options {
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        let jobs = work.jobs.or(self.project.config.jobs);
        Options {
            jobs: jobs.map_or(cpus, |jobs| jobs as usize),
            memory: self.project.config.memory.unwrap_or(0),
            keep_going: work.keep_going,
            keep_failed: work.keep_failed,
            cancel: self.cancel.clone(),
            ..Options::default()
        }
    }

    /// Waits for something.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    /// Does something that blocks; when somebody presses Ctrl-C, `stop` is called, which makes it end.
    ///
    /// # Errors
    /// When somebody pressed Ctrl-C.
    pub fn block_unless_interrupted<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        stop: impl FnOnce(),
    ) -> Result<T, Failure> {
        self.block_on(async {
            let mut work = tokio::task::spawn_blocking(work);
            tokio::select! {
                done = &mut work => done.map_err(|error| Failure::bug(error.to_string())),
                () = self.cancel.cancelled() => {
                    stop();
                    // How it ended does not matter any more.
                    let _ = work.await;
                    Err(Failure::interrupted())
                }
            }
        })
    }

    /// Waits for something that cannot be asked to stop: Ctrl-C drops it.
    ///
    /// # Errors
    /// When somebody pressed Ctrl-C.
    pub fn block_on_unless_interrupted<T>(&self, future: impl Future<Output = T>) -> Result<T, Failure> {
        self.block_on(async {
            tokio::select! {
                done = future => Ok(done),
                () = self.cancel.cancelled() => Err(Failure::interrupted()),
            }
        })
    }
}

impl Session {
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only dropping takes it")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.progress.close();
        self.executors.settle();
        if let Some(runtime) = self.runtime.take() {
            // A thread may still be busy with what nobody waits for, and cleans up behind itself when it is done; the
            // store bears being left at any moment.
            runtime.shutdown_timeout(PATIENCE);
        }
    }
}

fn sources(
    project: &Project,
    store: &Store,
    host: Arch,
    manners: LockManners,
    events: Arc<dyn Events>,
) -> Result<Sources, Failure> {
    let settings = Settings {
        project: project.folder.clone(),
        lock: project.lock(),
        manners: Manners { locked: manners.locked, offline: manners.offline },
        mirrors: Mirrors::of_machine(project.config.mirrors.clone()),
        crates: CrateIndex::of_machine(project.config.crates.as_deref(), &project.folder),
        python: PythonIndex::of_machine(project.config.python.as_deref()),
        go: GoProxy::of_machine(project.config.go.as_deref()),
        rocks: RockServers::of_machine(project.config.rocks.clone()),
        host,
        limits: Default::default(),
        patience: xb_fetch::download::patience(),
        scratch: store.scratch().to_owned(),
    };
    Ok(Sources::new(settings, Arc::new(store.clone()), events)?)
}

/// Threads that wait for what is under way.
///
/// # Errors
/// When the machine has none to give.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("cannot start threads: {error}")))
}
