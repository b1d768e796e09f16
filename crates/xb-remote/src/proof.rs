//! Who one is to a server, and what one is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bazel_remote_apis::build::bazel::remote::execution::v2::{RequestMetadata, ToolDetails};
use prost::Message as _;
use tonic::metadata::{Ascii, Binary, MetadataValue};
use tonic::{Request, metadata::MetadataMap};

use crate::server::User;

/// The header of the API in which a client says what it is.
const METADATA: &str = "build.bazel.remote.execution.v2.requestmetadata-bin";

/// What goes with every request.
#[derive(Clone)]
pub(crate) struct Proof {
    authorization: Option<MetadataValue<Ascii>>,
    tool: MetadataValue<Binary>,
}

impl Proof {
    /// The proof of a user; none where what one is known by can be in no header.
    pub fn new(user: Option<&User>) -> Option<Self> {
        let authorization = match user {
            None => None,
            Some(user) => {
                let mut value: MetadataValue<Ascii> = user.authorization().parse().ok()?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let tool = ToolDetails { tool_name: "xb".to_owned(), tool_version: env!("CARGO_PKG_VERSION").to_owned() };
        let metadata = RequestMetadata { tool_details: Some(tool), ..RequestMetadata::default() };
        Some(Self { authorization, tool: MetadataValue::from_bytes(&metadata.encode_to_vec()) })
    }

    /// A message with the proof.
    pub fn on<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        self.add(request.metadata_mut());
        request
    }

    fn add(&self, headers: &mut MetadataMap) {
        if let Some(authorization) = &self.authorization {
            headers.insert("authorization", authorization.clone());
        }
        headers.insert_bin(METADATA, self.tool.clone());
    }
}

impl User {
    /// The value of the header `authorization` (RFC 6750, RFC 7617).
    fn authorization(&self) -> String {
        match self {
            Self::Token(token) => format!("Bearer {token}"),
            Self::Named { name, password } => format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))),
        }
    }
}
