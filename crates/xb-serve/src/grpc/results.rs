//! What actions left.

use std::sync::Arc;

use bazel_remote_apis::build::bazel::remote::execution::v2::action_cache_server::ActionCache;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, GetActionResultRequest, UpdateActionResultRequest,
};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{Service, check, failed, named};
use crate::apart::apart;
use crate::shelf::Name;

#[tonic::async_trait]
impl ActionCache for Service {
    async fn get_action_result(
        &self,
        request: Request<GetActionResultRequest>,
    ) -> Result<Response<ActionResult>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let key = named(request.action_digest.as_ref())?.sha256;
        let shelf = Arc::clone(&self.shelf);
        let bytes = apart(move || shelf.entry(key)).await.map_err(failed)?;
        // What somebody put there by HTTP need not be a result.
        let result = bytes.and_then(|bytes| ActionResult::decode(&*bytes).ok());
        result.map(Response::new).ok_or_else(|| Status::not_found("nothing is known of what this action left"))
    }

    async fn update_action_result(
        &self,
        request: Request<UpdateActionResultRequest>,
    ) -> Result<Response<ActionResult>, Status> {
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let key = named(request.action_digest.as_ref())?.sha256;
        let result = request.action_result.ok_or_else(|| Status::invalid_argument("a result is missing"))?;
        let bytes = result.encode_to_vec();
        let shelf = Arc::clone(&self.shelf);
        apart(move || shelf.put(Name::entry(key), bytes.len() as u64, &bytes)).await?;
        Ok(Response::new(result))
    }
}
