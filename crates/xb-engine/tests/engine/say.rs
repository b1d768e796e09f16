//! What a server says of the run of an action, as the messages of the API.

use std::pin::Pin;
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::*;
use bazel_remote_apis::google::longrunning::{Operation, operation};
use bazel_remote_apis::google::protobuf::Any;
use bazel_remote_apis::google::rpc;
use futures_util::{Stream, StreamExt, stream};
use prost::Message;
use tonic::{Code, Response, Status};

pub type Answer<T> = Result<Response<T>, Status>;
pub type Told<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the server says about one Execute, in turn; the last for all that come after.
#[derive(Clone)]
pub enum Say {
    /// The action ended so.
    Ended(Box<ActionResult>),
    /// The run came to this status.
    Status(Code),
    /// The call itself did.
    Refused(Code),
    /// It is done, and these are the bytes of the answer.
    Bytes(Vec<u8>),
    /// Nothing, and the stream ends.
    Silence,
    /// It has begun, and the connection is cut.
    Cut,
    /// It is at a stage for a while, and comes to this status.
    Late(execution_stage::Value, Duration, Code),
    /// Nothing for a while, then that it has begun; then nothing for ever.
    Hanging(Duration),
}

impl Say {
    /// The messages, one after the other.
    pub fn said(self) -> Answer<Told<Operation>> {
        let begun = |stage: execution_stage::Value| {
            let about = ExecuteOperationMetadata { stage: stage.into(), ..ExecuteOperationMetadata::default() };
            let metadata = Some(Any { type_url: String::new(), value: about.encode_to_vec() });
            Operation { name: "operation".to_owned(), metadata, ..Operation::default() }
        };
        let ended = |response: Vec<u8>| {
            let result = Some(operation::Result::Response(Any { type_url: String::new(), value: response }));
            Operation { name: "operation".to_owned(), done: true, result, ..Operation::default() }
        };
        let status = |code: Code| {
            let status = rpc::Status { code: code.into(), message: "so it is said".to_owned(), details: vec![] };
            ExecuteResponse { status: Some(status), ..ExecuteResponse::default() }.encode_to_vec()
        };
        let told: Told<Operation> = match self {
            Say::Ended(result) => {
                let response = ExecuteResponse { result: Some(*result), ..ExecuteResponse::default() };
                Box::pin(stream::iter([Ok(ended(response.encode_to_vec()))]))
            }
            Say::Status(code) => Box::pin(stream::iter([Ok(ended(status(code)))])),
            Say::Refused(code) => return Err(Status::new(code, "so it is said")),
            Say::Bytes(bytes) => Box::pin(stream::iter([Ok(ended(bytes))])),
            Say::Silence => Box::pin(stream::empty()),
            Say::Cut => {
                let cut = Err(Status::unavailable("it is cut"));
                Box::pin(stream::iter([Ok(begun(execution_stage::Value::Executing)), cut]))
            }
            Say::Late(stage, while_, code) => {
                let ended = ended(status(code));
                let late = stream::once(async move {
                    tokio::time::sleep(while_).await;
                    Ok(ended)
                });
                Box::pin(stream::iter([Ok(begun(stage))]).chain(late))
            }
            Say::Hanging(while_) => {
                let begun = begun(execution_stage::Value::Executing);
                let late = stream::once(async move {
                    tokio::time::sleep(while_).await;
                    Ok(begun)
                });
                Box::pin(late.chain(stream::pending()))
            }
        };
        Ok(Response::new(told))
    }
}
