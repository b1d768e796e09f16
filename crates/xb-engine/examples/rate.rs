//! Trivial actions a second on an engine, by way of the executor and by the bare calls of the API.
//!
//! `rate HOST:PORT BUSYBOX COUNT`: one JSON object for each number of actions in flight.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use prost::Message as _;
use xb_build::{Executor, RunContext};
use xb_core::{ActionId, Arch, Digest, RelPath, TreeId};
use xb_engine::{EngineExecutor, Options};
use xb_graph::{Limits, Method, NodeId, ResolvedAction};
use xb_http::Patience;
use xb_remote::{Connection, DigestFunction, Operation, Outcome, Server, proto};
use xb_store::{Contents, ShortMemory, Store};

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "it is a program that prints")]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, busybox, count] = arguments.as_slice() else {
        return Err("usage: rate HOST:PORT BUSYBOX COUNT".into());
    };
    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("store"))?;
    let root = root(&store, folder.path(), Path::new(busybox))?;
    let server: Server = format!("grpc://{address}").parse()?;
    let mut salt = 0;
    for flight in [1, 4, 16] {
        let count: usize = count.parse()?;
        let memory = Arc::new(ShortMemory::default());
        let options = options(&server, flight);
        let executor = EngineExecutor::new(options, Arc::new(store.clone()), memory, store.scratch().to_owned());
        let connection = Connection::new(server.clone(), DigestFunction::Sha256, patience());
        // What only the first run costs is no part of it.
        let warm = executor.run(&action(root, &format!("{address} {flight} {:?}", Instant::now())), &context()).await?;
        assert!(warm.succeeded(), "{warm:?}");
        let names: Vec<_> = (salt..salt + count).map(|number| format!("{number} {:?}", Instant::now())).collect();
        salt += count;
        let began = Instant::now();
        let ran = stream::iter(&names).map(|name| async { executor.run(&action(root, name), &context()).await });
        let ran: Vec<_> = ran.buffer_unordered(flight).collect().await;
        let ours = began.elapsed();
        assert!(ran.iter().all(|ran| ran.as_ref().is_ok_and(xb_graph::ActionResult::succeeded)));
        let bare = bare_root(&connection, Path::new(busybox)).await?;
        let began = Instant::now();
        let ran = stream::iter(&names).map(|name| direct(&connection, &bare, name));
        let ran: Vec<_> = ran.buffer_unordered(flight).collect().await;
        let direct = began.elapsed();
        assert!(ran.iter().all(|ran| matches!(ran, Ok(0))), "{:?}", ran.first());
        let rate = |took: Duration| count as f64 / took.as_secs_f64();
        println!(r#"{{"flight": {flight}, "xb": {:.2}, "direct": {:.2}}}"#, rate(ours), rate(direct));
    }
    Ok(())
}

fn patience() -> Patience {
    let second = Duration::from_secs(1);
    Patience { parallel: 16, tries: 3, pause: second, connect: second * 5, silence: second * 60 }
}

fn options(server: &Server, slots: usize) -> Options {
    Options {
        name: "engine".to_owned(),
        server: server.clone(),
        arch: Arch::host().unwrap_or(Arch::Amd64),
        slots,
        jobs: 1,
        properties: BTreeMap::new(),
        patience: patience(),
    }
}

fn root(store: &Store, folder: &Path, busybox: &Path) -> Result<TreeId, Failure> {
    let root = folder.join("root");
    std::fs::create_dir_all(root.join("bin"))?;
    std::fs::copy(busybox, root.join("bin/sh"))?;
    Ok(store.ingest(&root)?)
}

fn action(root: TreeId, name: &str) -> ResolvedAction {
    ResolvedAction {
        id: ActionId(Digest::of(name.as_bytes())),
        command_bytes: Vec::new(),
        action_bytes: Vec::new(),
        root,
        layers: vec![root],
        command: vec!["/bin/sh".to_owned(), "-c".to_owned(), "echo $NAME".to_owned()],
        env: [("NAME".to_owned(), name.to_owned())].into(),
        cwd: RelPath::root(),
        outputs: BTreeMap::new(),
        platform: Arch::host().unwrap_or(Arch::Amd64),
        method: Method::Native,
        limits: Limits::default(),
        emulator: None,
        title: "trivial (build)".to_owned(),
        step: "build".to_owned(),
    }
}

fn context() -> RunContext {
    RunContext { events: Arc::new(()), node: NodeId(0), jobs: 1, keep_failed: false, again: false }
}

/// The same root, as the engine names it.
async fn bare_root(connection: &Connection, busybox: &Path) -> Result<proto::Digest, Failure> {
    let of = |bytes: Vec<u8>| (DigestFunction::Sha256.of(&bytes), bytes);
    let shell = of(std::fs::read(busybox)?);
    let file = proto::FileNode {
        name: "sh".to_owned(),
        digest: Some(shell.0.clone()),
        is_executable: true,
        ..proto::FileNode::default()
    };
    let bin = of(proto::Directory { files: vec![file], ..proto::Directory::default() }.encode_to_vec());
    let node = proto::DirectoryNode { name: "bin".to_owned(), digest: Some(bin.0.clone()) };
    let root = of(proto::Directory { directories: vec![node], ..proto::Directory::default() }.encode_to_vec());
    let digest = root.0.clone();
    connection.write(vec![shell, bin, root]).await?;
    Ok(digest)
}

/// The calls without which nothing runs: the messages are sent, then executed.
async fn direct(connection: &Connection, root: &proto::Digest, name: &str) -> Result<i32, String> {
    let variable = proto::command::EnvironmentVariable { name: "NAME".to_owned(), value: name.to_owned() };
    let command = proto::Command {
        arguments: vec!["/bin/sh".to_owned(), "-c".to_owned(), "echo $NAME".to_owned()],
        environment_variables: vec![variable],
        ..proto::Command::default()
    };
    let of = |bytes: Vec<u8>| (DigestFunction::Sha256.of(&bytes), bytes);
    let command = of(command.encode_to_vec());
    let (command_digest, input_root_digest) = (Some(command.0.clone()), Some(root.clone()));
    let action = of(proto::Action { command_digest, input_root_digest, ..proto::Action::default() }.encode_to_vec());
    let digest = action.0.clone();
    connection.write(vec![command, action]).await.map_err(|error| error.to_string())?;
    let outcome = connection.execute(&digest, false, "a trivial action", &Operation::default()).await;
    match outcome.map_err(|error| error.to_string())? {
        Outcome::Ended { result, .. } => Ok(result.exit_code),
        other => Err(format!("{other:?}")),
    }
}
