//! The messages of the Remote Execution API (v2) that xb's own store speaks in.
//!
//! Field numbers are those of `build/bazel/remote/execution/v2/remote_execution.proto`. The canonical encoding is
//! protobuf's with fields in order, lists sorted by name, and nothing unknown: equal values have equal bytes.

use prost::Message;
use xb_core::Digest;

/// `Digest`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct DigestMessage {
    /// The hash, in hexadecimal digits.
    #[prost(string, tag = "1")]
    pub hash: String,
    /// The size, in bytes.
    #[prost(int64, tag = "2")]
    pub size_bytes: i64,
}

impl From<Digest> for DigestMessage {
    fn from(digest: Digest) -> Self {
        Self { hash: digest.hex(), size_bytes: digest.size().cast_signed() }
    }
}

impl TryFrom<&DigestMessage> for Digest {
    type Error = xb_core::ParseDigestError;

    fn try_from(message: &DigestMessage) -> Result<Self, Self::Error> {
        let size = u64::try_from(message.size_bytes).map_err(|_| xb_core::ParseDigestError(message.hash.clone()))?;
        Self::from_hex(&message.hash, size)
    }
}

/// `NodeProperty`, `Platform.Property` and `Command.EnvironmentVariable`, which are alike.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct NameValue {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `google.protobuf.UInt32Value`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct UInt32Value {
    /// The value.
    #[prost(uint32, tag = "1")]
    pub value: u32,
}

/// `NodeProperties`, of which xb uses only the mode.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct NodeProperties {
    /// The mode bits, where they are not what the kind of node implies.
    #[prost(message, optional, tag = "3")]
    pub unix_mode: Option<UInt32Value>,
}

/// `FileNode`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct FileNode {
    /// The name in its directory.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The contents.
    #[prost(message, optional, tag = "2")]
    pub digest: Option<DigestMessage>,
    /// Whether it can be executed.
    #[prost(bool, tag = "4")]
    pub is_executable: bool,
    /// Modes that matter (set-id bits).
    #[prost(message, optional, tag = "6")]
    pub node_properties: Option<NodeProperties>,
}

/// `DirectoryNode`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct DirectoryNode {
    /// The name in its directory.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The digest of its `Directory`.
    #[prost(message, optional, tag = "2")]
    pub digest: Option<DigestMessage>,
}

/// `SymlinkNode`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct SymlinkNode {
    /// The name in its directory.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Where it points to.
    #[prost(string, tag = "2")]
    pub target: String,
}

/// `Directory`: each list sorted by name, no name twice.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Directory {
    /// The files.
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<FileNode>,
    /// The directories.
    #[prost(message, repeated, tag = "2")]
    pub directories: Vec<DirectoryNode>,
    /// The symbolic links.
    #[prost(message, repeated, tag = "3")]
    pub symlinks: Vec<SymlinkNode>,
    /// Modes that matter (sticky, set-group-id).
    #[prost(message, optional, tag = "5")]
    pub node_properties: Option<NodeProperties>,
}

/// `Platform`: sorted by name, then value.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Platform {
    /// The properties.
    #[prost(message, repeated, tag = "1")]
    pub properties: Vec<NameValue>,
}

/// `Command`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Command {
    /// The program and its arguments.
    #[prost(string, repeated, tag = "1")]
    pub arguments: Vec<String>,
    /// The environment, sorted by name.
    #[prost(message, repeated, tag = "2")]
    pub environment_variables: Vec<NameValue>,
    /// The working folder, relative to the root.
    #[prost(string, tag = "6")]
    pub working_directory: String,
    /// What is kept, sorted.
    #[prost(string, repeated, tag = "7")]
    pub output_paths: Vec<String>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Duration {
    /// Seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
}

/// `Action`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Action {
    /// The digest of the `Command`.
    #[prost(message, optional, tag = "1")]
    pub command_digest: Option<DigestMessage>,
    /// The digest of the root's `Directory`.
    #[prost(message, optional, tag = "2")]
    pub input_root_digest: Option<DigestMessage>,
    /// After which time it has failed.
    #[prost(message, optional, tag = "6")]
    pub timeout: Option<Duration>,
    /// What the machine must be.
    #[prost(message, optional, tag = "10")]
    pub platform: Option<Platform>,
}

/// The canonical bytes of a message and their digest.
pub fn encode(message: &impl Message) -> (Vec<u8>, Digest) {
    let bytes = message.encode_to_vec();
    let digest = Digest::of(&bytes);
    (bytes, digest)
}
