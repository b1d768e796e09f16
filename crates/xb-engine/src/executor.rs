//! The executor of an engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use xb_build::{Alive, BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::Arch;
use xb_graph::{ActionResult, ResolvedAction};
use xb_http::Patience;
use xb_remote::{Connection, DigestFunction, FileError, Kind, RemoteError, Server};
use xb_store::{Contents, Memory};

use crate::known::Known;
use crate::run;

/// How long the end of the program waits until runs that were given up are stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often an engine is asked that has never answered.
const FIRST_TRIES: u32 = 3;

/// How many times as long as for one try is waited for one at the end of a line: an xb may have to be brought there.
const LINE_TRIES: u32 = 30;

/// What can be chosen about an engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub server: Server,
    /// The architecture of its workers.
    pub arch: Arch,
    /// How many runs it is given at one time; at least one.
    pub slots: usize,
    /// How many jobs a command should run at once (`$jobs`). It is part of what the engine knows a run by, so it is the
    /// same for all.
    pub jobs: u32,
    /// What a worker must be, in the engine's own words.
    pub properties: BTreeMap<String, String>,
    /// How patient one is with it.
    pub patience: Patience,
}

/// Has actions run by an engine. Nobody is asked anything before the first run.
pub struct EngineExecutor {
    inner: Arc<Inner>,
}

/// What a run needs of its executor.
pub(crate) struct Inner {
    pub options: Options,
    pub store: Arc<dyn Contents>,
    pub memory: Arc<dyn Memory>,
    /// Where contents are put aside that come from the engine, on the disk of the store.
    pub scratch: PathBuf,
    pub known: Known,
    pub stopping: Alive,
    /// None of it where the engine cannot be used: why, as a sentence.
    connection: OnceCell<Result<Connection, String>>,
}

impl EngineExecutor {
    /// An executor that takes inputs from a store, puts outputs there by way of the folder `scratch`, and remembers how
    /// the engine names contents.
    pub fn new(options: Options, store: Arc<dyn Contents>, memory: Arc<dyn Memory>, scratch: PathBuf) -> Self {
        let (known, stopping, connection) = (Known::default(), Alive::default(), OnceCell::new());
        Self { inner: Arc::new(Inner { options, store, memory, scratch, known, stopping, connection }) }
    }

    /// What the engine says of itself: half a sentence.
    ///
    /// # Errors
    /// When it does not answer, or executes nothing: a sentence for a person.
    pub async fn reach(&self) -> Result<String, String> {
        let connection = self.inner.connection().await.map_err(|error| error.to_string())?;
        let (arch, slots) = (self.inner.options.arch, self.inner.options.slots);
        Ok(format!(
            "`{}` executes actions for {arch}, {slots} at a time, and names contents by {}",
            connection.server(),
            connection.function().name()
        ))
    }

    /// Waits until the engine was told to stop every run that was given up, for some seconds at most.
    pub fn settle(&self) {
        self.inner.stopping.settle(PATIENCE);
    }
}

impl Inner {
    /// How the engine is spoken with: by the digest function of the store where it has that.
    ///
    /// An engine that did not answer, or executes nothing, is not asked again: everybody who waited is told the same.
    pub async fn connection(&self) -> Result<&Connection, ExecutorError> {
        let connection = self.connection.get_or_init(|| self.connect_soon()).await;
        connection.as_ref().map_err(|why| ExecutorError::Gone(why.clone()))
    }

    async fn connect_soon(&self) -> Result<Connection, String> {
        let Options { server, patience, .. } = &self.options;
        // Also of one that takes a connection and says nothing.
        let tries = if server.line().is_some() { LINE_TRIES } else { FIRST_TRIES };
        let most = patience.connect.saturating_mul(tries);
        match tokio::time::timeout(most, self.connect()).await {
            Ok(connected) => connected.map_err(|error| error.to_string()),
            Err(_) => Err(format!("`{server}` has not answered for {} seconds", most.as_secs_f32())),
        }
    }

    async fn connect(&self) -> Result<Connection, RemoteError> {
        let Options { server, patience, .. } = &self.options;
        // Who does not answer at first is not waited for as long as who did.
        let short = Patience { tries: patience.tries.min(FIRST_TRIES), ..patience.clone() };
        let functions = [DigestFunction::Blake3, DigestFunction::Sha256];
        let connection = Connection::agreed(server.clone(), &functions, short).await?;
        if connection.capabilities().await?.executes {
            return Ok(connection.with_patience(patience.clone()));
        }
        let server = server.to_string();
        let what = "the execution of actions".to_owned();
        let why = "it says that it executes none, at least for whoever asks as this xb does".to_owned();
        Err(RemoteError { server, what, why, kind: Kind::Refused })
    }
}

impl Executor for EngineExecutor {
    fn name(&self) -> &str {
        &self.inner.options.name
    }

    fn arch(&self) -> Arch {
        self.inner.options.arch
    }

    /// Only its own: no emulator is registered in an engine's sandbox.
    fn can_run(&self, platform: Arch) -> bool {
        platform == self.inner.options.arch
    }

    fn refuses(&self, action: &ResolvedAction) -> Option<String> {
        (action.limits.users > 1)
            .then(|| format!("an engine gives an action one user, and this one has {} of them", action.limits.users))
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(run::run(&self.inner, action, context))
    }
}

/// Why an engine could not do its work, as the planner takes it: one that does not do this may do all else, and who
/// lies fails the step.
pub(crate) fn failed(error: &RemoteError) -> ExecutorError {
    match error.kind {
        Kind::Unreachable | Kind::Busy | Kind::Denied => ExecutorError::Gone(error.to_string()),
        Kind::Refused => ExecutorError::Unable(error.to_string()),
        Kind::Lied => ExecutorError::Machine(error.to_string()),
    }
}

/// Why a content did not get from the store to an engine, or the other way round.
pub(crate) fn failed_file(error: &FileError) -> ExecutorError {
    match error {
        FileError::Remote(error) => failed(error),
        FileError::Here(error) => ExecutorError::Store(error.to_string()),
    }
}
