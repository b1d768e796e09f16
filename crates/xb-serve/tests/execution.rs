//! Actions that are run by a server, as any client of the Remote Execution API has them run.

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::command::EnvironmentVariable;
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_client::ExecutionClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::platform::Property;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    self as proto, Action, Command, Digest, Directory, ExecuteRequest, ExecuteResponse, FileNode, Platform,
    WaitExecutionRequest,
};
use bazel_remote_apis::google::longrunning::operation::Result as Ending;
use bazel_remote_apis::google::longrunning::operations_client::OperationsClient;
use bazel_remote_apis::google::longrunning::{CancelOperationRequest, GetOperationRequest, Operation};
use common::{Running, cache, run};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Request, Streaming};
use xb_build::{BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::{Arch, ContentId, RelPath, TreeId};
use xb_graph::{ActionResult, Cause, DirectoriesMut, Limits, ResolvedAction, reapi};
use xb_remote::{Connection, DigestFunction};
use xb_run::ENTRY;
use xb_serve::{Access, NewToken, Ran, Rights, Room, Server, Shelf, Tokens, Worker};
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
            let said = self.store.add_content(&mut text.as_bytes())?;
            let mut outputs = BTreeMap::new();
            for (name, path) in &action.outputs {
                if let Some(alone) = alone(path, said, action.root) {
                    outputs.insert(name.clone(), self.store.add_directory(alone).expect("the store takes it"));
                }
            }
            Ok(ActionResult {
                exit_code: 0,
                outputs,
                log: Some(said),
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

/// What lies at the place of an output, by what it is called, as an executor for others gives it.
fn alone(path: &RelPath, text: ContentId, folder: TreeId) -> Option<reapi::Directory> {
    let (name, mut alone) = (ENTRY.to_owned(), reapi::Directory::default());
    match path.name().and_then(|name| name.rsplit_once('.')).map(|(_, kind)| kind) {
        Some("none") => return None,
        Some("pipe") => {}
        Some("text") => {
            let digest = Some(text.0.into());
            alone.files.push(reapi::FileNode { name, digest, is_executable: true, node_properties: None });
        }
        Some("link") => {
            alone.symlinks.push(reapi::SymlinkNode { name, target: "text".to_owned() });
        }
        _ => alone.directories.push(reapi::DirectoryNode { name, digest: Some(folder.0.into()) }),
    }
    Some(alone)
}

/// A server with a worker that says what it is asked.
struct Lab {
    running: Running,
    runs: Arc<AtomicUsize>,
    /// How often its store was tidied.
    tidied: Arc<AtomicUsize>,
    told: Arc<Mutex<Vec<Ran>>>,
    /// What comes before the address, to be somebody.
    token: String,
    _folder: tempfile::TempDir,
}

impl Lab {
    fn start(anonymous: Rights) -> Self {
        Self::with(Access { anonymous, tokens: None }, String::new())
    }

    fn with(access: Access, token: String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [runs, tidied] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let told: Arc<Mutex<Vec<Ran>>> = Arc::default();
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let (counted, telling) = (Arc::clone(&tidied), Arc::clone(&told));
        let tidy = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let worker = Worker {
            name: "worker".to_owned(),
            arch: Arch::Arm64,
            slots: 2,
            limits: Limits { seconds: 7, ..Limits::default() },
            executor: Arc::new(Says { store: store.clone(), runs: Arc::clone(&runs) }),
            store: Arc::new(store),
            memory: Arc::new(ShortMemory::default()),
            room: Room { after: 100, tidy: Box::new(tidy) },
            tell: Box::new(move |ran| telling.lock().expect("nobody has died").push(ran.clone())),
        };
        let shelf = Shelf::open(&folder.path().join("cache"), None).expect("a folder");
        let running = Running::start(Server::over(shelf, access, Some(worker)));
        Self { running, runs, tidied, told, token, _folder: folder }
    }

    async fn channel(&self) -> Channel {
        let url = format!("http://{}", self.running.address);
        Channel::from_shared(url).expect("a url").connect().await.expect("it listens")
    }

    /// Puts messages there: the digest of the action.
    async fn order(&self, command: &Command, root: &Directory, change: impl FnOnce(&mut Action)) -> Digest {
        let server = format!("grpc://{}{}", self.token, self.running.address).parse().expect("a server");
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
        let mut request = Request::new(request);
        if let Some(token) = self.token.strip_suffix('@') {
            let token = format!("Bearer {token}").parse().expect("a header");
            request.metadata_mut().insert("authorization", token);
        }
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
    let lab = Lab::start(Rights::Execute);
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
        let told = lab.told.lock().expect("nobody has died").clone();
        assert_eq!(told.len(), 5);
        let line = told[0].to_string();
        let is_whole = line.starts_with(&format!("somebody: `a b` ({}): it went well, after ", &order.hash[..12]));
        assert!(is_whole, "{line}");
    });
}

#[test]
#[expect(deprecated, reason = "older clients ask so, and are answered so")]
fn outputs_are_told_as_what_they_are() {
    let lab = Lab::start(Rights::Execute);
    let wanted = ["a.dir", "a.link", "a.none", "a.pipe", "a.text"].map(str::to_owned).to_vec();
    let kinds = |result: &proto::ActionResult| {
        assert_eq!(result.output_directories[0].path, "a.dir");
        let [file] = &*result.output_files else { panic!("{result:?}") };
        assert_eq!(
            (&*file.path, &file.digest, file.is_executable),
            ("a.text", &Some(digest(&result.stdout_raw)), true)
        );
        let links = [&result.output_symlinks, &result.output_file_symlinks, &result.output_directory_symlinks];
        links.map(|links| links.iter().map(|link| format!("{} -> {}", link.path, link.target)).collect::<Vec<_>>())
    };
    let (link, none) = (|| vec!["a.link -> text".to_owned()], Vec::new);
    run(async {
        let paths = Command { output_paths: wanted.clone(), ..command(&["paths"]) };
        let files = Command { output_paths: Vec::new(), output_files: wanted.clone(), ..command(&["files"]) };
        let folders = Command { output_paths: Vec::new(), output_directories: wanted, ..command(&["folders"]) };
        for (command, links) in
            [(paths, [link(), none(), none()]), (files, [none(), link(), none()]), (folders, [none(), none(), link()])]
        {
            let order = lab.order(&command, &Directory::default(), |_| {}).await;
            let result = lab.response(&order).await.result.expect("it went well");
            assert_eq!(kinds(&result), links, "{:?}", command.arguments);
            let server = format!("grpc://{}", lab.running.address).parse().expect("a server");
            let connection = Connection::new(server, DigestFunction::Sha256, xb_cache::patience());
            let there = connection.read(&digest(&result.stdout_raw), "a file").await.expect("an answer");
            assert_eq!(there, Some(result.stdout_raw));
        }
        let nested = vec!["a".to_owned(), "a/b".to_owned()];
        let nested = Command { output_paths: nested, ..command(&["nested"]) };
        let order = lab.order(&nested, &Directory::default(), |_| {}).await;
        let (code, why) = code(&lab.response(&order).await);
        assert_eq!(code, Code::InvalidArgument, "{why}");
        assert!(why.contains("`a/b` lies in the output `a`"), "{why}");
    });
}

#[test]
fn what_is_not_here_or_cannot_be_run_is_told() {
    let lab = Lab::start(Rights::Execute);
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
        let forges = FileNode { name: "x\nbob: done".to_owned(), ..FileNode::default() };
        let forges = Directory { files: vec![forges], ..Directory::default() };
        let property = |name: &str, value: &str| Property { name: name.to_owned(), value: value.to_owned() };
        let wants = |property: Property| {
            let properties = vec![property];
            move |action: &mut Action| action.platform = Some(Platform { properties })
        };
        let above = Command { output_paths: vec!["../../../out".to_owned()], ..command(&["a"]) };
        let with = |name: &str, value: &str| {
            let variable = EnvironmentVariable { name: name.to_owned(), value: value.to_owned() };
            Command { environment_variables: vec![variable], ..command(&["a"]) }
        };
        let file = FileNode { name: "xb".to_owned(), digest: Some(digest(b"")), ..FileNode::default() };
        let in_the_way = Directory { files: vec![file], ..Directory::default() };
        for (order, why) in [
            (lab.order(&command(&["a"]), &climbs, |_| {}).await, "is no tree"),
            (lab.order(&command(&["a"]), &forges, |_| {}).await, "has no digest"),
            (lab.order(&command(&[]), &nothing, |_| {}).await, "the command is empty"),
            (lab.order(&above, &nothing, |_| {}).await, "is no place of an output"),
            (lab.order(&command(&["a", "b\0"]), &nothing, |_| {}).await, "a NUL is in an argument"),
            (lab.order(&with("a", "\0"), &nothing, |_| {}).await, "a NUL is in an argument"),
            (lab.order(&with("a=b", ""), &nothing, |_| {}).await, "`a=b` is no name of a variable"),
            (lab.order(&command(&["a"]), &in_the_way, |_| {}).await, "`/xb` lies in the way"),
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
        let told = lab.told.lock().expect("nobody has died").clone();
        let lines: Vec<_> = told.iter().map(Ran::to_string).collect();
        assert!(lines.iter().any(|line| line.contains("x bob: done")), "{lines:?}");
        assert!(!lines.concat().contains(char::is_control), "a line is one, whatever a file is called: {lines:?}");
    });
}

#[test]
fn a_run_is_found_again_and_stopped_when_nobody_follows_it() {
    let lab = Lab::start(Rights::Execute);
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
fn who_may_write_has_nothing_run_and_a_cache_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens");
    let token = |name, rights| match Tokens::add(&file, name, rights) {
        Ok(NewToken(token)) => format!("{token}@"),
        Err(error) => panic!("{error}"),
    };
    let (writer, alice) = (token("writer", Rights::Write), token("alice", Rights::Execute));
    run(async {
        let access = Access { anonymous: Rights::Nothing, tokens: Some(Tokens::open(&file).expect("it can be read")) };
        let lab = Lab::with(access, writer);
        let order = lab.order(&command(&["a\u{1b}[2J"]), &Directory::default(), |_| {}).await;
        let denied = lab.execute(&order).await.expect_err("it is denied");
        assert!(denied.code() == Code::PermissionDenied && denied.message().contains("have actions run"), "{denied}");
        let lab = Lab { token: alice, ..lab };
        assert!(lab.response(&order).await.result.is_some());
        let line = lab.told.lock().expect("nobody has died")[0].to_string();
        assert!(line.starts_with("alice: `a [2J` ("), "{line:?}");
        let cache = Running::start(cache(folder.path(), Access { anonymous: Rights::Execute, tokens: None }));
        let lab = Lab { running: cache, token: String::new(), ..lab };
        let told = lab.execute(&digest(b"a")).await.expect_err("it runs nothing");
        assert!(told.code() == Code::Unimplemented && told.message().contains("--execute"), "{told}");
    });
}

#[test]
fn a_store_that_has_grown_is_tidied_while_nothing_runs() {
    let lab = Lab::start(Rights::Execute);
    run(async {
        let order = async |word: &str| lab.order(&command(&[word]), &Directory::default(), |_| {}).await;
        let waits = order("wait").await;
        let mut waits = lab.execute(&waits).await.expect("an answer");
        let name = waits.message().await.expect("it is told").expect("it is told").name;
        // Each leaves 28 bytes: much has come in after 4, and too much after 8.
        for number in 0..8 {
            assert_eq!(lab.tidied.load(Ordering::Relaxed), 0, "one runs still");
            lab.response(&order(&number.to_string()).await).await;
        }
        let late = order("late").await;
        let late = lab.execute(&late).await.expect("an answer");
        let mut operations: OperationsClient<Channel> = OperationsClient::new(lab.channel().await);
        operations.cancel_operation(CancelOperationRequest { name }).await.expect("it is known");
        drop(waits);
        assert!(response(late).await.result.is_some());
        assert_eq!(lab.tidied.load(Ordering::Relaxed), 1, "who came later waited for it");
    });
}
