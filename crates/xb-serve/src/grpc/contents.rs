//! Contents, many at once.

use std::collections::HashSet;
use std::sync::Arc;

use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_server::ContentAddressableStorage;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    BatchReadBlobsRequest, BatchReadBlobsResponse, BatchUpdateBlobsRequest, BatchUpdateBlobsResponse, Digest,
    Directory, FindMissingBlobsRequest, FindMissingBlobsResponse, GetChunkMappingRequest, GetChunkMappingResponse,
    GetTreeRequest, GetTreeResponse, RegisterChunkMappingRequest, RegisterChunkMappingResponse, SpliceBlobRequest,
    SpliceBlobResponse, SplitBlobRequest, SplitBlobResponse, batch_read_blobs_response, batch_update_blobs_request,
    batch_update_blobs_response,
};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use prost::Message as _;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{BATCH, Service, check, failed, named};
use crate::Shelf;
use crate::apart::apart;
use crate::shelf::Name;

/// A directory is no longer than this.
const MOST_DIRECTORY: u64 = 2 << 20;

/// How many directories are looked at for one message.
const PAGE: usize = 4096;

#[tonic::async_trait]
impl ContentAddressableStorage for Service {
    type GetTreeStream = BoxStream<'static, Result<GetTreeResponse, Status>>;
    type GetChunkMappingStream = BoxStream<'static, Result<GetChunkMappingResponse, Status>>;

    async fn find_missing_blobs(
        &self,
        request: Request<FindMissingBlobsRequest>,
    ) -> Result<Response<FindMissingBlobsResponse>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        for digest in &request.blob_digests {
            named(Some(digest))?;
        }
        let shelf = Arc::clone(&self.shelf);
        let missing = apart(move || {
            let lacks = |digest: Digest| Ok((!shelf.has_digest(&digest)?).then_some(digest));
            request.blob_digests.into_iter().map(lacks).filter_map(Result::transpose).collect::<std::io::Result<_>>()
        });
        let missing_blob_digests = missing.await.map_err(failed)?;
        Ok(Response::new(FindMissingBlobsResponse { missing_blob_digests }))
    }

    async fn batch_update_blobs(
        &self,
        request: Request<BatchUpdateBlobsRequest>,
    ) -> Result<Response<BatchUpdateBlobsResponse>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let shelf = Arc::clone(&self.shelf);
        let responses = apart(move || request.requests.into_iter().map(|update| write(&shelf, update)).collect());
        Ok(Response::new(BatchUpdateBlobsResponse { responses: responses.await }))
    }

    async fn batch_read_blobs(
        &self,
        request: Request<BatchReadBlobsRequest>,
    ) -> Result<Response<BatchReadBlobsResponse>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let sizes = request.digests.iter().map(|digest| Ok(named(Some(digest))?.size));
        let total = sizes.sum::<Result<u64, Status>>()?;
        if total > BATCH {
            return Err(Status::invalid_argument(format!("these are {total} bytes, and a batch has at most {BATCH}")));
        }
        let shelf = Arc::clone(&self.shelf);
        let responses = apart(move || request.digests.into_iter().map(|digest| read(&shelf, digest)).collect());
        Ok(Response::new(BatchReadBlobsResponse { responses: responses.await }))
    }

    async fn get_tree(&self, request: Request<GetTreeRequest>) -> Result<Response<Self::GetTreeStream>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let root = request.root_digest.ok_or_else(|| Status::invalid_argument("a digest is missing"))?;
        named(Some(&root))?;
        let shelf = Arc::clone(&self.shelf);
        let walk = Walk { shelf, seen: HashSet::from([root.hash.clone()]), next: vec![root], is_begun: false };
        let pages = stream::try_unfold(walk, async |walk| {
            let (directories, walk) = apart(move || walk.page()).await?;
            let page = GetTreeResponse { directories, next_page_token: String::new() };
            Ok((!page.directories.is_empty()).then_some((page, walk)))
        });
        Ok(Response::new(pages.boxed()))
    }

    async fn split_blob(&self, _: Request<SplitBlobRequest>) -> Result<Response<SplitBlobResponse>, Status> {
        Err(not_cut())
    }

    async fn splice_blob(&self, _: Request<SpliceBlobRequest>) -> Result<Response<SpliceBlobResponse>, Status> {
        Err(not_cut())
    }

    async fn get_chunk_mapping(
        &self,
        _: Request<GetChunkMappingRequest>,
    ) -> Result<Response<Self::GetChunkMappingStream>, Status> {
        Err(not_cut())
    }

    async fn register_chunk_mapping(
        &self,
        _: Request<Streaming<RegisterChunkMappingRequest>>,
    ) -> Result<Response<RegisterChunkMappingResponse>, Status> {
        Err(not_cut())
    }
}

/// What is said of chunks, of which the capabilities promise nothing.
fn not_cut() -> Status {
    Status::unimplemented("contents are neither cut nor joined here")
}

/// A tree that is being walked.
struct Walk {
    shelf: Arc<Shelf>,
    next: Vec<Digest>,
    seen: HashSet<String>,
    is_begun: bool,
}

impl Walk {
    /// The next directories; none at the end.
    fn page(mut self) -> Result<(Vec<Directory>, Self), Status> {
        let (mut page, mut bytes) = (Vec::new(), 0);
        while page.len() < PAGE && bytes < BATCH {
            let Some(digest) = self.next.pop() else { break };
            let blob = named(Some(&digest))?;
            let found = self.shelf.bytes(Name::blob(blob.sha256), MOST_DIRECTORY).map_err(failed)?;
            let Some(found) = found else {
                // Of a tree of which only a part is here, that part is given.
                if self.is_begun {
                    continue;
                }
                return Err(Status::not_found(format!("the directory {} is not here", digest.hash)));
            };
            self.is_begun = true;
            bytes += found.len() as u64;
            let directory = Directory::decode(&*found)
                .map_err(|_| Status::failed_precondition(format!("{} is no directory", digest.hash)))?;
            let inner = directory.directories.iter().filter_map(|inner| inner.digest.clone());
            self.next.extend(inner.filter(|inner| self.seen.insert(inner.hash.clone())));
            page.push(directory);
        }
        Ok((page, self))
    }
}

fn write(shelf: &Shelf, update: batch_update_blobs_request::Request) -> batch_update_blobs_response::Response {
    let put = match (update.compressor, named(update.digest.as_ref())) {
        (0, Ok(blob)) => shelf.put(Name::blob(blob.sha256), blob.size, &update.data).map_err(Status::from),
        (0, Err(status)) => Err(status),
        _ => Err(Status::invalid_argument("what goes in a batch goes as it is, not compressed")),
    };
    batch_update_blobs_response::Response { digest: update.digest, status: Some(told(put)) }
}

fn read(shelf: &Shelf, digest: Digest) -> batch_read_blobs_response::Response {
    let bytes = named(Some(&digest)).and_then(|blob| {
        let bytes = shelf.bytes(Name::blob(blob.sha256), blob.size).map_err(failed)?;
        let whole = bytes.filter(|bytes| bytes.len() as u64 == blob.size);
        shelf.metrics.looked_up("cas", whole.is_some());
        whole.ok_or_else(|| Status::not_found("it is not here"))
    });
    let (data, status) = match bytes {
        Ok(data) => (data, Ok(())),
        Err(status) => (Vec::new(), Err(status)),
    };
    batch_read_blobs_response::Response { digest: Some(digest), data, compressor: 0, status: Some(told(status)) }
}

/// How one thing of many went.
fn told(done: Result<(), Status>) -> bazel_remote_apis::google::rpc::Status {
    let (code, message) = match done {
        Ok(()) => (Code::Ok, String::new()),
        Err(status) => (status.code(), status.message().to_owned()),
    };
    bazel_remote_apis::google::rpc::Status { code: code.into(), message, details: Vec::new() }
}
