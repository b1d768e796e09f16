//! The work of one node, apart from all others: each of these runs as a task and ends with a [`Message`].

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use xb_core::{ActionId, TreeId};
use xb_graph::{ActionResult, Graph, Node, NodeId, ResolvedAction, Run, resolve};
use xb_store::{ActionCache, StoreError};

use crate::failure::{Why, source_title};
use crate::inspector::inspected;
use crate::locks::LockGuard;
use crate::parts::{RunParts, make};
use crate::shared::{Brought, Offer, SharedKey, Wanted, by_names, is_shared_as_action};
use crate::{Builder, Cancel, Event, Executor, RunContext, Source};

/// Where an action runs that another process holds the lock of.
const ANOTHER: &str = "another xb";

/// What a task has to say in the end.
pub(crate) enum Message {
    /// A source is here.
    Provided(NodeId, Result<TreeId, Why>, Duration),
    /// The root of a run is composed.
    Resolved(NodeId, Result<Resolved, Why>),
    /// A run ended, on a machine.
    Ran(NodeId, usize, Result<Ran, Why>, Duration),
    /// A machine was to build what another process builds.
    Contended(NodeId, usize),
    /// An offer was taken up.
    Brought(NodeId, Result<Brought, Why>),
    /// A result was shared, as far as it can be.
    Published,
    /// It does no longer, and there is or is not a result.
    Free(NodeId, Result<Freed, Why>),
}

/// A run as an action, and what it left if that is known.
pub(crate) struct Resolved {
    pub action: Arc<ResolvedAction>,
    pub found: Option<ActionResult>,
}

/// What the runs of an action have in common, of which there are two where the first seems to be stuck.
#[derive(Default)]
pub(crate) struct Common {
    /// The lock of the action, once it was taken.
    lock: OnceLock<LockGuard>,
    /// The machine that did it first, by its place: what it left counts, where it can be written down.
    first: Mutex<Option<usize>>,
}

impl Common {
    /// Of an action whose lock is held.
    pub fn locked(lock: LockGuard) -> Self {
        Self { lock: lock.into(), ..Self::default() }
    }

    /// Whether the machine at a place is the first that did it.
    fn is_first(&self, place: usize) -> bool {
        *self.first().get_or_insert(place) == place
    }

    fn first(&self) -> MutexGuard<'_, Option<usize>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot of a machine, where it is shared with other processes.
pub(crate) type Lease = Option<LockGuard>;

/// Outputs by their names.
pub(crate) type Needed = std::collections::BTreeSet<Arc<str>>;

/// How a run ended.
pub(crate) struct Ran {
    pub result: ActionResult,
    pub cached: bool,
}

/// What waiting for another process led to.
pub(crate) enum Freed {
    /// Its result, by our names.
    Found(Box<ActionResult>),
    /// It left none, and now the lock is ours.
    Locked(LockGuard),
}

/// The source that a node is, if it is one.
pub(crate) fn source_of(node: &Node) -> Option<Source<'_>> {
    match node {
        Node::Fetch(fetch) => Some(Source::Fetch(fetch)),
        Node::Folder(folder) => Some(Source::Folder(folder)),
        Node::Debian(debian) => Some(Source::Debian(debian)),
        Node::Files(_) | Node::Compose { .. } | Node::Run(_) | Node::Choice(_) => None,
    }
}

/// Brings a source, until `halted`.
pub(crate) async fn provide(builder: Builder, graph: Arc<Graph>, node: NodeId, halted: Cancel) -> Message {
    let started = Instant::now();
    let Some(source) = source_of(graph.node(node)) else {
        let bug = Why::Bug("only sources are provided".to_owned());
        return Message::Provided(node, Err(bug), Duration::ZERO);
    };
    builder.events.event(Event::Started { node, title: source_title(&source), method: None, executor: String::new() });
    let tree = tokio::select! {
        tree = builder.provider.provide(source) => tree.map_err(Why::Provide),
        () = halted.cancelled() => Err(Why::Cancelled),
    };
    Message::Provided(node, tree, started.elapsed())
}

/// Brings what others have, and takes note of it.
pub(crate) async fn bring(builder: Builder, graph: Arc<Graph>, node: NodeId, offer: Offer, halted: Cancel) -> Message {
    let Some(shared) = builder.shared.clone() else {
        return Message::Brought(node, Ok(Brought::Gone));
    };
    if let Node::Run(run) = graph.node(node) {
        builder.events.event(Event::Started {
            node,
            title: run.title(),
            method: Some(run.method),
            executor: format!("cache {}", offer.from),
        });
    }
    let brought = tokio::select! {
        brought = shared.bring(&offer) => brought,
        () = halted.cancelled() => return Message::Brought(node, Err(Why::Cancelled)),
    };
    let noted = tokio::task::spawn_blocking(move || match brought {
        Brought::Here => note(&*builder.cache, offer.action, &offer.result).map_err(|error| error.to_string()),
        Brought::Gone | Brought::Left => Ok(()),
    });
    let noted = noted.await.unwrap_or_else(|error| Err(error.to_string()));
    Message::Brought(node, noted.map(|()| brought).map_err(Why::Store))
}

/// Takes note of what was brought, unless this machine has made it itself: then there is more of it.
fn note(cache: &dyn ActionCache, action: ActionId, brought: &ActionResult) -> Result<(), StoreError> {
    match cache.result(action)? {
        Some(own) if own.vouched.is_empty() => Ok(()),
        _ => cache.put_result(action, brought),
    }
}

/// Composes the root of a run and looks its result up; blocks.
pub(crate) fn resolve_run(builder: &Builder, graph: &Graph, node: NodeId, run: &Run, parts: &RunParts) -> Message {
    let resolved = || {
        let contents = &*builder.contents;
        let root = make(&parts.root, graph, contents)?;
        let emulator = parts.emulator.as_ref();
        let emulator = emulator.map(|part| part.make(graph, contents)).transpose()?;
        let action = resolve(run, &root, emulator);
        let found = look_up(builder, run, &action)?;
        Ok(Resolved { action: Arc::new(action), found })
    };
    Message::Resolved(node, resolved())
}

fn look_up(builder: &Builder, run: &Run, action: &ResolvedAction) -> Result<Option<ActionResult>, Why> {
    let found = builder.cache.result(action.id);
    let found = found.map_err(|error| Why::Store(error.to_string()))?;
    let found = found.filter(|cached| builder.believes(run, cached));
    Ok(found.and_then(|cached| run.from_cache(&cached)))
}

/// Everything that running one action takes.
pub(crate) struct Running {
    pub builder: Builder,
    pub graph: Arc<Graph>,
    pub node: NodeId,
    pub action: Arc<ResolvedAction>,
    /// The machine that it runs on, by its place.
    pub place: usize,
    pub executor: Arc<dyn Executor>,
    pub common: Arc<Common>,
    pub lease: Lease,
    pub jobs: u32,
    pub keep_failed: bool,
    /// Do not look for a result: it runs whatever is known.
    pub again: bool,
    /// The outputs that have to be there where it is not run here; none where it has to be.
    pub needed: Option<Needed>,
    pub cancel: Cancel,
}

impl Running {
    fn run(&self) -> Result<&Run, Why> {
        match self.graph.node(self.node) {
            Node::Run(run) => Ok(run),
            _ => Err(Why::Bug("only runs are run".to_owned())),
        }
    }

    /// Runs the action under its lock.
    pub async fn ran(self) -> Message {
        let started = Instant::now();
        let ran = match self.is_locked() {
            Ok(false) => return Message::Contended(self.node, self.place),
            Ok(true) => self.ran_locked().await,
            Err(message) => Err(Why::Store(message)),
        };
        drop(self.lease);
        Message::Ran(self.node, self.place, ran, started.elapsed())
    }

    /// Whether the lock is this build's; a twin has that of the first.
    fn is_locked(&self) -> Result<bool, String> {
        if self.common.lock.get().is_some() {
            return Ok(true);
        }
        let guard = self.builder.locks.try_lock(self.action.id)?;
        Ok(guard.is_some_and(|guard| self.common.lock.set(guard).is_ok()))
    }

    async fn ran_locked(&self) -> Result<Ran, Why> {
        if !self.again
            && let Some(result) = look_up(&self.builder, self.run()?, &self.action)?
        {
            return Ok(Ran { result, cached: true });
        }
        if let Some(result) = self.of_others().await? {
            return Ok(Ran { result, cached: true });
        }
        let result = self.executed().await?;
        match (result.succeeded(), self.again) {
            (true, _) if !self.common.is_first(self.place) => return Err(Why::Cancelled),
            (true, _) => {
                let cached = self.action.to_cache(&result);
                let written = self.of_cache(move |cache, id| cache.put_result(id, &cached)).await;
                // Another one may be luckier.
                written.inspect_err(|_| *self.common.first() = None)?;
            }
            // A success that was known is in doubt now.
            (false, true) if self.common.first().is_none() => self.of_cache(|cache, id| cache.forget(id)).await?,
            (false, _) => {}
        }
        Ok(Ran { result, cached: false })
    }

    /// What others have of the action, where that is enough.
    async fn of_others(&self) -> Result<Option<ActionResult>, Why> {
        let (Some(shared), Some(needed), false) = (&self.builder.shared, &self.needed, self.again) else {
            return Ok(None);
        };
        let run = self.run()?;
        if !is_shared_as_action(run) {
            return Ok(None);
        }
        let brought = async {
            let offer =
                shared.offers(&[Wanted { key: SharedKey::Action(self.action.id), run }]).await.pop().flatten()?;
            let result = by_names(run, &offer.result);
            let is_enough = needed.iter().all(|output| result.outputs.contains_key(&**output));
            let offer = Some(offer).filter(|_| is_enough)?;
            Some((shared.bring(&offer).await, offer, result))
        };
        let brought = tokio::select! {
            brought = brought => brought,
            () = self.cancel.cancelled() => return Err(Why::Cancelled),
        };
        match brought {
            Some((Brought::Here, offer, result)) => {
                self.of_cache(move |cache, id| note(cache, id, &offer.result)).await?;
                Ok(Some(result))
            }
            Some((Brought::Left, offer, _)) => Err(Why::Offered { from: offer.from }),
            Some((Brought::Gone, ..)) | None => Ok(None),
        }
    }

    async fn executed(&self) -> Result<ActionResult, Why> {
        self.builder.events.event(Event::Started {
            node: self.node,
            title: self.action.title.clone(),
            method: Some(self.action.method),
            executor: self.executor.name().to_owned(),
        });
        let context = RunContext {
            events: Arc::clone(&self.builder.events),
            node: self.node,
            jobs: self.jobs,
            keep_failed: self.keep_failed,
            again: self.again,
        };
        let result = tokio::select! {
            result = self.executor.run(&self.action, &context) => result,
            () = self.cancel.cancelled() => return Err(Why::Cancelled),
        };
        let result = result.map_err(|error| Why::Executor { executor: self.executor.name().to_owned(), error })?;
        self.inspected(with_all_outputs(result, &self.action)).await
    }

    async fn inspected(&self, result: ActionResult) -> Result<ActionResult, Why> {
        let run = self.run()?;
        let Some((arches, tree)) = inspected(run, &result) else {
            return Ok(result);
        };
        let inspector = Arc::clone(&self.builder.inspector);
        match tokio::task::spawn_blocking(move || inspector.inspect(&arches, tree)).await {
            Ok(Ok(None)) => Ok(result),
            Ok(Ok(Some(cause))) => Ok(ActionResult { cause, ..result }),
            Ok(Err(message)) => Err(Why::Store(message)),
            Err(error) => Err(Why::Bug(error.to_string())),
        }
    }

    async fn of_cache(
        &self,
        work: impl FnOnce(&dyn ActionCache, ActionId) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Why> {
        let (cache, id) = (Arc::clone(&self.builder.cache), self.action.id);
        match tokio::task::spawn_blocking(move || work(&*cache, id)).await {
            Ok(done) => done.map_err(|error| Why::Store(error.to_string())),
            Err(error) => Err(Why::Bug(error.to_string())),
        }
    }
}

/// A success without a declared output is none, whatever the executor says.
fn with_all_outputs(mut result: ActionResult, action: &ResolvedAction) -> ActionResult {
    let mut outputs = action.outputs.iter();
    let missing = outputs.find(|(name, _)| !result.outputs.contains_key(*name));
    if let (true, Some((_, path))) = (result.succeeded(), missing) {
        result.cause = xb_graph::Cause::MissingOutput { path: path.to_string() };
    }
    result
}

/// Waits until another process is done with an action, and looks for its result.
pub(crate) async fn freed(
    builder: Builder,
    graph: Arc<Graph>,
    node: NodeId,
    action: Arc<ResolvedAction>,
    again: bool,
    halted: Cancel,
) -> Message {
    builder.events.event(Event::Started {
        node,
        title: action.title.clone(),
        method: Some(action.method),
        executor: ANOTHER.to_owned(),
    });
    let guard = tokio::select! {
        guard = builder.locks.lock(action.id) => guard.map_err(Why::Store),
        () = halted.cancelled() => Err(Why::Cancelled),
    };
    let freed = guard.and_then(|guard| {
        let found = match graph.node(node) {
            Node::Run(run) if !again => look_up(&builder, run, &action)?,
            _ => None,
        };
        Ok(found.map_or(Freed::Locked(guard), |found| Freed::Found(Box::new(found))))
    });
    Message::Free(node, freed)
}
