//! Actions that others have run here.
//!
//! What they need comes from the shelf and becomes a tree of a store of this machine; an executor runs them there; what
//! they leave goes to the shelf. The store is open only while something runs: what cleans it up waits for that.

mod inputs;
mod operations;
mod order;
mod outputs;
mod trouble;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, Digest, ExecuteResponse, ExecutedActionMetadata,
};
use bazel_remote_apis::google::protobuf::Timestamp;
use bazel_remote_apis::google::rpc;
use prost::Message as _;
use tokio::sync::Semaphore;
use tonic::Code;
use xb_build::{Executor, RunContext};
use xb_core::Arch;
use xb_graph::{Cause, Limits, NodeId, ResolvedAction};
use xb_remote::DigestFunction;
use xb_store::{Contents, Memory};
use xb_translate::Names;

pub(crate) use operations::{Follower, Operation, Operations, Stage};
use order::Order;
pub(crate) use trouble::Trouble;

use crate::Shelf;
use crate::apart::apart;
use crate::shelf::{Name, blob};

/// Where actions run.
pub struct Place {
    /// Who runs them.
    pub executor: Arc<dyn Executor>,
    /// What it makes sandboxes from.
    pub store: Arc<dyn Contents>,
    /// What remembers how contents are named.
    pub memory: Arc<dyn Memory>,
    /// Called when nothing runs there any more: waits until what was given up is gone.
    pub settle: Box<dyn Fn() + Send + Sync>,
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.settle)();
    }
}

/// Opens the place where actions run: why not, as a sentence.
pub type Open = dyn Fn() -> Result<Place, String> + Send + Sync;

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
    /// Opens the place where they run.
    pub open: Box<Open>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("arch", &self.arch).field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// A worker, and what it is at.
pub(crate) struct Workshop {
    worker: Worker,
    slots: Semaphore,
    shelf: Arc<Shelf>,
    /// There as long as something runs.
    place: Mutex<Weak<Place>>,
    pub operations: Arc<Operations>,
}

/// What came of a run.
struct Left {
    result: ActionResult,
    /// Whether it took too long.
    is_late: bool,
}

impl Workshop {
    pub fn new(worker: Worker, shelf: &Arc<Shelf>) -> Self {
        let slots = Semaphore::new(worker.slots.max(1));
        let (place, operations) = (Mutex::default(), Arc::default());
        Self { worker, slots, shelf: Arc::clone(shelf), place, operations }
    }

    /// Follows the run of an action: one that is under way, or a new one.
    ///
    /// # Errors
    /// When it is no action that could be run here.
    pub async fn follow(self: &Arc<Self>, named: Digest) -> Result<Follower, Trouble> {
        let (this, action) = (Arc::clone(self), named.clone());
        let read = move || Order::read(&this.shelf, &action, this.worker.arch, &this.worker.limits);
        let order = apart(read).await?;
        let this = Arc::clone(self);
        Ok(self.operations.start(&named, order.is_kept, |operation| this.run(order, operation)))
    }

    async fn run(self: Arc<Self>, order: Order, operation: Arc<Operation>) -> ExecuteResponse {
        let status = |code: Code, message: String| rpc::Status { code: code.into(), message, details: Vec::new() };
        let (status, result) = match self.ran(order, &operation).await {
            Ok(Left { result, is_late: false }) => (rpc::Status::default(), Some(result)),
            Ok(Left { result, is_late: true }) => {
                (status(Code::DeadlineExceeded, "the command took too long".to_owned()), Some(result))
            }
            Err(trouble) => (trouble.into(), None),
        };
        ExecuteResponse { result, status: Some(status), ..ExecuteResponse::default() }
    }

    async fn ran(self: &Arc<Self>, order: Order, operation: &Operation) -> Result<Left, Trouble> {
        let mut about = ExecutedActionMetadata { worker: self.worker.name.clone(), ..Default::default() };
        about.queued_timestamp = Some(now());
        let slot = self.slots.acquire().await;
        operation.executes();
        about.worker_start_timestamp = Some(now());
        about.input_fetch_start_timestamp = Some(now());
        let this = Arc::clone(self);
        let (place, root) = apart(move || {
            let place = this.place()?;
            let root = inputs::root(&this.shelf, &place.names(), &order.root)?;
            Ok::<_, Trouble>((place, root))
        })
        .await?;
        about.input_fetch_completed_timestamp = Some(now());
        let action = ResolvedAction { root, layers: vec![root], ..order.action };
        about.execution_start_timestamp = Some(now());
        let left = place.executor.run(&action, &self.context()).await?;
        about.execution_completed_timestamp = Some(now());
        drop(slot);
        about.output_upload_start_timestamp = Some(now());
        let (this, key) = (Arc::clone(self), operation.action.clone());
        apart(move || {
            let (is_late, is_well) = (left.cause == Cause::TimedOut, left.cause == Cause::Success);
            let mut result = outputs::told(&this.shelf, &place.names(), &left, about)?;
            if let Some(about) = &mut result.execution_metadata {
                about.output_upload_completed_timestamp = Some(now());
                about.worker_completed_timestamp = Some(now());
            }
            if order.is_kept
                && is_well
                && let Some(key) = blob(&key)
            {
                let bytes = result.encode_to_vec();
                this.shelf.put(Name::entry(key.sha256), bytes.len() as u64, &bytes)?;
            }
            Ok(Left { result, is_late })
        })
        .await
    }

    /// The place, opened where nothing runs yet.
    fn place(&self) -> Result<Arc<Place>, Trouble> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = place.upgrade() {
            return Ok(open);
        }
        let opened = Arc::new((self.worker.open)().map_err(Trouble::Here)?);
        *place = Arc::downgrade(&opened);
        Ok(opened)
    }

    fn context(&self) -> RunContext {
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        let jobs = u32::try_from((cpus / self.worker.slots.max(1)).max(1)).unwrap_or(1);
        RunContext { events: Arc::new(()), node: NodeId(0), jobs, keep_failed: false, again: false }
    }
}

impl Place {
    fn names(&self) -> Names<'_> {
        Names { function: DigestFunction::Sha256, store: &*self.store, memory: &*self.memory }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos: since.subsec_nanos().cast_signed() }
}
