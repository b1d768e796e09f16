//! What a server means by what it says of a run.
//!
//! | said | of the run | by the stream |
//! |---|---|---|
//! | `FAILED_PRECONDITION` | it lacks contents | the same |
//! | `NOT_FOUND` | it lacks contents | the same; of a run that is waited for: it has forgotten it |
//! | `INVALID_ARGUMENT` | it does not run this | the same; of a run that is waited for: it has forgotten it |
//! | `INTERNAL` | it may lack contents: buildbox says so | the connection was cut |
//! | `DEADLINE_EXCEEDED` | the action took too long | the connection was cut |
//! | `RESOURCE_EXHAUSTED` | it has too much to do | the same |
//! | `UNAVAILABLE`, `ABORTED`, `CANCELLED`, `UNKNOWN` | the worker was lost | the connection was cut |
//! | anything else | it does not run this | the same |

use bazel_remote_apis::build::bazel::remote::execution::v2::{ActionResult, ExecuteResponse};
use bazel_remote_apis::google::longrunning::Operation as Told;
use bazel_remote_apis::google::longrunning::operation::Result as Ending;
use prost::Message as _;
use tonic::{Code, Status};

use crate::error::said;

/// How the run of an action ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The command ended, or the server knew how it had ended before.
    Ended {
        /// What it left.
        result: Box<ActionResult>,
        /// Whether it was known before.
        cached: bool,
    },
    /// The server stopped the command since it took too long; what it had printed may be here.
    TimedOut(Box<ActionResult>),
    /// The server lacks something of what the action needs, or may: the reason, in its words.
    Lacks(String),
}

/// What is to be done about what a server said.
pub(super) enum Verdict {
    Outcome(Outcome),
    /// The operation that is waited for is not known any more.
    Forgotten(Status),
    /// The connection was cut; the run may go on.
    Cut(Status),
    /// The server has too much to do.
    Full(Status),
    /// The run did not come to its end, by no fault of the action.
    Lost(Status),
    /// The server does not run this.
    Refused(Status),
}

impl Verdict {
    /// What an operation that has ended says.
    pub fn of(told: Told) -> Self {
        let response = match told.result {
            Some(Ending::Error(status)) => ExecuteResponse { status: Some(status), ..ExecuteResponse::default() },
            Some(Ending::Response(any)) => match ExecuteResponse::decode(&*any.value) {
                Ok(response) => response,
                Err(error) => return Self::Refused(Status::data_loss(format!("its answer cannot be read: {error}"))),
            },
            None => return Self::Refused(Status::data_loss("it says that the run has ended, and not how")),
        };
        let status = response.status.unwrap_or_default();
        let status = Status::new(Code::from_i32(status.code), status.message);
        match (status.code(), response.result) {
            (Code::Ok, Some(result)) => {
                Self::Outcome(Outcome::Ended { result: Box::new(result), cached: response.cached_result })
            }
            (Code::Ok, None) => {
                Self::Refused(Status::data_loss("it says that the run went well, and not what it left"))
            }
            (Code::DeadlineExceeded, result) => Self::Outcome(Outcome::TimedOut(Box::new(result.unwrap_or_default()))),
            (Code::FailedPrecondition | Code::NotFound | Code::Internal, _) => {
                Self::Outcome(Outcome::Lacks(said(&status)))
            }
            (Code::ResourceExhausted, _) => Self::Full(status),
            (Code::Unavailable | Code::Aborted | Code::Cancelled | Code::Unknown, _) => Self::Lost(status),
            _ => Self::Refused(status),
        }
    }

    /// What a stream says that ended before the operation did.
    pub fn of_stream(status: Status, is_wait: bool) -> Self {
        match status.code() {
            // BuildGrid says the latter of a name that it does not know.
            Code::NotFound | Code::InvalidArgument if is_wait => Self::Forgotten(status),
            Code::NotFound | Code::FailedPrecondition => Self::Outcome(Outcome::Lacks(said(&status))),
            Code::ResourceExhausted => Self::Full(status),
            Code::Unavailable
            | Code::Aborted
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::DeadlineExceeded => Self::Cut(status),
            _ => Self::Refused(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use bazel_remote_apis::google::protobuf::Any;
    use bazel_remote_apis::google::rpc;

    use super::*;

    fn told(code: Code, result: Option<ActionResult>) -> Told {
        let status = Some(rpc::Status { code: code.into(), message: "said".to_owned(), details: Vec::new() });
        let value = ExecuteResponse { status, result, ..ExecuteResponse::default() }.encode_to_vec();
        let response = Any { type_url: String::new(), value };
        Told { done: true, result: Some(Ending::Response(response)), ..Told::default() }
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Outcome(Outcome::Ended { .. }) => "ended",
            Verdict::Outcome(Outcome::TimedOut(_)) => "timed out",
            Verdict::Outcome(Outcome::Lacks(_)) => "lacks",
            Verdict::Forgotten(_) => "forgotten",
            Verdict::Cut(_) => "cut",
            Verdict::Full(_) => "full",
            Verdict::Lost(_) => "lost",
            Verdict::Refused(_) => "refused",
        }
    }

    #[test]
    fn the_table_is_as_documented() {
        for (code, of_run, of_stream, of_wait) in [
            (Code::FailedPrecondition, "lacks", "lacks", "lacks"),
            (Code::NotFound, "lacks", "lacks", "forgotten"),
            (Code::Internal, "lacks", "cut", "cut"),
            (Code::DeadlineExceeded, "timed out", "cut", "cut"),
            (Code::ResourceExhausted, "full", "full", "full"),
            (Code::Unavailable, "lost", "cut", "cut"),
            (Code::Aborted, "lost", "cut", "cut"),
            (Code::Cancelled, "lost", "cut", "cut"),
            (Code::Unknown, "lost", "cut", "cut"),
            (Code::InvalidArgument, "refused", "refused", "forgotten"),
            (Code::PermissionDenied, "refused", "refused", "refused"),
        ] {
            assert_eq!(word(&Verdict::of(told(code, None))), of_run, "{code:?}");
            assert_eq!(word(&Verdict::of_stream(Status::new(code, ""), false)), of_stream, "{code:?}");
            assert_eq!(word(&Verdict::of_stream(Status::new(code, ""), true)), of_wait, "{code:?}");
        }
    }

    #[test]
    fn an_end_that_says_nothing_is_none() {
        assert_eq!(word(&Verdict::of(told(Code::Ok, Some(ActionResult::default())))), "ended");
        assert_eq!(word(&Verdict::of(told(Code::Ok, None))), "refused");
        assert_eq!(word(&Verdict::of(Told { done: true, ..Told::default() })), "refused");
        let broken = Any { type_url: String::new(), value: vec![0xff] };
        let broken = Told { done: true, result: Some(Ending::Response(broken)), ..Told::default() };
        assert_eq!(word(&Verdict::of(broken)), "refused");
    }
}
