//! What holds of every remote: what was put is there, what was not is not, and what is another is a lie.

mod common;

use std::sync::Arc;

use common::server::Server;
use common::{folder, has, put, remote, run_here};
use xb_cache::{Blob, MOST_ENTRY, Remote, RemoteError};
use xb_core::Sha256;

const KEY: Sha256 = Sha256([7; 32]);

/// Does the same with a folder and with a server; `spoil` replaces what a remote has beneath `ac` or `cas`.
fn check(test: impl AsyncFn(Arc<dyn Remote>, &dyn Fn(&str, Sha256, &[u8]))) {
    let place = tempfile::tempdir().expect("a folder");
    let spoil = |kind: &str, name: Sha256, bytes: &[u8]| {
        let path = place.path().join(kind).join(&name.to_string()[..2]).join(name.to_string());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    run_here(test(folder(place.path()), &spoil));

    let server = Server::honest();
    let spoil = |kind: &str, name: Sha256, bytes: &[u8]| {
        server.things.lock().expect("the things").insert(format!("/some/prefix/{kind}/{name}"), bytes.to_vec());
    };
    run_here(test(remote(&server.address()), &spoil));
}

#[test]
fn entries_are_what_was_put_last() {
    check(async |remote, _| {
        assert_eq!(remote.entry(KEY).await.expect("an answer"), None);
        for bytes in [&b"first"[..], b"", b"second"] {
            remote.put_entry(KEY, bytes.to_vec()).await.expect("it is put");
            assert_eq!(remote.entry(KEY).await.expect("an answer").as_deref(), Some(bytes));
        }
    });
}

#[test]
fn entries_are_not_large() {
    check(async |remote, spoil| {
        let large = vec![0; MOST_ENTRY as usize + 1];
        let error = remote.put_entry(KEY, large.clone()).await.expect_err("it is too large");
        assert!(matches!(error, RemoteError::Refused { passing: false, .. }), "{error}");
        spoil("ac", KEY, &large);
        let error = remote.entry(KEY).await.expect_err("it is too large");
        assert!(matches!(error, RemoteError::Lied { .. }), "{error}");
        spoil("ac", KEY, &large[1..]);
        assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(large[1..].to_vec()));
    });
}

#[test]
fn blobs_are_what_was_put() {
    check(async |remote, _| {
        for bytes in [vec![], b"bytes".to_vec(), vec![9; 300_000]] {
            let blob = Blob::of(&bytes);
            assert!(!has(&remote, blob).await.expect("an answer"));
            assert_eq!(remote.blob(blob).await.expect("an answer"), None);
            put(&remote, blob, bytes.clone()).await.expect("it is put");
            put(&remote, blob, bytes.clone()).await.expect("it is put again");
            assert!(has(&remote, blob).await.expect("an answer"));
            assert_eq!(remote.blob(blob).await.expect("an answer"), Some(bytes));
        }
    });
}

#[test]
fn blobs_that_are_another_are_lies() {
    check(async |remote, spoil| {
        let blob = Blob::of(b"bytes");
        for (other, why) in [
            (&b"BYTES"[..], format!("its SHA-256 is {}", Blob::of(b"BYTES").sha256)),
            (b"byte", "it is 4 bytes long, not 5".to_owned()),
            (b"", "it is 0 bytes long, not 5".to_owned()),
            (b"bytes, and more", "long".to_owned()),
        ] {
            spoil("cas", blob.sha256, other);
            let error = remote.blob(blob).await.expect_err("it is another");
            assert!(matches!(error, RemoteError::Lied { .. }), "{error}");
            let told = error.to_string();
            assert!(told.contains(&why) && told.contains(&remote.address().to_string()), "{told}");
            assert!(told.contains(&blob.to_string()), "{told}");
        }
        spoil("cas", blob.sha256, b"byte");
        assert!(!has(&remote, blob).await.expect("an answer"), "what is broken is put again");
        put(&remote, blob, b"bytes".to_vec()).await.expect("it is put");
        assert!(remote.blob(blob).await.expect("an answer").is_some());
    });
}
