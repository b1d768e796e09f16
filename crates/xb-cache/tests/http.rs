//! What servers do that are not at their best, or not honest.

mod common;

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::server::{Answer, Server};
use common::{patience, put, remote, run};
use xb_cache::{Blob, Patience, RemoteError};
use xb_core::Sha256;

const KEY: Sha256 = Sha256([7; 32]);

/// What comes of asking for `bytes`, which a server has, but for what it does first.
fn blob(server: &Server) -> Result<Option<Vec<u8>>, RemoteError> {
    let blob = Blob::of(b"bytes");
    server.things.lock().expect("the things").insert(format!("/some/prefix/cas/{}", blob.sha256), b"bytes".to_vec());
    run(remote(&server.address()).blob(blob))
}

/// A server that at first does something else.
fn at_first(times: usize, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |_, _| (asked.fetch_add(1, Ordering::Relaxed) < times).then(&answer))
}

#[test]
fn what_passes_is_tried_again() {
    for answer in [
        || Answer::Say(500, vec![]),
        || Answer::Say(429, vec![]),
        || Answer::Cut(b"bytes".to_vec(), 2),
        || Answer::Cut(b"bytes".to_vec(), 0),
        || Answer::Silence,
    ] {
        let server = at_first(2, answer);
        assert_eq!(blob(&server).expect("it is mended").as_deref(), Some(&b"bytes"[..]));
        assert_eq!(server.seen("GET").len(), 3);
        let server = at_first(3, answer);
        let error = blob(&server).expect_err("it stays");
        assert!(error.is_passing(), "{error}");
        assert!(error.to_string().contains("(tried 3 times)"), "{error}");
    }
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    for status in [400, 401, 403, 405, 501] {
        let server = at_first(1, move || Answer::Say(status, vec![]));
        let error = blob(&server).expect_err("it is refused");
        assert!(!error.is_passing() && error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(matches!(error, RemoteError::Denied { .. }), [401, 403].contains(&status));
        assert_eq!(server.seen("GET").len(), 1);
    }
    let gone = at_first(1, || Answer::Say(410, vec![]));
    assert_eq!(blob(&gone).expect("it is gone"), None);
    let server = Server::start(|_, _| Some(Answer::Say(404, vec![])));
    let error = run(remote(&server.address()).put_entry(KEY, vec![])).expect_err("it is not put");
    assert!(matches!(error, RemoteError::Refused { .. }), "{error}");
}

#[test]
fn a_server_without_end_is_not_read_to_its_end() {
    let server = Server::start(|_, _| Some(Answer::Endless));
    let error = blob(&server).expect_err("it has no end");
    assert!(matches!(error, RemoteError::Lied { .. }), "{error}");
    let error = run(remote(&server.address()).entry(KEY)).expect_err("it has no end");
    assert!(matches!(error, RemoteError::Lied { .. }), "{error}");
}

#[test]
fn nobody_waits_for_long_where_nobody_is() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let began = Instant::now();
    let error = run(remote(&format!("http://me:secret@{free}")).entry(KEY)).expect_err("nobody is there");
    assert!(matches!(error, RemoteError::Unreachable { .. }) && error.is_passing(), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn connections_are_kept() {
    let server = Server::honest();
    run(async {
        let remote = remote(&server.address());
        for number in 0..20_u8 {
            put(&remote, Blob::of(&[number]), vec![number]).await.expect("it is put");
            remote.blob(Blob::of(&[number])).await.expect("an answer").expect("it is there");
        }
    });
    // One that is just being given back when the next request comes is not waited for, so a busy machine sees several.
    assert!(server.connections() <= 10, "{} for 40 requests", server.connections());
}

#[test]
fn a_slow_upload_is_no_silence() {
    let server = Server::slow(Duration::from_millis(20));
    let patience = Patience { silence: Duration::from_secs(1), tries: 1, ..patience() };
    let remote = xb_cache::open(&server.address().parse().expect("an address"), &patience).expect("a remote");
    let bytes = vec![1; 32 << 20];
    let began = Instant::now();
    run(put(&remote, Blob::of(&bytes), bytes.clone())).expect("it is put");
    assert!(began.elapsed() > patience.silence, "it was not slow");
    assert_eq!(server.seen("PUT")[0].body.len(), bytes.len());
}

#[test]
fn a_password_goes_to_its_own_host_only() {
    let other = Server::honest();
    let place = format!("http://{}/elsewhere", other.name);
    let server = Server::start(move |_, _| Some(Answer::Lead(place.clone())));
    let address = format!("http://me:s%40cret@{}/some/prefix", server.name);
    other.things.lock().expect("the things").insert("/elsewhere".to_owned(), b"bytes".to_vec());
    let found = run(remote(&address).blob(Blob::of(b"bytes"))).expect("an answer");
    assert_eq!(found.as_deref(), Some(&b"bytes"[..]));
    assert_eq!(server.seen("GET")[0].header("authorization"), Some("Basic bWU6c0BjcmV0"));
    assert_eq!(other.seen("GET")[0].header("authorization"), None);
    assert!(!other.seen("GET")[0].headers.contains("cret"));

    let liar = Server::start(|_, _| Some(Answer::Say(200, b"other".to_vec())));
    let address = format!("http://me:secret@{}/", liar.name);
    let error = run(remote(&address).blob(Blob::of(b"bytes"))).expect_err("it is another");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}
