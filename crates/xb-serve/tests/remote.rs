//! What holds of every remote: what was put is there, what was not is not, and what is another is a lie.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::casd::Casd;
use common::moto::Moto;
use common::{Running, cache, run};
use xb_cache::{Blob, MOST_ENTRY, Remote, RemoteError};
use xb_core::Sha256;
use xb_serve::{Access, Rights};

const KEY: Sha256 = Sha256([7; 32]);

/// The remote at an address, for which one is as patient as a build is.
fn open(address: &str) -> Arc<dyn Remote> {
    xb_cache::open(&address.parse().expect("an address"), &xb_cache::patience()).expect("a remote")
}

/// A server over a folder that lets everybody write.
fn serve(folder: &Path) -> Running {
    Running::start(cache(folder, Access { anonymous: Rights::Write, tokens: None }))
}

async fn has(remote: &Arc<dyn Remote>, blob: Blob) -> Result<bool, RemoteError> {
    Ok(remote.lacks(&[blob]).await?.is_empty())
}

async fn put(remote: &Arc<dyn Remote>, blob: Blob, bytes: Vec<u8>) -> Result<(), RemoteError> {
    remote.put_blobs(vec![(blob, bytes)]).await
}

/// Does the same with a folder, and with a server of both protocols; `spoil` replaces what a remote has beneath `ac` or
/// `cas`.
fn check(test: impl AsyncFn(Arc<dyn Remote>, &dyn Fn(&str, Sha256, &[u8]))) {
    for scheme in [None, Some("http"), Some("grpc")] {
        let place = tempfile::tempdir().expect("a folder");
        let spoil = |kind: &str, name: Sha256, bytes: &[u8]| {
            let path = place.path().join(xb_cache::layout::place_of(kind, name));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        };
        let running = serve(place.path());
        let address = match scheme {
            None => place.path().display().to_string(),
            Some(scheme) => format!("{scheme}://{}", running.address),
        };
        run(test(open(&address), &spoil));
    }
}

/// An entry that any server takes.
fn result(text: &str) -> Vec<u8> {
    let result = xb_remote::proto::ActionResult { stdout_raw: text.as_bytes().to_vec(), ..Default::default() };
    prost::Message::encode_to_vec(&result)
}

#[test]
fn entries_are_what_was_put_last() {
    check(async |remote, _| {
        assert_eq!(remote.entry(KEY).await.expect("an answer"), None);
        for bytes in [result("first"), result("another"), result("second")] {
            remote.put_entry(KEY, bytes.clone()).await.expect("it is put");
            assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(bytes));
        }
    });
}

#[test]
fn entries_are_not_large() {
    let beside = result(&"x".repeat(3 << 20)).len() - (3 << 20);
    let of_size = |size: u64| result(&"x".repeat(size as usize - beside));
    let (large, largest) = (of_size(MOST_ENTRY + 1), of_size(MOST_ENTRY));
    assert_eq!(largest.len() as u64, MOST_ENTRY);
    check(async |remote, spoil| {
        let error = remote.put_entry(KEY, large.clone()).await.expect_err("it is too large");
        assert!(matches!(error, RemoteError::Refused { passing: false, .. }), "{error}");
        spoil("ac", KEY, &large);
        match remote.entry(KEY).await {
            // A server may see to that itself.
            Ok(entry) => assert_eq!(entry, None),
            Err(error) => assert!(matches!(error, RemoteError::Lied { .. }), "{error}"),
        }
        spoil("ac", KEY, &largest);
        assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(largest.clone()));
    });
}

/// Puts and takes blobs of all sizes.
async fn exchange(remote: Arc<dyn Remote>) {
    for bytes in [vec![], b"bytes".to_vec(), vec![9; 300_000], vec![7; 9 << 20]] {
        let blob = Blob::of(&bytes);
        // The blob of nothing may be everywhere.
        if !bytes.is_empty() {
            assert!(!has(&remote, blob).await.expect("an answer"));
            assert_eq!(remote.blob(blob).await.expect("an answer"), None);
        }
        put(&remote, blob, bytes.clone()).await.expect("it is put");
        put(&remote, blob, bytes.clone()).await.expect("it is put again");
        assert!(has(&remote, blob).await.expect("an answer"));
        assert_eq!(remote.blob(blob).await.expect("an answer"), Some(bytes));
    }
    let many: Vec<_> = (0..500_u32).map(|number| number.to_le_bytes().repeat(1000)).collect();
    let lumps: Vec<_> = many.iter().map(|bytes| (Blob::of(bytes), bytes.clone())).collect();
    let blobs: Vec<_> = lumps.iter().map(|(blob, _)| *blob).collect();
    assert_eq!(remote.lacks(&blobs).await.expect("an answer").len(), many.len());
    remote.put_blobs(lumps[..300].to_vec()).await.expect("they are put");
    assert_eq!(remote.lacks(&blobs).await.expect("an answer"), blobs[300..].iter().copied().collect());
}

#[test]
fn blobs_are_what_was_put() {
    check(async |remote, _| exchange(remote).await);
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
            let error = match remote.blob(blob).await {
                // A server may see itself that it has only something else.
                Ok(None) => continue,
                answer => answer.expect_err("it is another"),
            };
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

#[test]
fn an_entry_is_of_use_as_long_as_what_it_names_is_there() {
    let place = tempfile::tempdir().expect("a folder");
    let served = serve(place.path());
    let blob = Blob::of(b"a chunk");
    let digest = xb_remote::proto::Digest { hash: blob.sha256.to_string(), size_bytes: blob.size as i64 };
    let file = xb_remote::proto::OutputFile { path: "x".to_owned(), digest: Some(digest), ..Default::default() };
    let result = xb_remote::proto::ActionResult { output_files: vec![file], ..Default::default() };
    let entry = prost::Message::encode_to_vec(&result);
    for url in ["http", "grpc"] {
        let remote = open(&format!("{url}://{}", served.address));
        run(async {
            put(&remote, blob, b"a chunk".to_vec()).await.expect("it is put");
            remote.put_entry(KEY, entry.clone()).await.expect("it is put");
            assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(entry.clone()));
            std::fs::remove_file(place.path().join(xb_cache::layout::place_of("cas", blob.sha256)))
                .expect("it was there");
            assert_eq!(remote.entry(KEY).await.expect("an answer"), None);
        });
    }
}

#[test]
fn a_server_that_others_have_made_is_a_remote_too() {
    let Some(casd) = Casd::start() else { return };
    let remote = open(&format!("grpc://{}", casd.address));
    run(async {
        exchange(Arc::clone(&remote)).await;
        assert_eq!(remote.entry(KEY).await.expect("an answer"), None);
        for entry in [result("first"), result("second")] {
            remote.put_entry(KEY, entry.clone()).await.expect("it is put");
            assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(entry));
        }
    });
}

#[test]
fn a_client_that_others_have_made_uses_a_team_s_server() {
    let place = tempfile::tempdir().expect("a folder");
    let served = serve(place.path());
    let Some(casd) = Casd::before(&format!("http://{}", served.address)) else { return };
    let remote = open(&format!("grpc://{}", casd.address));
    let (first, second) = (vec![7; 100_000], vec![9; 6 << 20]);
    run(async {
        for bytes in [&first, &second] {
            put(&remote, Blob::of(bytes), bytes.clone()).await.expect("it is put");
        }
        remote.put_entry(KEY, result("a result")).await.expect("it is put");
    });
    drop(casd);
    for bytes in [&first, &second] {
        let there = place.path().join(xb_cache::layout::place_of("cas", Blob::of(bytes).sha256));
        assert_eq!(std::fs::read(there).as_ref().ok(), Some(bytes));
    }
    // Another, which has nothing itself.
    let Some(casd) = Casd::before(&format!("http://{}", served.address)) else { return };
    let remote = open(&format!("grpc://{}", casd.address));
    run(async {
        assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(result("a result")));
        for bytes in [&first, &second] {
            assert_eq!(remote.blob(Blob::of(bytes)).await.expect("an answer").as_ref(), Some(bytes));
        }
    });
}

#[test]
fn a_bucket_is_a_remote_too() {
    let Some(moto) = Moto::start() else { return };
    let remote = open(&moto.url());
    run(exchange(Arc::clone(&remote)));
    run(async {
        assert_eq!(remote.entry(KEY).await.expect("an answer"), None);
        for entry in [result("first"), result("second")] {
            remote.put_entry(KEY, entry.clone()).await.expect("it is put");
            assert_eq!(remote.entry(KEY).await.expect("an answer"), Some(entry));
        }
    });
    for (bytes, wrong) in [("one", "ONE"), ("another", ""), ("third", "third, and more")] {
        let blob = Blob::of(bytes.as_bytes());
        let place = xb_cache::layout::place_of("cas", blob.sha256);
        moto.put(&format!("team/x/{}", place.display()), wrong.into());
        let error = run(remote.blob(blob)).expect_err("it is another");
        assert!(matches!(error, RemoteError::Lied { .. }), "{error}");
        let is_there = run(has(&remote, blob)).expect("an answer");
        assert_eq!(is_there, bytes.len() == wrong.len(), "what is of another length is put again");
    }
    let blob = Blob::of(b"the bytes");
    let elsewhere = open(&moto.url().replace("@bucket", "@absent"));
    let error = run(put(&elsewhere, blob, b"the bytes".to_vec())).expect_err("there is no such bucket");
    assert!(matches!(error, RemoteError::Refused { .. }) && error.to_string().contains("s3://absent"), "{error}");
}
