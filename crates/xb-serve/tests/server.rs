//! The server as others see it: who may do what, what is taken and given, and how it ends.

mod common;

use common::{Running, cache, run};
use reqwest::StatusCode;
use xb_cache::Blob;
use xb_remote::{Connection, DigestFunction, Kind};
use xb_serve::{Access, NewToken, Rights, Server, Shelf, Tokens};

/// A connection by the Remote Execution API, by a token.
fn connection(running: &Running, token: &str) -> Connection {
    let server = format!("grpc://{token}{}", running.address).parse().expect("a server");
    let patience = xb_cache::Patience { tries: 1, ..xb_cache::patience() };
    Connection::new(server, DigestFunction::Sha256, patience)
}

#[test]
fn who_may_read_reads_and_who_may_write_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens");
    let token = |name, rights| match Tokens::add(&file, name, rights) {
        Ok(NewToken(token)) => token,
        Err(error) => panic!("{error}"),
    };
    let (reader, writer) = (token("reader", Rights::Read), token("writer", Rights::Write));
    let tokens = Some(Tokens::open(&file).expect("it can be read"));
    let access = Access { anonymous: Rights::Nothing, tokens };
    let running = Running::start(cache(&folder.path().join("cache"), access));
    let blob = Blob::of(b"bytes");
    let url = format!("http://{}/cas/{}", running.address, blob.sha256);
    run(async {
        let client = reqwest::Client::new();
        let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status();
        let put = || client.put(&url).body("bytes");
        assert_eq!(status(put()).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(put().bearer_auth("x")).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(put().bearer_auth(&reader)).await, StatusCode::FORBIDDEN);
        assert_eq!(status(put().basic_auth("whoever", Some(&writer))).await, StatusCode::CREATED);
        assert_eq!(status(client.get(&url)).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(client.get(&url).bearer_auth(&reader)).await, StatusCode::OK);
        let healthy = client.get(format!("http://{}/healthz", running.address));
        assert_eq!(status(healthy).await, StatusCode::OK);
        let metrics = client.get(format!("http://{}/metrics", running.address));
        assert_eq!(status(metrics.try_clone().expect("a copy")).await, StatusCode::UNAUTHORIZED);
        let text = metrics.bearer_auth(&reader).send().await.expect("an answer").text().await.expect("a text");
        let line = |line: &str| assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        line("xb_serve_requests_total{call=\"PUT /cas\",answer=\"Denied\"} 3");
        line("xb_serve_lookups_total{kind=\"cas\",found=\"yes\"} 1");
        line("xb_serve_kept 1");
        line("xb_serve_kept_bytes 5");

        let digest = DigestFunction::Sha256.of(b"bytes");
        let kind = async |token: &str| match connection(&running, token).read(&digest, "it").await {
            Ok(bytes) => Ok(bytes.expect("it is there")),
            Err(error) => Err(error.kind),
        };
        assert_eq!(kind("").await, Err(Kind::Denied));
        assert_eq!(kind(&format!("{reader}@")).await, Ok(b"bytes".to_vec()));
        let other = vec![(DigestFunction::Sha256.of(b"other"), b"other".to_vec())];
        let write =
            async |token: &str| connection(&running, token).write(other.clone()).await.map_err(|error| error.kind);
        assert_eq!(write(&format!("{reader}@")).await, Err(Kind::Denied));
        assert_eq!(write(&format!("{writer}@")).await, Ok(()));
        let capabilities = async |token: &str| {
            let connection = connection(&running, token);
            connection.capabilities().await.map(|can| can.takes_results).map_err(|error| error.kind)
        };
        assert_eq!(capabilities(&format!("{reader}@")).await, Ok(false));
        assert_eq!(capabilities(&format!("{writer}@")).await, Ok(true));
    });
}

#[test]
fn what_is_not_what_its_name_says_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let access = Access { anonymous: Rights::Write, tokens: None };
    let running = Running::start(Server::over(Shelf::open(folder.path(), Some(100)).expect("a folder"), access, None));
    let url = |path: &str| format!("http://{}{path}", running.address);
    let name = Blob::of(b"bytes").sha256.to_string();
    run(async {
        let client = reqwest::Client::new();
        let put = async |path: &str, body: Vec<u8>| {
            let answer = client.put(url(path)).body(body).send().await.expect("an answer");
            (answer.status(), answer.text().await.expect("a text"))
        };
        let (status, said) = put(&format!("/cas/{name}"), b"BYTES".to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(said.contains("SHA-256 of what came"), "{said}");
        let (status, said) = put("/cas/bytes", b"bytes".to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        let (status, said) = put(&format!("/cas/{name}"), vec![0; 101]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(said.contains("100 bytes"), "{said}");
        let get = client.get(url(&format!("/cas/{name}"))).send().await.expect("an answer");
        assert_eq!(get.status(), StatusCode::NOT_FOUND);
        let nowhere = client.get(url("/")).send().await.expect("an answer");
        assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);

        let lie = vec![(DigestFunction::Sha256.of(b"bytes"), b"BYTES".to_vec())];
        let error = connection(&running, "").write(lie).await.expect_err("it is another");
        assert!(error.kind == Kind::Refused && error.why.contains("SHA-256 of what came"), "{error}");
        let large = vec![(DigestFunction::Sha256.of(&[0; 101]), vec![0; 101])];
        let error = connection(&running, "").write(large).await.expect_err("it is too large");
        assert_eq!(error.kind, Kind::Refused, "{error}");
    });
}

#[test]
fn streams_come_compressed_and_are_what_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let access = Access { anonymous: Rights::Write, tokens: None };
    let running = Running::start(cache(folder.path(), access));
    let bytes = b"a line that is there many times\n".repeat(1 << 18);
    let digest = DigestFunction::Sha256.of(&bytes);
    run(async {
        let connection = connection(&running, "");
        assert!(connection.capabilities().await.expect("an answer").zstd);
        connection.write(vec![(digest.clone(), bytes.clone())]).await.expect("it is taken");
        assert_eq!(connection.read(&digest, "it").await.expect("an answer").as_ref(), Some(&bytes));
        assert!(connection.missing(std::slice::from_ref(&digest)).await.expect("an answer").is_empty());
    });
    let there = folder.path().join(xb_cache::layout::place_of("cas", digest.hash.parse().expect("a SHA-256")));
    assert_eq!(std::fs::read(there).expect("it is there"), bytes);
}

#[test]
fn who_is_being_answered_is_answered_to_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let access = Access { anonymous: Rights::Write, tokens: None };
    let running = Running::start(cache(folder.path(), access));
    let bytes = vec![7; 64 << 20];
    let blob = Blob::of(&bytes);
    let url = format!("http://{}/cas/{}", running.address, blob.sha256);
    run(async {
        let client = reqwest::Client::new();
        client.put(&url).body(bytes.clone()).send().await.expect("an answer").error_for_status().expect("it is taken");
        let mut answer = client.get(&url).send().await.expect("an answer");
        let mut come = answer.chunk().await.expect("it comes").expect("it is not empty").to_vec();
        running.stop();
        while let Some(piece) = answer.chunk().await.expect("it comes") {
            come.extend_from_slice(&piece);
        }
        assert!(come == bytes, "{} bytes came", come.len());
        running.ended();
        assert!(client.get(&url).send().await.is_err(), "nobody listens any more");
    });
}
