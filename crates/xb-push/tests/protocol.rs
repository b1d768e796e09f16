//! What registries do that are not at their best, or not honest.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use xb_push::{Credentials, PushError, Pushed};

use common::fake::{Answer, Fake, Request};
use common::{image, push};

fn header(name: &'static str, value: impl Into<String>) -> (&'static str, String) {
    (name, value.into())
}

/// A registry that has nothing and takes everything.
fn takes(request: &mut Request) -> Answer {
    let (method, path) = request.line.split_once(' ').expect("a path");
    Some(match method {
        "GET" => (200, vec![]),
        "HEAD" => (404, vec![]),
        "POST" => (202, vec![header("Location", "/v2/upload/1")]),
        _ if path.contains("/manifests/") => {
            let body = request.body(u64::MAX);
            (201, vec![header("Docker-Content-Digest", common::digest(&body))])
        }
        _ => (201, vec![]),
    })
}

fn pushed_to(fake: &Fake, credentials: &Credentials) -> (Result<Vec<Pushed>, PushError>, i64) {
    let folder = tempfile::tempdir().expect("a folder");
    image(folder.path());
    push(folder.path(), credentials, &[format!("{}/agent:1", fake.name)])
}

fn pushed(fake: &Fake) -> (Result<Vec<Pushed>, PushError>, i64) {
    pushed_to(fake, &Credentials::default())
}

/// Somebody with a name and a password, as a file has it.
const ROBOT: &str = r#"{"username": "robot", "password": "beep"}"#;

/// Somebody of whom an earlier log-in left a token.
const REFRESH: &str = r#"{"identitytoken": "refresh"}"#;

fn pushed_as(credential: &str, fake: &Fake) -> (Result<Vec<Pushed>, PushError>, i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("auth.json");
    std::fs::write(&file, format!(r#"{{"auths": {{"{}": {credential}}}}}"#, fake.name)).expect("a file");
    pushed_to(fake, &Credentials::of_files([file]))
}

#[test]
fn a_cut_in_the_middle_of_a_layer_is_mended() {
    let large = AtomicUsize::new(0);
    let fake = Fake::start(move |request| {
        let is_large = request.header("content-length").is_some_and(|size| size.len() > 6);
        if is_large && large.fetch_add(1, Ordering::Relaxed) == 0 {
            request.body(100_000);
            return None;
        }
        takes(request)
    });
    let (pushed, sent) = pushed(&fake);
    let pushed = pushed.expect("it is pushed");
    assert_eq!(pushed[0].uploaded, 8);
    assert!((1_200_000..1_210_000).contains(&sent), "what was sent in vain counts: {sent}");
    assert_eq!(fake.seen("PUT /v2/upload/1").len(), 6);
}

#[test]
fn a_registry_that_cuts_every_layer_gets_no_tag() {
    let fake = Fake::start(|request| match request.line.starts_with("PUT /v2/upload") {
        true => None,
        false => takes(request),
    });
    let (pushed, _) = pushed(&fake);
    let error = pushed.expect_err("it is cut");
    assert!(error.is_of_environment() && error.to_string().contains("tried 3 times"), "{error}");
    assert_eq!(fake.seen("PUT /v2/agent/manifests"), [""; 0]);
}

#[test]
fn a_tag_comes_last() {
    let fake = Fake::start(takes);
    let (pushed, _) = pushed(&fake);
    let digest = pushed.expect("it is pushed")[0].digest;
    let puts = fake.seen("PUT ");
    assert_eq!(puts[puts.len() - 1], "PUT /v2/agent/manifests/1");
    assert_eq!(puts[puts.len() - 2], format!("PUT /v2/agent/manifests/sha256:{digest}"));
}

#[test]
fn a_registry_that_is_busy_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let fake = Fake::start(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Some((429, vec![header("Retry-After", "0")])),
        1 => Some((503, vec![])),
        _ => takes(request),
    });
    assert!(pushed(&fake).0.is_ok());
    let fake =
        Fake::start(|_| Some((503, vec![header("", r#"{"errors":[{"code":"BUSY\u001b","message":"later"}]}"#)])));
    let error = pushed(&fake).0.expect_err("it stays busy");
    assert!(error.is_of_environment(), "{error}");
    assert!(error.to_string().contains("it answers 503 Service Unavailable: BUSY, later (tried 3 times)"), "{error}");
    assert_eq!(fake.seen("").len(), 3);
}

#[test]
fn what_a_registry_refuses_is_not_sent_again() {
    let fake = Fake::start(|request| match request.line.starts_with("PUT") {
        true => Some((400, vec![header("", r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#)])),
        false => takes(request),
    });
    let error = pushed(&fake).0.expect_err("it is refused");
    assert!(!error.is_of_environment() && error.to_string().contains("DIGEST_INVALID"), "{error}");
    assert!(fake.seen("PUT").len() <= 5);
}

#[test]
fn a_digest_that_the_registry_does_not_confirm_is_an_error() {
    let fake = Fake::start(|request| match request.line.contains("/manifests/") && request.line.starts_with("PUT") {
        true => Some((201, vec![header("Docker-Content-Digest", common::digest(b"else"))])),
        false => takes(request),
    });
    let error = pushed(&fake).0.expect_err("it is another one");
    assert!(matches!(error, PushError::Unconfirmed { .. }), "{error}");
    assert_eq!(fake.seen("PUT /v2/agent/manifests/1"), [""; 0]);

    let silent = Fake::start(|request| match request.line.contains("/manifests/") && request.line.starts_with("PUT") {
        true => Some((201, vec![])),
        false => takes(request),
    });
    let error = pushed(&silent).0.expect_err("it has nothing when it is asked");
    assert!(matches!(error, PushError::Unconfirmed { .. }), "{error}");
}

#[test]
fn a_token_is_fetched_where_a_registry_asks_for_one() {
    let tokens = Fake::start(|request| {
        let is_known = request.header("authorization") == Some("Basic cm9ib3Q6YmVlcA==");
        let scope = "scope=repository%3Aagent%3Apull%2Cpush";
        let is_right = request.line.contains("service=here") && request.line.contains(scope);
        match is_known && is_right {
            true => Some((200, vec![header("", r#"{"token":"abc","expires_in":60}"#)])),
            false => Some((401, vec![])),
        }
    });
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"here\"", tokens.name);
    let fake = Fake::start(move |request| match request.header("authorization") {
        Some("Bearer abc") => takes(request),
        _ => Some((401, vec![header("WWW-Authenticate", realm.clone())])),
    });
    assert!(pushed_as(ROBOT, &fake).0.is_ok());
    assert_eq!(tokens.seen("GET /token").len(), 1, "one token is enough");
    let error = pushed(&fake).0.expect_err("a stranger gets none");
    assert!(error.to_string().contains("strangers") && error.to_string().contains("401"), "{error}");
}

#[test]
fn another_host_is_told_nothing_of_oneself() {
    let elsewhere = Fake::start(|request| match request.header("authorization") {
        None => Some((201, vec![])),
        Some(_) => Some((500, vec![])),
    });
    let place = format!("http://{}/upload?state=1", elsewhere.name);
    let fake = Fake::start(move |request| match request.header("authorization") {
        None => Some((401, vec![header("WWW-Authenticate", "Basic realm=\"a\"")])),
        Some(_) if request.line.starts_with("POST") => Some((202, vec![header("Location", place.clone())])),
        Some(_) => takes(request),
    });
    let (pushed, _) = pushed_as(ROBOT, &fake);
    assert_eq!(pushed.expect("it is pushed")[0].uploaded, 8);
    assert!(elsewhere.seen("PUT /upload?state=1&digest=sha256").len() == 5, "{:?}", elsewhere.seen(""));
}

#[test]
fn another_host_that_asks_who_one_is_is_not_answered() {
    for credential in [ROBOT, REFRESH] {
        for is_redirected in [false, true] {
            let greedy = Fake::start(|_| Some((200, vec![header("", r#"{"token":"abc"}"#)])));
            let realm = format!("Bearer realm=\"http://{}/token\"", greedy.name);
            let elsewhere = Fake::start(move |_| Some((401, vec![header("WWW-Authenticate", realm.clone())])));
            let place = format!("http://{}/upload", elsewhere.name);
            let fake = Fake::start(move |request| match &request.line[..4] {
                "POST" if is_redirected => Some((307, vec![header("Location", place.clone())])),
                "POST" => Some((202, vec![header("Location", place.clone())])),
                _ => takes(request),
            });
            let error = pushed_as(credential, &fake).0.expect_err("nobody takes it").to_string();
            assert_eq!(greedy.seen(""), [""; 0], "{credential}");
            let told = format!("`{}`, to which it leads, answers 401 Unauthorized", elsewhere.name);
            assert!(error.contains(&told) && error.contains("no other host is told who you are"), "{error}");
        }
    }
}

#[test]
fn a_request_for_a_token_stays_where_it_was_sent() {
    for credential in [ROBOT, REFRESH] {
        for status in [302, 307, 308] {
            let greedy = Fake::start(|_| Some((200, vec![header("", r#"{"token":"abc"}"#)])));
            let place = format!("http://{}/token", greedy.name);
            let tokens = Fake::start(move |request| match request.line.contains("/moved") {
                true => Some((status, vec![header("Location", place.clone())])),
                false => Some((status, vec![header("Location", "/moved")])),
            });
            let realm = format!("Bearer realm=\"http://{}/token\"", tokens.name);
            let fake = Fake::start(move |_| Some((401, vec![header("WWW-Authenticate", realm.clone())])));
            let error = pushed_as(credential, &fake).0.expect_err("no token is given").to_string();
            assert_eq!(greedy.seen(""), [""; 0], "{credential} {status}");
            assert!(error.contains("a request for a token is redirected to another host"), "{error}");
            assert_eq!(tokens.seen("").len(), 2, "on the host itself it is followed, and it is not tried again");
        }
    }
}

#[test]
fn a_registry_that_falls_silent_is_not_waited_for_for_ever() {
    let fake = Fake::start(|request| {
        if request.line.starts_with("PUT") {
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        takes(request)
    });
    let error = pushed(&fake).0.expect_err("it is silent");
    assert!(error.to_string().contains("it has taken nothing for 2 seconds"), "{error}");
}
