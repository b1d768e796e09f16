//! A server of the Remote Execution API that runs nothing, and says what a test has it say.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_server::{Capabilities, CapabilitiesServer};
use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_server::{
    ContentAddressableStorage, ContentAddressableStorageServer,
};
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_server::{Execution, ExecutionServer};
use bazel_remote_apis::build::bazel::remote::execution::v2::*;
use bazel_remote_apis::google::longrunning::{Operation, operation};
use bazel_remote_apis::google::protobuf::Any;
use bazel_remote_apis::google::rpc;
use futures_util::{Stream, stream};
use prost::Message;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use xb_remote::DigestFunction;

type Answer<T> = Result<Response<T>, Status>;
type Told<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the server says about one Execute, in turn; the last for all that come after.
#[derive(Clone)]
pub enum Say {
    /// The action ended so.
    Ended(ActionResult),
    /// The run came to this status.
    Status(Code),
    /// The call itself did.
    Refused(Code),
    /// It is done, and these are the bytes of the answer.
    Bytes(Vec<u8>),
    /// Nothing, and the stream ends.
    Silence,
}

/// The server: what it has, and what it says.
#[derive(Clone, Default)]
pub struct Liar {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    blobs: HashMap<Digest, Vec<u8>>,
    says: VecDeque<Say>,
    /// How often an action was to be run.
    asked: usize,
}

impl Liar {
    /// Starts it, and returns where it is.
    pub async fn start(&self) -> String {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = incoming.local_addr().expect("an address").to_string();
        let server = Server::builder()
            .add_service(CapabilitiesServer::new(self.clone()))
            .add_service(ContentAddressableStorageServer::new(self.clone()))
            .add_service(ExecutionServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        address
    }

    pub fn says(&self, says: impl IntoIterator<Item = Say>) {
        let mut inner = self.inner.lock().expect("nobody panicked");
        (inner.says, inner.asked) = (says.into_iter().collect(), 0);
    }

    /// How often an action was to be run.
    pub fn asked(&self) -> usize {
        self.inner.lock().expect("nobody panicked").asked
    }

    /// Has it have bytes.
    pub fn keep(&self, bytes: Vec<u8>) -> Digest {
        let digest = DigestFunction::Sha256.of(&bytes);
        self.keep_as(digest.clone(), bytes);
        digest
    }

    /// Has it have bytes by the name of others.
    pub fn keep_as(&self, digest: Digest, bytes: Vec<u8>) {
        self.inner.lock().expect("nobody panicked").blobs.insert(digest, bytes);
    }

    /// Has it lose everything.
    pub fn forget(&self) {
        self.inner.lock().expect("nobody panicked").blobs.clear();
    }
}

#[tonic::async_trait]
impl Capabilities for Liar {
    async fn get_capabilities(&self, _: Request<GetCapabilitiesRequest>) -> Answer<ServerCapabilities> {
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
        let inner = self.inner.lock().expect("nobody panicked");
        let missing = request.into_inner().blob_digests.into_iter().filter(|digest| !inner.blobs.contains_key(digest));
        Ok(Response::new(FindMissingBlobsResponse { missing_blob_digests: missing.collect() }))
    }

    async fn batch_update_blobs(&self, request: Request<BatchUpdateBlobsRequest>) -> Answer<BatchUpdateBlobsResponse> {
        let blobs = request.into_inner().requests.into_iter();
        let blobs: Vec<_> = blobs.filter_map(|blob| Some((blob.digest?, blob.data))).collect();
        let took = |(digest, _): &(Digest, _)| batch_update_blobs_response::Response {
            digest: Some(digest.clone()),
            status: Some(rpc::Status::default()),
        };
        let responses = blobs.iter().map(took).collect();
        self.inner.lock().expect("nobody panicked").blobs.extend(blobs);
        Ok(Response::new(BatchUpdateBlobsResponse { responses }))
    }

    async fn batch_read_blobs(&self, request: Request<BatchReadBlobsRequest>) -> Answer<BatchReadBlobsResponse> {
        let inner = self.inner.lock().expect("nobody panicked");
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
            let mut inner = self.inner.lock().expect("nobody panicked");
            inner.asked += 1;
            let first = inner.says.pop_front().expect("the test says what is said");
            if inner.says.is_empty() {
                inner.says.push_back(first.clone());
            }
            first
        };
        let response = match say {
            Say::Ended(result) => {
                ExecuteResponse { result: Some(result), ..ExecuteResponse::default() }.encode_to_vec()
            }
            Say::Status(code) => {
                let status = rpc::Status { code: code.into(), message: "so it is said".to_owned(), details: vec![] };
                ExecuteResponse { status: Some(status), ..ExecuteResponse::default() }.encode_to_vec()
            }
            Say::Refused(code) => return Err(Status::new(code, "so it is said")),
            Say::Bytes(bytes) => bytes,
            Say::Silence => return Ok(Response::new(Box::pin(stream::empty()))),
        };
        let any = Any { type_url: String::new(), value: response };
        let result = Some(operation::Result::Response(any));
        let told = Operation { name: "operation".to_owned(), metadata: None, done: true, result };
        Ok(Response::new(Box::pin(stream::iter([Ok(told)]))))
    }

    async fn wait_execution(&self, _: Request<WaitExecutionRequest>) -> Answer<Self::WaitExecutionStream> {
        Err(Status::not_found("it is forgotten"))
    }
}
