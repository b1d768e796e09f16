//! Actions that are run by a server, as any client of the Remote Execution API has them run.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::execution_client::ExecutionClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::platform::Property;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    Action, Command, Digest, Directory, ExecuteRequest, ExecuteResponse, FileNode, Platform, WaitExecutionRequest,
};
use bazel_remote_apis::google::longrunning::operation::Result as Ending;
use bazel_remote_apis::google::longrunning::operations_client::OperationsClient;
use bazel_remote_apis::google::longrunning::{CancelOperationRequest, GetOperationRequest, Operation};
use common::{Running, run, settings};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Streaming};
use xb_build::{BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::Arch;
use xb_graph::{ActionResult, Cause, Limits, ResolvedAction};
use xb_remote::{Connection, DigestFunction};
use xb_serve::{Access, Place, Rights, Settings, Worker};
use xb_store::{Contents, ShortMemory, Store};

/// Prints what it is asked to run, or waits for ever where that is `wait`.
struct Says {
    store: Store,
    runs: Arc<AtomicUsize>,
}

impl Executor for Says {
    fn name(&self) -> &str {
        "says"
    }

    fn arch(&self) -> Arch {
        Arch::Arm64
    }

    fn can_run(&self, platform: Arch) -> bool {
        platform == Arch::Arm64
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        _: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(async move {
            self.runs.fetch_add(1, Ordering::Relaxed);
            if action.command == ["wait"] {
                std::future::pending::<()>().await;
            }
            let text = format!("{:?} in `{}` for {} s", action.command, action.cwd, action.limits.seconds);
            let tree = self.store.add_content(&mut text.as_bytes())?;
            let outputs = action.outputs.keys().map(|name| (name.clone(), action.root)).collect();
            Ok(ActionResult {
                exit_code: 0,
                outputs,
                log: Some(tree),
                cause: Cause::Success,
                milliseconds: 0,
                peak_memory: 0,
                executor: "says".to_owned(),
                left_out: Vec::new(),
                root: None,
                vouched: Vec::new(),
            })
        })
    }
}

/// A server with a worker that says what it is asked.
struct Lab {
    running: Running,
    runs: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Lab {
    fn start(anonymous: Rights) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = Arc::new(AtomicUsize::new(0));
        let (path, counted) = (folder.path().join("store"), Arc::clone(&runs));
        let open = move || {
            let store = Store::open(&path).map_err(|error| error.to_string())?;
            let executor = Arc::new(Says { store: store.clone(), runs: Arc::clone(&counted) });
            let memory = Arc::new(ShortMemory::default());
            Ok(Place { executor, store: Arc::new(store), memory, settle: Box::new(|| {}) })
        };
        let worker = Worker {
            name: "worker".to_owned(),
            arch: Arch::Arm64,
            slots: 2,
            limits: Limits { seconds: 7, ..Limits::default() },
            open: Box::new(open),
        };
        let access = Access { anonymous, tokens: None };
        let settings = Settings { worker: Some(worker), ..settings(&folder.path().join("cache"), access) };
        Self { running: Running::start(settings), runs, _folder: folder }
    }

    async fn channel(&self) -> Channel {
        let url = format!("http://{}", self.running.address);
        Channel::from_shared(url).expect("a url").connect().await.expect("it listens")
    }

    /// Puts messages there: the digest of the action.
    async fn order(&self, command: &Command, root: &Directory, change: impl FnOnce(&mut Action)) -> Digest {
        let server = format!("grpc://{}", self.running.address).parse().expect("a server");
        let connection = Connection::new(server, DigestFunction::Sha256, xb_cache::patience());
        let (command, root) = (command.encode_to_vec(), root.encode_to_vec());
        let mut action = Action {
            command_digest: Some(digest(&command)),
            input_root_digest: Some(digest(&root)),
            ..Action::default()
        };
        change(&mut action);
        let action = action.encode_to_vec();
        let named = [command, root, action].map(|bytes| (digest(&bytes), bytes));
        let order = named[2].0.clone();
        connection.write(named.into()).await.expect("it is taken");
        order
    }

    async fn execute(&self, action: &Digest) -> Result<Streaming<Operation>, tonic::Status> {
        let request = ExecuteRequest { action_digest: Some(action.clone()), ..ExecuteRequest::default() };
        Ok(ExecutionClient::new(self.channel().await).execute(request).await?.into_inner())
    }

    async fn response(&self, action: &Digest) -> ExecuteResponse {
        response(self.execute(action).await.expect("an answer")).await
    }
}

fn digest(bytes: &[u8]) -> Digest {
    DigestFunction::Sha256.of(bytes)
}

fn command(words: &[&str]) -> Command {
    Command {
        arguments: words.iter().map(|word| (*word).to_owned()).collect(),
        working_directory: "xb/src".to_owned(),
        output_paths: vec!["../out".to_owned()],
        ..Command::default()
    }
}

async fn response(mut told: Streaming<Operation>) -> ExecuteResponse {
    while let Some(operation) = told.message().await.expect("it goes on") {
        if let Some(Ending::Response(response)) = operation.result {
            return ExecuteResponse::decode(&*response.value).expect("a response");
        }
    }
    panic!("it has not ended")
}

fn code(response: &ExecuteResponse) -> (Code, String) {
    let status = response.status.clone().unwrap_or_default();
    (Code::from_i32(status.code), status.message)
}

#[test]
fn an_action_is_run_once_and_known_then() {
    let lab = Lab::start(Rights::Write);
    run(async {
        let order = lab.order(&command(&["a", "b"]), &Directory::default(), |_| {}).await;
        let first = lab.response(&order).await;
        let result = first.result.clone().expect("it went well");
        assert_eq!(String::from_utf8_lossy(&result.stdout_raw), "[\"a\", \"b\"] in `xb/src` for 7 s");
        assert_eq!(result.output_directories[0].path, "../out");
        let about = result.execution_metadata.clone().expect("it is told");
        assert!(about.worker == "worker" && about.execution_start_timestamp.is_some());
        let second = lab.response(&order).await;
        assert!(second.cached_result && !first.cached_result && second.result == first.result);
        let timeout = |action: &mut Action| action.timeout.get_or_insert_default().seconds = 3;
        let late = lab.order(&command(&["a", "b"]), &Directory::default(), timeout).await;
        let late = lab.response(&late).await.result.expect("it went well");
        assert!(String::from_utf8_lossy(&late.stdout_raw).ends_with("for 3 s"));
        let longer = |action: &mut Action| action.timeout.get_or_insert_default().seconds = 30;
        let longer = lab.order(&command(&["a", "b"]), &Directory::default(), longer).await;
        let longer = lab.response(&longer).await.result.expect("it went well");
        assert!(String::from_utf8_lossy(&longer.stdout_raw).ends_with("for 7 s"), "the worker's own limit is less");
        let unkept = lab.order(&command(&["c"]), &Directory::default(), |action| action.do_not_cache = true).await;
        for _ in 0..2 {
            assert!(!lab.response(&unkept).await.cached_result);
        }
        assert_eq!(lab.runs.load(Ordering::Relaxed), 5);
    });
}

#[test]
fn what_is_not_here_or_cannot_be_run_is_told() {
    let lab = Lab::start(Rights::Write);
    run(async {
        let nothing = Directory::default();
        let gone = lab.response(&digest(b"nobody has sent this")).await;
        assert_eq!(code(&gone).0, Code::FailedPrecondition);
        let details = &gone.status.expect("a status").details[0];
        assert!(details.type_url.ends_with("google.rpc.PreconditionFailure"));
        let named = format!("blobs/{}/20", digest(b"nobody has sent this").hash);
        assert!(String::from_utf8_lossy(&details.value).contains(&named));
        let file = FileNode { name: "a".to_owned(), digest: Some(digest(b"nor this")), ..FileNode::default() };
        let lacking = Directory { files: vec![file.clone()], ..Directory::default() };
        let order = lab.order(&command(&["a"]), &lacking, |_| {}).await;
        assert_eq!(code(&lab.response(&order).await).0, Code::FailedPrecondition);
        let climbs = FileNode { name: "../a".to_owned(), digest: Some(digest(b"")), ..file };
        let climbs = Directory { files: vec![climbs], ..Directory::default() };
        let property = |name: &str, value: &str| Property { name: name.to_owned(), value: value.to_owned() };
        let wants = |property: Property| {
            let properties = vec![property];
            move |action: &mut Action| action.platform = Some(Platform { properties })
        };
        let above = Command { output_paths: vec!["../../../out".to_owned()], ..command(&["a"]) };
        for (order, why) in [
            (lab.order(&command(&["a"]), &climbs, |_| {}).await, "is no tree"),
            (lab.order(&command(&[]), &nothing, |_| {}).await, "the command is empty"),
            (lab.order(&above, &nothing, |_| {}).await, "is no place of an output"),
            (lab.order(&command(&["a"]), &nothing, wants(property("ISA", "x86-64"))).await, "`ISA` = `x86-64`"),
            (lab.order(&command(&["a"]), &nothing, wants(property("pool", "big"))).await, "`pool` = `big`"),
            (lab.order(&command(&["a"]), &nothing, |action| action.command_digest = None).await, "names no command"),
        ] {
            let (code, said) = code(&lab.response(&order).await);
            assert!(code == Code::InvalidArgument && said.contains(why), "{code:?} {said}");
        }
        let suits = lab.order(&command(&["a"]), &nothing, wants(property("ISA", "aarch64"))).await;
        assert!(lab.response(&suits).await.result.is_some());
        assert_eq!(lab.runs.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_run_is_found_again_and_stopped_when_nobody_follows_it() {
    let lab = Lab::start(Rights::Write);
    run(async {
        let order = lab.order(&command(&["wait"]), &Directory::default(), |_| {}).await;
        let mut first = lab.execute(&order).await.expect("an answer");
        let name = first.message().await.expect("it is told").expect("it is told").name;
        let wait = WaitExecutionRequest { name: name.clone() };
        let channel = lab.channel().await;
        let mut execution = ExecutionClient::new(channel.clone());
        let again = execution.wait_execution(wait).await.expect("it is known").into_inner();
        let other = execution.wait_execution(WaitExecutionRequest { name: "x".to_owned() }).await;
        assert_eq!(other.expect_err("it is not").code(), Code::NotFound);
        let mut operations: OperationsClient<Channel> = OperationsClient::new(channel);
        operations.cancel_operation(CancelOperationRequest { name: name.clone() }).await.expect("it is known");
        let get = GetOperationRequest { name };
        assert!(!operations.get_operation(get.clone()).await.expect("it is known").into_inner().done, "two follow it");
        drop(first);
        let ended = tokio::time::timeout(Duration::from_millis(300), response(again)).await;
        assert!(ended.is_err(), "one follows it");
        for _ in 0..250 {
            if operations.get_operation(get.clone()).await.expect("it is known").into_inner().done {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody follows it, and it runs on")
    });
}

#[test]
fn who_may_only_read_has_nothing_run_and_a_cache_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    run(async {
        let lab = Lab::start(Rights::Read);
        let denied = lab.execute(&digest(b"a")).await.expect_err("it is denied");
        assert_eq!(denied.code(), Code::PermissionDenied);
        let cache = Running::start(settings(folder.path(), Access { anonymous: Rights::Write, tokens: None }));
        let lab = Lab { running: cache, ..lab };
        let told = lab.execute(&digest(b"a")).await.expect_err("it runs nothing");
        assert!(told.code() == Code::Unimplemented && told.message().contains("--execute"), "{told}");
    });
}
