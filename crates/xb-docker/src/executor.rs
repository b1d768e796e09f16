//! The executor of an engine.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::OnceCell;
use xb_build::{Alive, BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::Arch;
use xb_graph::{ActionResult, ResolvedAction};
use xb_store::Contents;

use crate::brought::Own;
use crate::engine::Engine;
use crate::host::Host;
use crate::images::{self, Images};
use crate::owner::{Owner, known_store};
use crate::run;

/// How long the end of the program waits until containers that nobody waits for are removed.
const PATIENCE: Duration = Duration::from_secs(15);

/// What can be chosen about an engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it is called.
    pub name: String,
    /// Where it is; none is where Docker's own program looks for it.
    pub host: Option<Host>,
    /// The architecture of its machine.
    pub arch: Arch,
    /// How many runs it is given at one time; at least one.
    pub slots: u32,
    /// How many images of the store the engine keeps: beyond that, those go that were used longest ago.
    pub images: usize,
}

/// Has actions run by a Docker engine. Nobody is asked anything before the first run.
pub struct DockerExecutor {
    inner: Arc<Inner>,
}

/// What a run needs of its executor.
pub struct Inner {
    pub options: Options,
    pub store: Arc<dyn Contents>,
    pub images: Images,
    pub own: Own,
    pub removing: Alive,
    /// The folder that says whose the containers are.
    folder: PathBuf,
    owner: OnceLock<Owner>,
    /// None of it where the engine cannot be used: why, as a sentence.
    engine: OnceCell<Result<Engine, String>>,
}

impl DockerExecutor {
    /// An executor that takes inputs from a store and puts outputs there; `folder` is one of the store's, in which it is
    /// written down whose the containers are.
    pub fn new(options: Options, store: Arc<dyn Contents>, folder: PathBuf) -> Self {
        let (images, own, removing) = (Images::default(), Own::default(), Alive::default());
        let (owner, engine) = (OnceLock::new(), OnceCell::new());
        Self { inner: Arc::new(Inner { options, store, images, own, removing, folder, owner, engine }) }
    }

    /// What the engine says of itself: half a sentence.
    ///
    /// # Errors
    /// When it cannot be used: a sentence for a person.
    pub async fn reach(&self) -> Result<String, String> {
        let Engine { host, arch, version, .. } = self.inner.options.reach().await?;
        let slots = self.inner.options.slots.max(1);
        let emulates = if self.inner.options.emulates() { ", emulates others" } else { "" };
        Ok(format!("`{host}` (Docker {version}) executes actions for {arch}{emulates}, {slots} at a time"))
    }

    /// Waits until every container that nobody waits for is removed, for some seconds at most.
    pub fn settle(&self) {
        self.inner.removing.settle(PATIENCE);
    }

    /// How many images the engine has of the store. Nobody is asked where the store never had any.
    ///
    /// # Errors
    /// When the engine cannot be used: a sentence for a person.
    pub async fn images(&self) -> Result<u64, String> {
        let Some((engine, store)) = self.known().await? else { return Ok(0) };
        images::count(&engine, &store).await.map_err(|error| error.to_string())
    }

    /// Removes the images of the store that no container needs, and containers that a killed xb left there: says how
    /// many images they were. Nobody is asked where the store never had any.
    ///
    /// # Errors
    /// When the engine cannot be used: a sentence for a person.
    pub async fn clear(&self) -> Result<u64, String> {
        let Some((engine, store)) = self.known().await? else { return Ok(0) };
        let cleared = async {
            self.inner.owner()?.sweep(&engine).await?;
            images::remove_all(&engine, &store).await
        };
        cleared.await.map_err(|error: ExecutorError| error.to_string())
    }

    /// The engine, and by which name it knows the store, where it does.
    async fn known(&self) -> Result<Option<(Engine, String)>, String> {
        let known = known_store(&self.inner.folder).map_err(|error| self.inner.no_folder(&error))?;
        let Some(store) = known else { return Ok(None) };
        Ok(Some((self.inner.options.reach().await?, store)))
    }
}

impl Options {
    /// Whether programs of other architectures are emulated: where this program can run, since it goes along.
    fn emulates(&self) -> bool {
        Arch::host() == Some(self.arch)
    }

    async fn reach(&self) -> Result<Engine, String> {
        let host = self.host.clone().map_or_else(Host::of_environment, Ok)?;
        let engine = Engine::reach(&host).await?;
        if engine.arch == self.arch {
            return Ok(engine);
        }
        let (name, wanted, arch) = (&self.name, self.arch, engine.arch);
        Err(format!(
            "the machine of the Docker engine at `{host}` is {arch}, and `[executor.{name}]` says {wanted}: \
             write `arch = \"{arch}\"`, or name another engine by `host`"
        ))
    }
}

impl Inner {
    /// The engine, once the containers of the dead have been removed. One that cannot be used is not asked again:
    /// everybody who waited is told the same.
    pub async fn engine(&self) -> Result<&Engine, ExecutorError> {
        let begin = || async {
            let engine = self.options.reach().await?;
            let owner = self.owner().map_err(|error| error.to_string())?;
            owner.sweep(&engine).await.map_err(|error| error.to_string())?;
            Ok(engine)
        };
        self.engine.get_or_init(begin).await.as_ref().map_err(|why| ExecutorError::Gone(why.clone()))
    }

    /// Whose the containers are.
    pub fn owner(&self) -> Result<&Owner, ExecutorError> {
        if let Some(owner) = self.owner.get() {
            return Ok(owner);
        }
        let owner = Owner::new(&self.folder).map_err(|error| ExecutorError::Store(self.no_folder(&error)))?;
        Ok(self.owner.get_or_init(|| owner))
    }

    /// Why nothing can be emulated there, by what its own part there said: that one may do all else.
    pub fn cannot_emulate(&self, engine: &Engine, action: &ResolvedAction, log: &[u8]) -> ExecutorError {
        let said = String::from_utf8_lossy(log);
        let said = said.lines().last().unwrap_or_default().trim_start_matches("xb: ");
        let (host, platform) = (&engine.host, action.platform);
        ExecutorError::Unable(format!(
            "a container of the Docker engine at `{host}` cannot run {platform} programs: {said}"
        ))
    }

    fn no_folder(&self, error: &std::io::Error) -> String {
        format!("cannot use the folder `{}`: {error}", self.folder.display())
    }
}

impl Executor for DockerExecutor {
    fn name(&self) -> &str {
        &self.inner.options.name
    }

    fn arch(&self) -> Arch {
        self.inner.options.arch
    }

    fn can_run(&self, platform: Arch) -> bool {
        platform == self.inner.options.arch || self.inner.options.emulates()
    }

    fn refuses(&self, action: &ResolvedAction) -> Option<String> {
        let users = action.limits.users;
        if users > 1 {
            return Some(format!("files of a container are of one user, and `limits` asks for {users}"));
        }
        let (name, _) = action.outputs.iter().find(|(_, path)| path.is_root())?;
        Some(format!("the output `{name}` is the whole root, in which Docker has folders of its own"))
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(run::run(&self.inner, action, context))
    }
}
