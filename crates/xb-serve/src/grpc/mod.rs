//! The Remote Execution API (v2): capabilities, contents, action results, and where there is a worker, execution. One
//! instance, which has no name.

mod byte_stream;
mod capabilities;
mod contents;
mod execution;
mod name;
mod results;

use std::sync::Arc;

use axum::Router;
use bazel_remote_apis::build::bazel::remote::execution::v2::action_cache_server::ActionCacheServer;
use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_server::CapabilitiesServer;
use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_server::ContentAddressableStorageServer;
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_server::ExecutionServer;
use bazel_remote_apis::build::bazel::remote::execution::v2::{Digest, digest_function};
use bazel_remote_apis::google::bytestream::byte_stream_server::ByteStreamServer;
use bazel_remote_apis::google::longrunning::operations_server::OperationsServer;
use tonic::Status;
use xb_cache::{Blob, MOST_ENTRY};

use crate::Shelf;
use crate::shelf::{Refusal, blob};
use crate::worker::Workshop;

/// How many bytes of contents go in one message: with what is beside them, be they ever so small, it stays below gRPC's
/// usual 4 MiB.
const BATCH: u64 = 2 << 20;

/// No message that is taken is larger, of contents and of results.
const MOST_MESSAGE: usize = 5 << 20;
const MOST_RESULT: usize = MOST_ENTRY as usize + (1 << 20);

/// What answers; clones are the same.
#[derive(Clone)]
struct Service {
    shelf: Arc<Shelf>,
    /// None where nothing is executed.
    workshop: Option<Arc<Workshop>>,
}

/// What is answered at one address.
pub(crate) fn routes(shelf: &Arc<Shelf>, workshop: Option<&Arc<Workshop>>) -> Router {
    let service = Service { shelf: Arc::clone(shelf), workshop: workshop.cloned() };
    let capabilities = CapabilitiesServer::new(service.clone());
    let contents = ContentAddressableStorageServer::new(service.clone()).max_decoding_message_size(MOST_MESSAGE);
    let results = ActionCacheServer::new(service.clone())
        .max_decoding_message_size(MOST_RESULT)
        .max_encoding_message_size(MOST_RESULT);
    let execution = ExecutionServer::new(service.clone())
        .max_decoding_message_size(MOST_MESSAGE)
        .max_encoding_message_size(MOST_RESULT);
    let operations = OperationsServer::new(service.clone()).max_encoding_message_size(MOST_RESULT);
    let streams = ByteStreamServer::new(service).max_decoding_message_size(MOST_MESSAGE);
    Router::new()
        .route_service("/build.bazel.remote.execution.v2.Capabilities/{call}", capabilities)
        .route_service("/build.bazel.remote.execution.v2.ContentAddressableStorage/{call}", contents)
        .route_service("/build.bazel.remote.execution.v2.ActionCache/{call}", results)
        .route_service("/build.bazel.remote.execution.v2.Execution/{call}", execution)
        .route_service("/google.longrunning.Operations/{call}", operations)
        .route_service("/google.bytestream.ByteStream/{call}", streams)
}

/// Refuses another instance, and another way of naming things.
fn check(instance: &str, function: i32) -> Result<(), Status> {
    if !instance.is_empty() {
        return Err(Status::invalid_argument("this server has one instance, whose name is empty"));
    }
    let known = [digest_function::Value::Unknown, digest_function::Value::Sha256].map(i32::from);
    match known.contains(&function) {
        true => Ok(()),
        false => Err(Status::invalid_argument("things are named by their SHA-256 here")),
    }
}

/// The blob that a digest names.
fn named(digest: Option<&Digest>) -> Result<Blob, Status> {
    let digest = digest.ok_or_else(|| Status::invalid_argument("a digest is missing"))?;
    blob(digest).ok_or_else(|| Status::invalid_argument(format!("`{}` is no SHA-256 of so many bytes", digest.hash)))
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let why = refusal.to_string();
        match refusal {
            Refusal::Wrong(_) | Refusal::TooLarge { .. } => Self::invalid_argument(why),
            Refusal::NoRoom => Self::resource_exhausted(why),
            Refusal::Cut(_) => Self::aborted(why),
            Refusal::Folder(_) => Self::internal(why),
        }
    }
}

/// The status of a folder that cannot be read or written.
fn failed(error: std::io::Error) -> Status {
    Refusal::from(error).into()
}
