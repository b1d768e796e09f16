//! A server of the Remote Execution API that runs nothing, and says what a test has it say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_server::{Capabilities, CapabilitiesServer};
use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_server::{
    ContentAddressableStorage, ContentAddressableStorageServer,
};
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_server::{Execution, ExecutionServer};
use bazel_remote_apis::build::bazel::remote::execution::v2::*;
use bazel_remote_apis::google::longrunning::operations_server::{Operations, OperationsServer};
use bazel_remote_apis::google::longrunning::{
    CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest, ListOperationsResponse,
    Operation, WaitOperationRequest,
};
use bazel_remote_apis::google::protobuf::Empty;
use bazel_remote_apis::google::rpc;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use xb_remote::DigestFunction;

pub use crate::say::Say;
use crate::say::{Answer, Told};

/// The server: what it has, and what it says.
#[derive(Clone, Default)]
pub struct Liar {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    blobs: HashMap<Digest, Vec<u8>>,
    says: VecDeque<Say>,
    /// What it says of runs that are waited for, or that it knows none.
    waits: VecDeque<Say>,
    /// How often an action was to be run.
    asked: usize,
    /// How often a run was waited for.
    waited: usize,
    /// How often it was asked what it can do.
    examined: usize,
    /// How often something was sent.
    sent: usize,
    /// How it answers who asks what it can do, if not as it should.
    denies: Option<Code>,
    /// How it answers who sends something, if it does not take it.
    refuses: Option<Code>,
    /// What was to be stopped.
    cancelled: Vec<String>,
}

impl Inner {
    fn next(of: &mut VecDeque<Say>) -> Option<Say> {
        let first = of.pop_front()?;
        if of.is_empty() {
            of.push_back(first.clone());
        }
        Some(first)
    }
}

impl Liar {
    /// Starts it, and returns where it is.
    pub async fn start(&self) -> String {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = incoming.local_addr().expect("an address").to_string();
        let server = Server::builder()
            .add_service(CapabilitiesServer::new(self.clone()))
            .add_service(ContentAddressableStorageServer::new(self.clone()))
            .add_service(ExecutionServer::new(self.clone()))
            .add_service(OperationsServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        address
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panicked")
    }

    pub fn says(&self, says: impl IntoIterator<Item = Say>) {
        let mut inner = self.inner();
        (inner.says, inner.asked, inner.waited) = (says.into_iter().collect(), 0, 0);
    }

    /// Has it say so of runs that are waited for.
    pub fn waits(&self, says: impl IntoIterator<Item = Say>) {
        self.inner().waits = says.into_iter().collect();
    }

    /// Has it say nothing of what it can do.
    pub fn denies(&self, code: Code) {
        self.inner().denies = Some(code);
    }

    /// Has it take nothing.
    pub fn refuses(&self, code: Code) {
        self.inner().refuses = Some(code);
    }

    /// How often an action was to be run.
    pub fn asked(&self) -> usize {
        self.inner().asked
    }

    /// How often a run was waited for.
    pub fn waited(&self) -> usize {
        self.inner().waited
    }

    /// How often it was asked what it can do.
    pub fn examined(&self) -> usize {
        self.inner().examined
    }

    /// How often something was sent.
    pub fn sent(&self) -> usize {
        self.inner().sent
    }

    /// What was to be stopped.
    pub fn cancelled(&self) -> Vec<String> {
        self.inner().cancelled.clone()
    }

    /// Has it have bytes.
    pub fn keep(&self, bytes: Vec<u8>) -> Digest {
        let digest = DigestFunction::Sha256.of(&bytes);
        self.keep_as(digest.clone(), bytes);
        digest
    }

    /// Has it have bytes by the name of others.
    pub fn keep_as(&self, digest: Digest, bytes: Vec<u8>) {
        self.inner().blobs.insert(digest, bytes);
    }

    /// Has it lose everything.
    pub fn forget(&self) {
        self.inner().blobs.clear();
    }
}

#[tonic::async_trait]
impl Capabilities for Liar {
    async fn get_capabilities(&self, _: Request<GetCapabilitiesRequest>) -> Answer<ServerCapabilities> {
        let denies = {
            let mut inner = self.inner();
            inner.examined += 1;
            inner.denies
        };
        if let Some(code) = denies {
            return Err(Status::new(code, "so it is said"));
        }
        let functions = vec![digest_function::Value::Sha256.into()];
        Ok(Response::new(ServerCapabilities {
            cache_capabilities: Some(CacheCapabilities {
                digest_functions: functions,
                // Everything goes in batches.
                max_batch_total_size_bytes: 64 << 20,
                ..CacheCapabilities::default()
            }),
            execution_capabilities: Some(ExecutionCapabilities { exec_enabled: true, ..Default::default() }),
            ..ServerCapabilities::default()
        }))
    }
}

#[tonic::async_trait]
impl ContentAddressableStorage for Liar {
    async fn find_missing_blobs(&self, request: Request<FindMissingBlobsRequest>) -> Answer<FindMissingBlobsResponse> {
        let inner = self.inner();
        let missing = request.into_inner().blob_digests.into_iter().filter(|digest| !inner.blobs.contains_key(digest));
        Ok(Response::new(FindMissingBlobsResponse { missing_blob_digests: missing.collect() }))
    }

    async fn batch_update_blobs(&self, request: Request<BatchUpdateBlobsRequest>) -> Answer<BatchUpdateBlobsResponse> {
        let refuses = {
            let mut inner = self.inner();
            inner.sent += 1;
            inner.refuses
        };
        if let Some(code) = refuses {
            return Err(Status::new(code, "so it is said"));
        }
        let blobs = request.into_inner().requests.into_iter();
        let blobs: Vec<_> = blobs.filter_map(|blob| Some((blob.digest?, blob.data))).collect();
        let took = |(digest, _): &(Digest, _)| batch_update_blobs_response::Response {
            digest: Some(digest.clone()),
            status: Some(rpc::Status::default()),
        };
        let responses = blobs.iter().map(took).collect();
        self.inner().blobs.extend(blobs);
        Ok(Response::new(BatchUpdateBlobsResponse { responses }))
    }

    async fn batch_read_blobs(&self, request: Request<BatchReadBlobsRequest>) -> Answer<BatchReadBlobsResponse> {
        let inner = self.inner();
        let read = |digest: Digest| {
            let data = inner.blobs.get(&digest).cloned();
            let code = if data.is_some() { Code::Ok } else { Code::NotFound };
            let status = Some(rpc::Status { code: code.into(), ..rpc::Status::default() });
            let (digest, data) = (Some(digest), data.unwrap_or_default());
            batch_read_blobs_response::Response { digest, data, status, compressor: 0 }
        };
        let responses = request.into_inner().digests.into_iter().map(read).collect();
        Ok(Response::new(BatchReadBlobsResponse { responses }))
    }

    type GetTreeStream = Told<GetTreeResponse>;

    async fn get_tree(&self, _: Request<GetTreeRequest>) -> Answer<Self::GetTreeStream> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn split_blob(&self, _: Request<SplitBlobRequest>) -> Answer<SplitBlobResponse> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    type GetChunkMappingStream = Told<GetChunkMappingResponse>;

    async fn get_chunk_mapping(&self, _: Request<GetChunkMappingRequest>) -> Answer<Self::GetChunkMappingStream> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn splice_blob(&self, _: Request<SpliceBlobRequest>) -> Answer<SpliceBlobResponse> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn register_chunk_mapping(
        &self,
        _: Request<Streaming<RegisterChunkMappingRequest>>,
    ) -> Answer<RegisterChunkMappingResponse> {
        Err(Status::unimplemented("nobody asks for it"))
    }
}

#[tonic::async_trait]
impl Execution for Liar {
    type ExecuteStream = Told<Operation>;
    type WaitExecutionStream = Told<Operation>;

    async fn execute(&self, _: Request<ExecuteRequest>) -> Answer<Self::ExecuteStream> {
        let say = {
            let mut inner = self.inner();
            inner.asked += 1;
            Inner::next(&mut inner.says).expect("the test says what is said")
        };
        say.said()
    }

    async fn wait_execution(&self, _: Request<WaitExecutionRequest>) -> Answer<Self::WaitExecutionStream> {
        let say = {
            let mut inner = self.inner();
            inner.waited += 1;
            Inner::next(&mut inner.waits)
        };
        say.map_or(Err(Status::not_found("it is forgotten")), Say::said)
    }
}

#[tonic::async_trait]
impl Operations for Liar {
    async fn cancel_operation(&self, request: Request<CancelOperationRequest>) -> Answer<Empty> {
        self.inner().cancelled.push(request.into_inner().name);
        Ok(Response::new(Empty {}))
    }

    async fn list_operations(&self, _: Request<ListOperationsRequest>) -> Answer<ListOperationsResponse> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn get_operation(&self, _: Request<GetOperationRequest>) -> Answer<Operation> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn delete_operation(&self, _: Request<DeleteOperationRequest>) -> Answer<Empty> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    async fn wait_operation(&self, _: Request<WaitOperationRequest>) -> Answer<Operation> {
        Err(Status::unimplemented("nobody asks for it"))
    }
}
