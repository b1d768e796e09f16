//! Actions that are run here.

use std::sync::Arc;
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::execution_server::Execution;
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_stage::Value;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, Digest, ExecuteOperationMetadata, ExecuteRequest, ExecuteResponse, WaitExecutionRequest,
};
use bazel_remote_apis::google::longrunning::operation::Result as Ending;
use bazel_remote_apis::google::longrunning::operations_server::Operations;
use bazel_remote_apis::google::longrunning::{
    CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest, ListOperationsResponse,
    Operation, WaitOperationRequest,
};
use bazel_remote_apis::google::protobuf::{Any, Empty};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use prost::Message;
use tonic::{Request, Response, Status};

use super::{Service, check, failed, named};
use crate::access::Caller;
use crate::apart::apart;
use crate::worker::{Follower, Stage, Workshop};

/// How often who follows a run is told that it goes on, whatever happens: in between, some take a silent line for a
/// dead one.
const PULSE: Duration = Duration::from_secs(30);

type Told = BoxStream<'static, Result<Operation, Status>>;

#[tonic::async_trait]
impl Execution for Service {
    type ExecuteStream = Told;
    type WaitExecutionStream = Told;

    async fn execute(&self, request: Request<ExecuteRequest>) -> Result<Response<Told>, Status> {
        let workshop = self.workshop()?;
        let who = request.extensions().get().and_then(|caller: &Caller| caller.name.clone());
        let request = request.into_inner();
        check(&request.instance_name, request.digest_function)?;
        let key = named(request.action_digest.as_ref())?.sha256;
        let action = request.action_digest.unwrap_or_default();
        if !request.skip_cache_lookup {
            let shelf = Arc::clone(&self.shelf);
            let bytes = apart(move || shelf.entry(key)).await.map_err(failed)?;
            if let Some(result) = bytes.and_then(|bytes| ActionResult::decode(&*bytes).ok()) {
                let response = ExecuteResponse { result: Some(result), cached_result: true, ..Default::default() };
                return Ok(Response::new(once(&action, &response)));
            }
        }
        match workshop.follow(action.clone(), who).await {
            Ok(follower) => Ok(Response::new(told(follower))),
            Err(trouble) => {
                let response = ExecuteResponse { status: Some(trouble.into()), ..ExecuteResponse::default() };
                Ok(Response::new(once(&action, &response)))
            }
        }
    }

    async fn wait_execution(&self, request: Request<WaitExecutionRequest>) -> Result<Response<Told>, Status> {
        let follower = self.workshop()?.operations.follow(&request.get_ref().name);
        follower.map(|follower| Response::new(told(follower))).ok_or_else(|| unknown(&request.get_ref().name))
    }
}

#[tonic::async_trait]
impl Operations for Service {
    async fn cancel_operation(&self, request: Request<CancelOperationRequest>) -> Result<Response<Empty>, Status> {
        let name = &request.get_ref().name;
        match self.workshop()?.operations.cancel(name) {
            true => Ok(Response::new(Empty {})),
            false => Err(unknown(name)),
        }
    }

    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        let name = &request.get_ref().name;
        let mut follower = self.workshop()?.operations.follow(name).ok_or_else(|| unknown(name))?;
        let stage = follower.next(Duration::ZERO).await;
        Ok(Response::new(message(&follower, &stage)))
    }

    async fn list_operations(
        &self,
        _: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        Err(Status::unimplemented("nobody is told what others have run"))
    }

    async fn delete_operation(&self, _: Request<DeleteOperationRequest>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("how a run ended is forgotten after a while"))
    }

    async fn wait_operation(&self, _: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        Err(Status::unimplemented("`WaitExecution` waits for a run"))
    }
}

impl Service {
    fn workshop(&self) -> Result<&Arc<Workshop>, Status> {
        let why = "this server keeps things and executes nothing: `xb serve --execute` does";
        self.workshop.as_ref().ok_or_else(|| Status::unimplemented(why))
    }
}

fn unknown(name: &str) -> Status {
    Status::not_found(format!("nothing is known of a run `{name}`"))
}

/// What is told of a run, until it has ended.
fn told(follower: Follower) -> Told {
    let stages = stream::unfold(Some(follower), async |follower| {
        let mut follower = follower?;
        let stage = follower.next(PULSE).await;
        let message = message(&follower, &stage);
        let rest = (!message.done).then_some(follower);
        Some((Ok(message), rest))
    });
    stages.boxed()
}

fn message(follower: &Follower, stage: &Stage) -> Operation {
    let (value, response) = match stage {
        Stage::Queued => (Value::Queued, None),
        Stage::Executing => (Value::Executing, None),
        Stage::Ended(response) => (Value::Completed, Some(&**response)),
    };
    operation(&follower.operation.name, &follower.operation.action, value, response)
}

/// What is told where nothing runs.
fn once(action: &Digest, response: &ExecuteResponse) -> Told {
    stream::iter([Ok(operation("", action, Value::Completed, Some(response)))]).boxed()
}

fn operation(name: &str, action: &Digest, stage: Value, response: Option<&ExecuteResponse>) -> Operation {
    let about = ExecuteOperationMetadata {
        stage: stage.into(),
        action_digest: Some(action.clone()),
        ..ExecuteOperationMetadata::default()
    };
    Operation {
        name: name.to_owned(),
        metadata: Some(any("ExecuteOperationMetadata", &about)),
        done: response.is_some(),
        result: response.map(|response| Ending::Response(any("ExecuteResponse", response))),
    }
}

fn any(kind: &str, message: &impl Message) -> Any {
    let type_url = format!("type.googleapis.com/build.bazel.remote.execution.v2.{kind}");
    Any { type_url, value: message.encode_to_vec() }
}
