//! Why an action did not run, or what it left could not be kept.

use std::fmt::{self, Display};

use bazel_remote_apis::build::bazel::remote::execution::v2::Digest;
use bazel_remote_apis::google::protobuf::Any;
use bazel_remote_apis::google::rpc;
use prost::Message;
use tonic::Code;
use xb_build::ExecutorError;
use xb_graph::MissingDirectory;
use xb_run::Unfurnished;
use xb_store::StoreError;
use xb_translate::NoTree;

use crate::shelf::Refusal;

/// Why an action did not run, or what it left could not be kept.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Something is not here: its digests.
    Lacks(Vec<Digest>),
    /// It is no action that anybody could run: why.
    Wrong(String),
    /// This machine could not do it: why. Another time, or elsewhere, it may be possible.
    Here(String),
    /// It was to be stopped.
    Stopped(&'static str),
}

impl Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks(digests) => write!(f, "{} of the things that it needs are not here", digests.len()),
            Self::Wrong(why) | Self::Here(why) => f.write_str(why),
            Self::Stopped(why) => f.write_str(why),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Here(Refusal::from(error).to_string())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Here(error.to_string())
    }
}

impl From<MissingDirectory> for Trouble {
    fn from(error: MissingDirectory) -> Self {
        Self::Here(error.to_string())
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal.to_string())
    }
}

impl From<NoTree> for Trouble {
    fn from(why: NoTree) -> Self {
        let (NoTree::Refused(why) | NoTree::Lied(why)) = why;
        Self::Wrong(format!("the root is no tree: {why}"))
    }
}

impl From<Unfurnished> for Trouble {
    fn from(why: Unfurnished) -> Self {
        match why {
            Unfurnished::InTheWay { .. } => Self::Wrong(why.to_string()),
            Unfurnished::Missing(_) => Self::Here(why.to_string()),
        }
    }
}

impl From<ExecutorError> for Trouble {
    fn from(error: ExecutorError) -> Self {
        match error {
            ExecutorError::Unable(why) => Self::Wrong(why),
            ExecutorError::Store(why) | ExecutorError::Machine(why) | ExecutorError::Gone(why) => Self::Here(why),
        }
    }
}

/// `google.rpc.PreconditionFailure`, by which clients are told what to send.
#[derive(Clone, PartialEq, Message)]
struct PreconditionFailure {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<Violation>,
}

#[derive(Clone, PartialEq, Message)]
struct Violation {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    subject: String,
}

impl From<Trouble> for rpc::Status {
    fn from(trouble: Trouble) -> Self {
        let message = trouble.to_string();
        let told = |code: Code| Self { code: code.into(), message, details: Vec::new() };
        match trouble {
            Trouble::Lacks(digests) => {
                let violation = |digest: &Digest| Violation {
                    kind: "MISSING".to_owned(),
                    subject: format!("blobs/{}/{}", digest.hash, digest.size_bytes),
                };
                let failure = PreconditionFailure { violations: digests.iter().map(violation).collect() };
                let type_url = "type.googleapis.com/google.rpc.PreconditionFailure".to_owned();
                let details = vec![Any { type_url, value: failure.encode_to_vec() }];
                Self { details, ..told(Code::FailedPrecondition) }
            }
            Trouble::Wrong(_) => told(Code::InvalidArgument),
            Trouble::Here(_) => told(Code::Unavailable),
            Trouble::Stopped(_) => told(Code::Cancelled),
        }
    }
}
