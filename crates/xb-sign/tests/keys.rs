//! Keys and what they sign, and what others make of both.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use xb_sign::{StatementKey, StatementPublicKey};

fn key() -> StatementKey {
    StatementKey::from_seed(&[9; 32])
}

/// What is in an envelope, without looking at the signature.
fn field(envelope: &[u8], name: &str) -> String {
    let envelope: serde_json::Value = serde_json::from_slice(envelope).unwrap();
    envelope.pointer(name).unwrap().as_str().unwrap().to_owned()
}

/// Whether openssl is on this machine; where nothing may be passed over (`XB_TEST_NO_SKIP=1`), it must.
#[allow(clippy::disallowed_methods, reason = "a test may ask what may be passed over")]
fn have_openssl() -> bool {
    let is_there = Command::new("openssl").arg("version").output().is_ok();
    let may_skip = std::env::var_os("XB_TEST_NO_SKIP").is_none_or(|value| value != "1");
    assert!(is_there || may_skip, "this test may not be skipped: there is no openssl on this machine");
    if !is_there {
        let _ = writeln!(std::io::stderr(), "skipped: there is no openssl on this machine");
    }
    is_there
}

/// How a command ended, and its standard output.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_was_sealed_is_opened_by_its_key_and_as_its_type_alone() {
    let envelope = key().seal("text/plain", b"hello").unwrap();
    assert_eq!(envelope, key().seal("text/plain", b"hello").unwrap());
    assert_eq!(field(&envelope, "/payloadType"), "text/plain");
    assert_eq!(field(&envelope, "/signatures/0/keyid"), key().public().id().unwrap());
    assert_eq!(key().public().open("text/plain", &envelope).unwrap(), b"hello");
    assert!(key().public().open("text/html", &envelope).unwrap_err().to_string().contains("`text/plain`"));
    let error = StatementKey::from_seed(&[8; 32]).public().open("text/plain", &envelope).unwrap_err().to_string();
    assert!(error.contains("none of its signatures is by this key"), "{error}");
    for end in 0..envelope.len() - 2 {
        assert!(key().public().open("text/plain", &envelope[..end]).is_err());
    }
}

#[test]
fn openssl_reads_our_keys_and_we_read_its_and_it_believes_our_signatures() {
    assert!(StatementKey::from_pem("no key").unwrap_err().to_string().contains("openssl genpkey"));
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
    assert!(StatementKey::from_pem(locked).unwrap_err().to_string().contains("passphrase"));
    assert!(StatementPublicKey::from_pem(&key().secret_pem().unwrap()).is_err());
    if !have_openssl() {
        return;
    }
    let world = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(world.path());
        command
    };
    assert!(run(&mut openssl(&["genpkey", "-algorithm", "ed25519", "-out", "secret"])).0);
    let theirs = StatementKey::from_pem(&fs::read_to_string(world.path().join("secret")).unwrap()).unwrap();
    assert_eq!(theirs.secret_pem().unwrap(), fs::read_to_string(world.path().join("secret")).unwrap());
    assert_eq!(theirs.public().pem().unwrap(), run(&mut openssl(&["pkey", "-in", "secret", "-pubout"])).1);
    fs::write(world.path().join("ours"), key().secret_pem().unwrap()).unwrap();
    let public = run(&mut openssl(&["pkey", "-in", "ours", "-pubout"])).1;
    assert_eq!(StatementPublicKey::from_pem(&public).unwrap(), key().public());

    // The protocol's encoding, written down once more.
    let envelope = key().seal("text/plain", b"hello").unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(world.path().join(name), bytes).unwrap();
    write("public", public.as_bytes());
    write("signature64", field(&envelope, "/signatures/0/sig").as_bytes());
    assert!(run(&mut openssl(&["base64", "-d", "-A", "-in", "signature64", "-out", "signature"])).0);
    let verify =
        ["pkeyutl", "-verify", "-pubin", "-inkey", "public", "-rawin", "-sigfile", "signature", "-in", "signed"];
    write("signed", b"DSSEv1 10 text/plain 5 hello");
    assert!(run(&mut openssl(&verify)).0);
    write("signed", b"DSSEv1 10 text/plain 5 hellO");
    assert!(!run(&mut openssl(&verify)).0);
}
