//! Actions that others have run here.
//!
//! What they need comes from the shelf and becomes a tree of a store that is the worker's own; an executor runs them
//! there; what they leave goes to the shelf.

mod inputs;
mod layers;
mod operations;
mod order;
mod outputs;
mod record;
mod room;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, Digest, ExecuteResponse, ExecutedActionMetadata,
};
use bazel_remote_apis::google::protobuf::Timestamp;
use bazel_remote_apis::google::rpc;
use prost::Message as _;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;
use xb_build::{Executor, RunContext};
use xb_core::Arch;
use xb_graph::{Cause, Limits, NodeId, ResolvedAction};
use xb_remote::DigestFunction;
use xb_store::{Contents, Memory};
use xb_translate::Names;

pub(crate) use operations::{Follower, Operation, Operations, Stage};
use order::Order;
use record::Record;
pub use record::{Ran, Tell};
use room::{Due, Intake};
pub use room::{Room, Tidy};
pub(crate) use trouble::Trouble;

use crate::Shelf;
use crate::apart::apart;
use crate::shelf::{Name, blob};

/// How many orders are read at one time: each is in memory while it is.
const READERS: usize = 8;

/// Who runs the actions of others.
pub struct Worker {
    /// What it is called in results.
    pub name: String,
    /// The architecture of its machine.
    pub arch: Arch,
    /// How many actions run at one time.
    pub slots: usize,
    /// What an action may use; how long, where it does not say itself.
    pub limits: Limits,
    /// Who runs them. What lies at the place of an output is given alone in a tree, as [`ENTRY`](xb_run::ENTRY).
    pub executor: Arc<dyn Executor>,
    /// What it makes sandboxes from, which nobody else uses.
    pub store: Arc<dyn Contents>,
    /// What remembers how contents are named.
    pub memory: Arc<dyn Memory>,
    /// How the store is kept small.
    pub room: Room,
    /// Who is told of every run.
    pub tell: Box<Tell>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("arch", &self.arch).field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// A worker, and what it is at.
pub(crate) struct Workshop {
    worker: Worker,
    slots: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    intake: Intake,
    shelf: Arc<Shelf>,
    pub operations: Arc<Operations>,
}

/// What came of a run.
struct Left {
    result: ActionResult,
    cause: Cause,
}

/// A place to run in. What is moved for a run that nobody waits for any more holds it to its end.
type Slot = Arc<OwnedSemaphorePermit>;

impl Workshop {
    pub fn new(worker: Worker, shelf: &Arc<Shelf>) -> Self {
        let slots = Arc::new(Semaphore::new(worker.slots()));
        let readers = Arc::new(Semaphore::new(READERS));
        let (intake, operations) = (Intake::default(), Arc::default());
        Self { worker, slots, readers, intake, shelf: Arc::clone(shelf), operations }
    }

    /// Follows the run of an action: one that is under way, or a new one, which `who` wants.
    ///
    /// # Errors
    /// When it is no action that could be run here, or too many wait.
    pub async fn follow(self: &Arc<Self>, named: Digest, who: Option<Arc<str>>) -> Result<Follower, Trouble> {
        let order = self.order(&named).await?;
        let this = Arc::clone(self);
        // What waits is no more than a name in memory.
        self.operations.start(&named, who, order.is_kept, |operation| this.run(operation))
    }

    async fn order(self: &Arc<Self>, named: &Digest) -> Result<Order, Trouble> {
        let reader = Arc::clone(&self.readers).acquire_owned().await;
        let (this, named) = (Arc::clone(self), named.clone());
        apart(move || {
            let _reader = reader;
            Order::read(&this.shelf, &named, this.worker.arch, &this.worker.limits)
        })
        .await
    }

    async fn run(self: Arc<Self>, operation: Arc<Operation>) -> ExecuteResponse {
        let status = |code: Code, message: String| rpc::Status { code: code.into(), message, details: Vec::new() };
        let (status, result) = match self.ran(&operation).await {
            Ok(Left { result, cause: Cause::TimedOut }) => {
                (status(Code::DeadlineExceeded, "the command took too long".to_owned()), Some(result))
            }
            Ok(Left { result, .. }) => (rpc::Status::default(), Some(result)),
            Err(trouble) => (trouble.into(), None),
        };
        ExecuteResponse { result, status: Some(status), ..ExecuteResponse::default() }
    }

    async fn ran(self: &Arc<Self>, operation: &Operation) -> Result<Left, Trouble> {
        let mut about = ExecutedActionMetadata { worker: self.worker.name.clone(), ..Default::default() };
        about.queued_timestamp = Some(now());
        let _tidies = Tidies(self);
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = Arc::new(slot.map_err(|_| Trouble::Stopped("the server stops"))?);
        operation.executes();
        about.worker_start_timestamp = Some(now());
        let order = self.order(&operation.action).await?;
        let (title, action) = (order.action.title.clone(), operation.action.hash.clone());
        let record = Record::begin(&*self.worker.tell, &self.shelf.metrics, operation.who.clone(), title, action);
        let left = self.left(order, &operation.action, about, &slot).await;
        record.end(&left);
        left
    }

    async fn left(
        self: &Arc<Self>,
        order: Order,
        key: &Digest,
        mut about: ExecutedActionMetadata,
        slot: &Slot,
    ) -> Result<Left, Trouble> {
        about.input_fetch_start_timestamp = Some(now());
        let (this, held) = (Arc::clone(self), Arc::clone(slot));
        let Order { action, asked, root, is_kept } = order;
        let action = apart(move || {
            let _held = held;
            let root = inputs::root(&this.shelf, &this.names(), &root, &this.intake)?;
            xb_run::furnished(root, &action.cwd, &BTreeMap::new(), &*this.worker.store)?;
            let layers = layers::layers(root, &*this.worker.store)?;
            this.intake.took(layers::room(&layers, &*this.worker.store)?);
            Ok::<_, Trouble>(ResolvedAction { root, layers, ..action })
        })
        .await?;
        about.input_fetch_completed_timestamp = Some(now());
        about.execution_start_timestamp = Some(now());
        let mut uncounted = Uncounted(Some(&**self));
        let left = self.worker.executor.run(&action, &self.context()).await;
        // Something of the store may be lost: the root is read again the next time.
        let left = left.inspect_err(|_| self.intake.forget())?;
        about.execution_completed_timestamp = Some(now());
        about.output_upload_start_timestamp = Some(now());
        let (this, held, key) = (Arc::clone(self), Arc::clone(slot), key.clone());
        let kept = apart(move || {
            let _held = held;
            let mut result = outputs::told(&this.shelf, &this.names(), &left, &asked, about, &this.intake)?;
            if let Some(about) = &mut result.execution_metadata {
                about.output_upload_completed_timestamp = Some(now());
                about.worker_completed_timestamp = Some(now());
            }
            if is_kept
                && left.cause == Cause::Success
                && let Some(key) = blob(&key)
            {
                let bytes = result.encode_to_vec();
                this.shelf.put(Name::entry(key.sha256), bytes.len() as u64, &bytes)?;
            }
            Ok::<_, Trouble>(Left { result, cause: left.cause })
        })
        .await?;
        uncounted.0 = None;
        Ok(kept)
    }

    /// Tidies the store, while nothing runs. Where that fails, it stays due.
    async fn tidy(self: Arc<Self>) {
        let slots = u32::try_from(self.worker.slots()).unwrap_or(u32::MAX);
        let all = match self.intake.due(&self.worker.room) {
            Due::No => return,
            Due::Now if self.intake.is_first_to_wait() => Arc::clone(&self.slots).acquire_many_owned(slots).await.ok(),
            Due::Now | Due::WhenIdle => Arc::clone(&self.slots).try_acquire_many_owned(slots).ok(),
        };
        let Some(all) = all else { return };
        apart(move || {
            let _all = all;
            // Another one may have done so meanwhile.
            if self.intake.due(&self.worker.room) == Due::No {
                return self.intake.waits_no_more();
            }
            let came = self.intake.begin();
            if (self.worker.room.tidy)().is_err() {
                self.intake.took(came);
            }
        })
        .await;
    }

    fn names(&self) -> Names<'_> {
        let Worker { store, memory, .. } = &self.worker;
        Names { function: DigestFunction::Sha256, store: &**store, memory: &**memory }
    }

    fn context(&self) -> RunContext {
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        let jobs = u32::try_from((cpus / self.worker.slots()).max(1)).unwrap_or(1);
        RunContext { events: Arc::new(()), node: NodeId(0), jobs, keep_failed: false, again: false }
    }
}

/// Of what a run left nobody knows how much it is, unless all of it was counted: also where the run was stopped.
struct Uncounted<'a>(Option<&'a Workshop>);

impl Drop for Uncounted<'_> {
    fn drop(&mut self) {
        if let Some(Workshop { intake, worker, .. }) = self.0 {
            intake.took_unknown(&worker.room);
        }
    }
}

/// Looks, when a run is over however it ended, whether the store is to be tidied.
struct Tidies<'a>(&'a Arc<Workshop>);

impl Drop for Tidies<'_> {
    fn drop(&mut self) {
        // Where the server has ended, the next one tidies.
        if self.0.intake.due(&self.0.worker.room) != Due::No
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(Arc::clone(self.0).tidy());
        }
    }
}

impl Worker {
    fn slots(&self) -> usize {
        self.slots.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize))
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos: since.subsec_nanos().cast_signed() }
}
