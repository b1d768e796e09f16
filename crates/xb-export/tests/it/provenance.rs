//! How artefacts were made, and who vouches for it.

use serde_json::{Value, json};
use xb_export::{ExportError, Provenance, Resource, Statement, Sum};
use xb_graph::Method;
use xb_sign::StatementKey;

fn provenance() -> Provenance {
    Provenance {
        subjects: vec![("b.deb".to_owned(), Sum::of(b"b").sha256), ("a.tar.zst".to_owned(), Sum::of(b"a").sha256)],
        build_type: "https://example.org/build/v1".to_owned(),
        builder: "https://example.org/builder".to_owned(),
        versions: [("xb".to_owned(), "0.1.0".to_owned())].into(),
        method: Some(Method::PureEmulate),
        executor: "local".to_owned(),
        external: [("target".to_owned(), "hello.xb:hello".to_owned())].into(),
        internal: [("action".to_owned(), "0".repeat(64))].into(),
        dependencies: vec![
            Resource::new("https://example.org/z", "sha256", &"1".repeat(64)),
            Resource::new("git+https://example.org/a", "gitCommit", &"2".repeat(40)),
        ],
    }
}

fn key() -> StatementKey {
    StatementKey::from_seed(&[9; 32])
}

fn verified(envelope: &[u8]) -> Result<Statement, ExportError> {
    Statement::verified(envelope, &key().public())
}

/// What is in an envelope, without looking at the signature.
fn payload(envelope: &[u8], name: &str) -> String {
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    envelope.pointer(name).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_statement_says_what_was_given() {
    let envelope = provenance().sign(&key()).unwrap();
    assert_eq!(envelope, provenance().sign(&key()).unwrap());
    assert_eq!(payload(&envelope, "/payloadType"), "application/vnd.in-toto+json");
    assert_eq!(payload(&envelope, "/signatures/0/keyid"), key().public().id().unwrap());
    let statement = verified(&envelope).unwrap();
    assert!(statement.is_about(Sum::of(b"a").sha256) && !statement.is_about(Sum::of(b"c").sha256));
    assert_eq!(statement.subjects().collect::<Vec<_>>(), ["a.tar.zst", "b.deb"]);
    let right = json!({
        "buildDefinition": {
            "buildType": "https://example.org/build/v1",
            "externalParameters": { "target": "hello.xb:hello" },
            "internalParameters": { "action": "0".repeat(64), "executor": "local", "method": "pure-emulate" },
            "resolvedDependencies": [
                { "uri": "git+https://example.org/a", "digest": { "gitCommit": "2".repeat(40) } },
                { "uri": "https://example.org/z", "digest": { "sha256": "1".repeat(64) } },
            ],
        },
        "runDetails": { "builder": { "id": "https://example.org/builder", "version": { "xb": "0.1.0" } } },
    });
    assert_eq!(statement.predicate, right);
}

#[test]
fn what_was_changed_or_signed_by_others_is_not_believed() {
    let envelope = provenance().sign(&key()).unwrap();
    assert!(Statement::verified(&envelope, &StatementKey::from_seed(&[8; 32]).public()).is_err());
    let text = String::from_utf8(envelope.clone()).unwrap();
    for name in ["/payload", "/payloadType", "/signatures/0/sig"] {
        let value = payload(&envelope, name);
        let middle = value.len() / 2;
        let other = if &value[middle..=middle] == "A" { "B" } else { "A" };
        let changed = text.replace(&value, &format!("{}{other}{}", &value[..middle], &value[middle + 1..]));
        assert!(verified(changed.as_bytes()).is_err(), "{name}");
    }
    for end in (0..text.len() - 2).step_by(11) {
        assert!(verified(&envelope[..end]).is_err());
    }
    let other =
        key().seal("application/vnd.in-toto+json", br#"{"_type":"x","subject":[],"predicateType":"y","predicate":1}"#);
    let error = verified(&other.unwrap()).unwrap_err().to_string();
    assert!(error.contains("says `x` of `y`"), "{error}");
    let other = key().seal("text/plain", b"{}").unwrap();
    assert!(verified(&other).unwrap_err().to_string().contains("`text/plain`"));
    assert_eq!(key().public().open("text/plain", &other).unwrap(), b"{}");
}

#[test]
fn what_is_no_statement_is_refused() {
    let refused = |change: fn(&mut Provenance)| {
        let mut provenance = provenance();
        change(&mut provenance);
        provenance.sign(&key()).unwrap_err().to_string()
    };
    assert!(refused(|it| it.subjects.clear()).contains("no artefact"));
    assert!(refused(|it| it.builder = "me".to_owned()).contains("`me`"));
    assert!(refused(|it| it.dependencies[0].uri = "a b:".to_owned()).contains("`a b:`"));
    assert!(refused(|it| drop(it.dependencies[0].digests.insert("x".to_owned(), "XY".to_owned()))).contains("`XY`"));
    assert!(refused(|it| drop(it.internal.insert("method".to_owned(), String::new()))).contains("`method`"));
}
