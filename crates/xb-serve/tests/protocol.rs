//! What the Remote Execution API asks of a server, where xb itself does not ask for it.

mod common;

use std::io::Read as _;
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_client::ContentAddressableStorageClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    BatchReadBlobsRequest, Digest, Directory, DirectoryNode, GetTreeRequest,
};
use bazel_remote_apis::google::bytestream::ReadRequest;
use bazel_remote_apis::google::bytestream::byte_stream_client::ByteStreamClient;
use common::{Running, cache, run};
use prost::Message as _;
use rustix::process::{Resource, Rlimit};
use tonic::Code;
use tonic::transport::Channel;
use xb_cache::Blob;
use xb_remote::{Connection, DigestFunction};
use xb_serve::{Access, Rights};

fn start(folder: &tempfile::TempDir) -> Running {
    Running::start(cache(folder.path(), Access { anonymous: Rights::Write, tokens: None }))
}

async fn channel(running: &Running) -> Channel {
    let url = format!("http://{}", running.address);
    Channel::from_shared(url).expect("a url").connect().await.expect("it listens")
}

fn connection(running: &Running) -> Connection {
    let server = format!("grpc://{}", running.address).parse().expect("a server");
    Connection::new(server, DigestFunction::Sha256, xb_cache::patience())
}

fn digest(bytes: &[u8]) -> Digest {
    DigestFunction::Sha256.of(bytes)
}

#[test]
fn the_empty_content_is_always_there_and_no_other_is_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&folder);
    run(async {
        let nothing = digest(b"");
        assert!(connection(&running).missing(std::slice::from_ref(&nothing)).await.expect("an answer").is_empty());
        let mut streams = ByteStreamClient::new(channel(&running).await);
        for kind in ["blobs", "compressed-blobs/zstd"] {
            let resource_name = format!("{kind}/{}/0", nothing.hash);
            let request = ReadRequest { resource_name, read_offset: 0, read_limit: 0 };
            let mut pieces = streams.read(request).await.expect("an answer").into_inner();
            let mut come = Vec::new();
            while let Some(piece) = pieces.message().await.expect("it comes") {
                come.extend(piece.data);
            }
            let come = if kind == "blobs" { come } else { zstd::decode_all(&*come).expect("it is compressed") };
            assert!(come.is_empty());
        }
        let of_others = Digest { size_bytes: 0, ..digest(b"hello") };
        let mut contents = ContentAddressableStorageClient::new(channel(&running).await);
        let request = BatchReadBlobsRequest { digests: vec![nothing, of_others], ..Default::default() };
        let answers = contents.batch_read_blobs(request).await.expect("an answer").into_inner().responses;
        let codes: Vec<_> =
            answers.into_iter().map(|one| Code::from_i32(one.status.unwrap_or_default().code)).collect();
        assert_eq!(codes, [Code::Ok, Code::NotFound]);
    });
}

#[test]
fn a_part_of_what_goes_compressed_cannot_be_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&folder);
    let bytes = vec![7; 1 << 20];
    let hash = digest(&bytes).hash;
    run(async {
        connection(&running).write(vec![(digest(&bytes), bytes.clone())]).await.expect("it is taken");
        let mut streams = ByteStreamClient::new(channel(&running).await);
        let read = |kind: &str, read_offset, read_limit| ReadRequest {
            resource_name: format!("{kind}/{hash}/{}", bytes.len()),
            read_offset,
            read_limit,
        };
        let error = streams.read(read("compressed-blobs/zstd", 0, 9)).await.expect_err("it is no part");
        assert_eq!(error.code(), Code::InvalidArgument);
        let error = streams.read(read("blobs", (1 << 20) + 1, 0)).await.expect_err("it is behind the end");
        assert_eq!(error.code(), Code::OutOfRange);
        let mut pieces = streams.read(read("blobs", (1 << 20) - 5, 3)).await.expect("an answer").into_inner();
        let mut come = Vec::new();
        while let Some(piece) = pieces.message().await.expect("it comes") {
            come.extend(piece.data);
        }
        assert_eq!(come, [7; 3]);
    });
}

#[test]
fn a_tree_is_given_as_far_as_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&folder);
    let node = |name: &str, digest| DirectoryNode { name: name.to_owned(), digest: Some(digest) };
    let full = Directory { directories: vec![node("empty", digest(b""))], ..Default::default() }.encode_to_vec();
    let absent = digest(b"nobody has put it there");
    let directories = vec![node("absent", absent.clone()), node("full", digest(&full))];
    let root = Directory { directories, ..Default::default() }.encode_to_vec();
    run(async {
        let given = [&full, &root].map(|bytes| (digest(bytes), bytes.clone()));
        connection(&running).write(given.to_vec()).await.expect("they are taken");
        let mut contents = ContentAddressableStorageClient::new(channel(&running).await);
        let request = |root| GetTreeRequest { root_digest: Some(root), ..Default::default() };
        let mut pages = contents.get_tree(request(digest(&root))).await.expect("an answer").into_inner();
        let mut come = Vec::new();
        while let Some(page) = pages.message().await.expect("it comes") {
            come.extend(page.directories);
        }
        assert_eq!(come.len(), 3, "{come:?}");
        assert_eq!(come[0].encode_to_vec(), root);
        let mut pages = contents.get_tree(request(absent)).await.expect("an answer").into_inner();
        assert_eq!(pages.message().await.expect_err("there is no root").code(), Code::NotFound);
    });
}

#[test]
fn a_batch_of_the_announced_size_is_taken_by_clients_with_usual_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&folder);
    let many: Vec<_> = (0..4000_u32).map(|number| number.to_le_bytes().repeat(125)).collect();
    run(async {
        let given = many.iter().map(|bytes| (digest(bytes), bytes.clone())).collect();
        connection(&running).write(given).await.expect("they are taken");
        let mut contents = ContentAddressableStorageClient::new(channel(&running).await);
        let digests = many.iter().map(|bytes| digest(bytes)).collect();
        let request = BatchReadBlobsRequest { digests, ..Default::default() };
        let answers = contents.batch_read_blobs(request).await.expect("an answer").into_inner().responses;
        assert!(answers.iter().zip(&many).all(|(one, bytes)| one.data == *bytes));
    });
}

#[test]
fn who_reads_slowly_and_who_says_nothing_keeps_nobody_waiting() {
    // Both ends of each connection are this process's.
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(Resource::Nofile, most).expect("one may have what one may have");
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&folder);
    let bytes = vec![7; 20 << 20];
    let blob = Blob::of(&bytes);
    run(async { connection(&running).write(vec![(digest(&bytes), bytes)]).await.expect("it is taken") });
    let connect = || std::net::TcpStream::connect(running.address).expect("it listens");
    let slow: Vec<_> = (0..600)
        .map(|_| {
            let mut stream = connect();
            let ask = format!("GET /cas/{} HTTP/1.1\r\nHost: x\r\n\r\n", blob.sha256);
            std::io::Write::write_all(&mut stream, ask.as_bytes()).expect("it is sent");
            stream
        })
        .collect();
    let mut silent = connect();
    run(async {
        let small = vec![(digest(b"bytes"), b"bytes".to_vec())];
        connection(&running).write(small).await.expect("it is taken");
        assert!(connection(&running).read(&digest(b"bytes"), "it").await.expect("an answer").is_some());
    });
    drop(slow);
    silent.set_read_timeout(Some(Duration::from_secs(40))).expect("a time");
    assert_eq!(silent.read(&mut [0; 9]).expect("it is closed"), 0);
}
