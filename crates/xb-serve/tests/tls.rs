//! TLS: who trusts the certificate speaks both protocols with the server, and nobody else does.

mod common;

use common::{Running, cache, run};
use xb_serve::{Access, Rights, Tls};

#[test]
fn both_protocols_go_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(place("certificate"), made.cert.pem()).expect("a file");
    std::fs::write(place("key"), made.signing_key.serialize_pem()).expect("a file");
    let tls = Tls::read(&place("certificate"), &place("key")).expect("they belong together");
    let access = Access { anonymous: Rights::Write, tokens: None };
    let running = Running::with(cache(&place("cache"), access), Some(tls));
    let url = format!("https://localhost:{}/healthz", running.address.port());
    run(async {
        let trusting = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
        for version in [reqwest::Version::HTTP_11, reqwest::Version::HTTP_2] {
            let client = reqwest::Client::builder().tls_certs_only([trusting.clone()]);
            let client = if version == reqwest::Version::HTTP_11 { client.http1_only() } else { client };
            let answer = client.build().expect("a client").get(&url).send().await.expect("an answer");
            assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        }
        let error = reqwest::Client::new().get(&url).send().await.expect_err("nobody knows the certificate");
        assert!(error.is_connect(), "{error}");
        let plain = format!("http://localhost:{}/healthz", running.address.port());
        assert!(reqwest::Client::new().get(&plain).send().await.is_err());
    });
}

#[test]
fn what_is_no_certificate_or_no_key_is_told_with_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(place("certificate"), made.cert.pem()).expect("a file");
    std::fs::write(place("key"), made.signing_key.serialize_pem()).expect("a file");
    std::fs::write(place("other"), other.signing_key.serialize_pem()).expect("a file");
    std::fs::write(place("empty"), "").expect("a file");
    for (certificate, key, told) in [
        ("absent", "key", "absent"),
        ("empty", "key", "empty"),
        ("certificate", "empty", "empty"),
        ("certificate", "other", "other"),
    ] {
        let error = Tls::read(&place(certificate), &place(key)).expect_err("it is of no use").to_string();
        assert!(error.contains(&place(told).display().to_string()), "{error}");
    }
}
