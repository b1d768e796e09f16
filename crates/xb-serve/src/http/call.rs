//! What is asked for, and what one must be allowed for that.

use axum::http::Method;

use crate::Rights;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Its name, as metrics say it.
    pub name: &'static str,
    /// What one must be allowed.
    pub needs: Rights,
    /// Whether it is answered in the way of gRPC.
    pub is_grpc: bool,
}

/// Everything that can be asked for by gRPC.
const GRPC: [(&str, Rights); 14] = [
    ("/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", Rights::Read),
    ("/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", Rights::Read),
    ("/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs", Rights::Read),
    ("/build.bazel.remote.execution.v2.ContentAddressableStorage/GetTree", Rights::Read),
    ("/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", Rights::Write),
    ("/build.bazel.remote.execution.v2.ActionCache/GetActionResult", Rights::Read),
    ("/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult", Rights::Write),
    ("/build.bazel.remote.execution.v2.Execution/Execute", Rights::Execute),
    ("/build.bazel.remote.execution.v2.Execution/WaitExecution", Rights::Execute),
    ("/google.longrunning.Operations/GetOperation", Rights::Execute),
    ("/google.longrunning.Operations/CancelOperation", Rights::Execute),
    ("/google.bytestream.ByteStream/Read", Rights::Read),
    ("/google.bytestream.ByteStream/QueryWriteStatus", Rights::Read),
    ("/google.bytestream.ByteStream/Write", Rights::Write),
];

/// What a request asks for; none where nothing is.
pub(super) fn call(method: &Method, path: &str) -> Option<Call> {
    let plain = |name, needs| Some(Call { name, needs, is_grpc: false });
    match (method.as_str(), path) {
        ("GET" | "HEAD", "/healthz") => plain("healthz", Rights::Nothing),
        ("GET", "/metrics") => plain("metrics", Rights::Read),
        ("GET", path) if path.starts_with("/ac/") => plain("GET /ac", Rights::Read),
        ("HEAD", path) if path.starts_with("/ac/") => plain("HEAD /ac", Rights::Read),
        ("PUT", path) if path.starts_with("/ac/") => plain("PUT /ac", Rights::Write),
        ("GET", path) if path.starts_with("/cas/") => plain("GET /cas", Rights::Read),
        ("HEAD", path) if path.starts_with("/cas/") => plain("HEAD /cas", Rights::Read),
        ("PUT", path) if path.starts_with("/cas/") => plain("PUT /cas", Rights::Write),
        ("POST", path) => {
            let (name, needs) = GRPC.into_iter().find(|(name, _)| *name == path)?;
            Some(Call { name: name.rsplit('/').next().unwrap_or(name), needs, is_grpc: true })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: &str = "/google.bytestream.ByteStream/Write";

    #[test]
    fn whoever_gives_needs_more_than_who_takes() {
        let of = |method: &str, path: &str| call(&method.parse().expect("a method"), path);
        let needs = |method, path| of(method, path).map(|call| (call.needs, call.is_grpc));
        assert_eq!(needs("GET", "/cas/ab"), Some((Rights::Read, false)));
        assert_eq!(needs("PUT", "/ac/ab"), Some((Rights::Write, false)));
        assert_eq!(needs("POST", WRITE), Some((Rights::Write, true)));
        assert_eq!(needs("GET", "/healthz"), Some((Rights::Nothing, false)));
        for (method, path) in [("GET", "/"), ("DELETE", "/cas/ab"), ("POST", "/cas/ab"), ("GET", WRITE)] {
            assert_eq!(needs(method, path), None, "{method} {path}");
        }
    }
}
