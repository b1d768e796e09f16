//! What the server can do.

use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_server::Capabilities;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionCacheUpdateCapabilities, CacheCapabilities, ExecutionCapabilities, GetCapabilitiesRequest,
    ServerCapabilities, compressor, digest_function, symlink_absolute_path_strategy,
};
use bazel_remote_apis::build::bazel::semver::SemVer;
use tonic::{Request, Response, Status};

use super::{BATCH, Service, check};
use crate::Rights;
use crate::access::Caller;
use crate::shelf::Kind;

#[tonic::async_trait]
impl Capabilities for Service {
    async fn get_capabilities(
        &self,
        request: Request<GetCapabilitiesRequest>,
    ) -> Result<Response<ServerCapabilities>, Status> {
        let rights = request.extensions().get().map_or(Rights::Nothing, |caller: &Caller| caller.rights);
        check(&request.get_ref().instance_name, 0)?;
        let cache = CacheCapabilities {
            digest_functions: vec![digest_function::Value::Sha256.into()],
            action_cache_update_capabilities: Some(ActionCacheUpdateCapabilities {
                update_enabled: rights >= Rights::Write,
            }),
            max_batch_total_size_bytes: BATCH.cast_signed(),
            symlink_absolute_path_strategy: symlink_absolute_path_strategy::Value::Allowed.into(),
            supported_compressors: vec![compressor::Value::Zstd.into()],
            // Zero is for without a limit.
            max_cas_blob_size_bytes: i64::try_from(self.shelf.most(Kind::Blob)).unwrap_or(0),
            ..CacheCapabilities::default()
        };
        let sha256 = digest_function::Value::Sha256.into();
        let execution = self.workshop.is_some().then(|| ExecutionCapabilities {
            digest_function: sha256,
            digest_functions: vec![sha256],
            exec_enabled: rights >= Rights::Execute,
            ..ExecutionCapabilities::default()
        });
        let version = |minor| Some(SemVer { major: 2, minor, ..SemVer::default() });
        Ok(Response::new(ServerCapabilities {
            cache_capabilities: Some(cache),
            execution_capabilities: execution,
            low_api_version: version(0),
            high_api_version: version(3),
            ..ServerCapabilities::default()
        }))
    }
}
