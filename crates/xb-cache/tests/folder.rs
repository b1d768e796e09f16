//! What holds of a folder.

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use common::{folder, has, put, run};
use futures_util::future::join_all;
use xb_cache::{Blob, RemoteError};
use xb_core::Sha256;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut all: Vec<_> = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

#[test]
fn it_is_laid_out_as_others_lay_theirs_out() {
    let place = tempfile::tempdir().expect("a folder");
    let remote = folder(&place.path().join("is/made"));
    let blob = Blob::of(b"bytes");
    run(async {
        remote.put_entry(Sha256([0xab; 32]), b"entry".to_vec()).await.expect("it is put");
        put(&remote, blob, b"bytes".to_vec()).await.expect("it is put");
    });
    let (entry, name) = (format!("ac/ab/{}", "ab".repeat(32)), blob.sha256.to_string());
    let blob = format!("cas/{}/{name}", &name[..2]);
    let found = files(&place.path().join("is/made"));
    let wanted = [entry, blob].map(|path| place.path().join("is/made").join(path));
    assert_eq!(found, wanted);
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(umask);
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!(mode(&found[0]), 0o666 & !umask.bits());
    assert_eq!(mode(found[0].parent().expect("a folder")), 0o777 & !umask.bits());
}

#[test]
fn many_may_write_the_same_at_one_time() {
    let place = tempfile::tempdir().expect("a folder");
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let blob = Blob::of(&bytes);
    run(async {
        let work = (0..40).map(|_| {
            let (remote, bytes) = (folder(place.path()), bytes.clone());
            tokio::spawn(async move {
                put(&remote, blob, bytes.clone()).await.expect("it is put");
                assert_eq!(remote.blob(blob).await.expect("nobody sees a half"), Some(bytes));
            })
        });
        join_all(work).await.into_iter().for_each(|done| done.expect("it went well"));
    });
    assert_eq!(files(place.path()).len(), 1);
}

#[test]
fn what_cannot_be_written_is_said() {
    let place = Path::new("/sys/kernel/xb");
    let remote = folder(place);
    let error = run(put(&remote, Blob::of(b"bytes"), b"bytes".to_vec())).expect_err("nobody can write there");
    assert!(matches!(error, RemoteError::Folder { action: "written", .. }), "{error}");
    let told = error.to_string();
    assert!(told.starts_with("`/sys/kernel/xb` cannot be written for the blob "), "{told}");
    assert!(!error.is_passing());
    assert!(!run(has(&remote, Blob::of(b"bytes"))).expect("nothing is there"));

    let place = tempfile::tempdir().expect("a folder");
    std::fs::write(place.path().join("cas"), "no folder").expect("a file");
    let error = run(folder(place.path()).blob(Blob::of(b"bytes"))).expect_err("nothing can be there");
    assert!(error.to_string().contains("cannot be read for the blob "), "{error}");
}

#[test]
fn a_folder_in_the_place_of_a_blob_is_no_blob() {
    let place = tempfile::tempdir().expect("a folder");
    let name = Blob::of(b"bytes").sha256.to_string();
    std::fs::create_dir_all(place.path().join("cas").join(&name[..2]).join(&name)).expect("a folder");
    let remote = folder(place.path());
    assert!(!run(has(&remote, Blob::of(b"bytes"))).expect("an answer"));
    assert!(run(remote.blob(Blob::of(b"bytes"))).is_err());
}
