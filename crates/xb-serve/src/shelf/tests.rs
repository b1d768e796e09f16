//! What is taken, what is given, and what goes first.

use std::fs::FileTimes;

use super::*;

fn put(shelf: &Shelf, bytes: &[u8]) -> Blob {
    let blob = Blob::of(bytes);
    shelf.put(Name::blob(blob.sha256), bytes.len() as u64, bytes).expect("it is taken");
    blob
}

fn has(shelf: &Shelf, blob: Blob) -> bool {
    shelf.has(blob).expect("an answer")
}

#[test]
fn what_was_used_least_goes_first_and_the_order_outlives_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), Some(30)).expect("a shelf");
    let [a, b, c] = [&[1; 10], &[2; 10], &[3; 10]].map(|bytes| put(&shelf, bytes));
    assert!(has(&shelf, a));
    put(&shelf, &[4; 10]);
    assert!(has(&shelf, a) && !has(&shelf, b) && has(&shelf, c));
    let ago = SystemTime::now() - Duration::from_secs(9);
    let at = |blob: Blob| File::options().write(true).open(shelf.path(Name::blob(blob.sha256))).expect("it is there");
    at(a).set_times(FileTimes::new().set_modified(ago)).expect("its time is set");
    drop(shelf);
    let shelf = Shelf::open(folder.path(), Some(20)).expect("a shelf");
    assert!(!has(&shelf, a) && has(&shelf, c));
}

#[test]
fn an_entry_goes_with_its_blobs() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    let blob = put(&shelf, b"a chunk");
    let digest = |blob: Blob| bazel_remote_apis::build::bazel::remote::execution::v2::Digest {
        hash: blob.sha256.to_string(),
        size_bytes: blob.size as i64,
    };
    let file = bazel_remote_apis::build::bazel::remote::execution::v2::OutputFile {
        path: "x".to_owned(),
        digest: Some(digest(blob)),
        ..Default::default()
    };
    let result = bazel_remote_apis::build::bazel::remote::execution::v2::ActionResult {
        output_files: vec![file],
        ..Default::default()
    };
    let bytes = prost::Message::encode_to_vec(&result);
    let key = Sha256([7; 32]);
    shelf.put(Name::entry(key), bytes.len() as u64, &bytes).expect("it is taken");
    assert_eq!(shelf.entry(key).expect("an answer"), Some(bytes));
    fs::remove_file(shelf.path(Name::blob(blob.sha256))).expect("it was there");
    assert_eq!(shelf.entry(key).expect("an answer"), None);
}

#[test]
fn what_the_disk_has_made_of_a_blob_is_found_out_before_its_end_and_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Arc::new(Shelf::open(folder.path(), None).expect("a shelf"));
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let read = |name| {
        let (file, size) = shelf.opened(name).expect("an answer")?;
        let (mut read, mut piece) = (Vec::<u8>::new(), [0; 64 << 10]);
        let mut whole = Whole::new(Arc::clone(&shelf), name, file, size);
        Some(loop {
            match whole.read(&mut piece) {
                Ok(0) => break Ok(read),
                Ok(length) => read.extend(&piece[..length]),
                Err(error) => break Err((read, error)),
            }
        })
    };
    let other = put(&shelf, b"another");
    let name = Name::blob(put(&shelf, &bytes).sha256);
    assert_eq!(read(name).expect("it is there").expect("it is whole"), bytes);
    fs::write(shelf.path(name), "").expect("it is written");
    assert!(read(name).is_none() && !has(&shelf, Blob::of(&bytes)), "what is empty is removed");
    for damage in [|bytes: &mut Vec<u8>| bytes[199_999] ^= 1, |bytes: &mut Vec<u8>| bytes.truncate(100_000)] {
        put(&shelf, &bytes);
        let mut damaged = bytes.clone();
        damage(&mut damaged);
        fs::write(shelf.path(name), &damaged).expect("it is written");
        let (given, error) = read(name).expect("it is there").expect_err("it is damaged");
        assert!(given.len() < damaged.len() && error.to_string().contains("other bytes"), "{}: {error}", given.len());
        assert!(read(name).is_none(), "it is removed");
        put(&shelf, &bytes);
        fs::write(shelf.path(name), &damaged).expect("it is written");
        assert_eq!(shelf.bytes(name, u64::MAX).expect("an answer"), None);
        assert!(read(name).is_none(), "it is removed");
    }
    // What has come meanwhile stays.
    put(&shelf, &bytes);
    let (old, _) = shelf.opened(name).expect("an answer").expect("it is there");
    fs::remove_file(shelf.path(name)).expect("it was there");
    put(&shelf, &bytes);
    shelf.remove_damaged(name, &old);
    assert!(read(name).is_some_and(|read| read.is_ok()) && has(&shelf, other));
}

#[test]
fn bytes_of_another_name_are_not_taken_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), Some(10)).expect("a shelf");
    let name = Name::blob(Blob::of(b"bytes").sha256);
    for wrong in [&b"BYTES"[..], b"", b"bytes!", &[0; 11]] {
        assert!(shelf.put(name, wrong.len() as u64, wrong).is_err(), "{wrong:?}");
    }
    let mut unsaid = shelf.begin(name, None).expect("it begins");
    assert!(matches!(unsaid.take(&[0; 11]), Err(Refusal::TooLarge { most: 10 })));
    drop(unsaid);
    let left = fs::read_dir(shelf.path(name).parent().expect("a folder")).expect("it can be read");
    assert_eq!(left.count(), 0);
    assert_eq!(shelf.size(name).expect("an answer"), None);
}

#[test]
fn one_server_is_at_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    assert!(Shelf::open(folder.path(), None).is_err());
    drop(shelf);
    Shelf::open(folder.path(), None).expect("a shelf");
}

#[test]
fn what_others_put_beside_the_server_is_there_and_what_they_left_half_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    let blob = Blob::of(b"bytes");
    let path = shelf.path(Name::blob(blob.sha256));
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    fs::write(&path, b"bytes").expect("it is written");
    assert!(has(&shelf, blob));
    let half = path.with_file_name(".xb-half");
    let own = path.with_file_name(".xb-serve-half");
    let others = path.with_file_name(".xb-new");
    for path in [&half, &own, &others] {
        fs::write(path, b"by").expect("it is written");
    }
    File::options()
        .write(true)
        .open(&half)
        .and_then(|file| {
            file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(7 * 24 * 3600)))
        })
        .expect("its time is set");
    drop(shelf);
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    assert!(has(&shelf, blob) && !half.exists() && !own.exists());
    assert!(others.exists(), "somebody may be writing it");
}

#[test]
fn what_is_no_file_is_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    let path = shelf.path(Name::blob(Blob::of(b"bytes").sha256));
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    let absent = || {
        let name = Name::blob(Blob::of(b"bytes").sha256);
        assert!(shelf.opened(name).expect("an answer").is_none() && !has(&shelf, Blob::of(b"bytes")));
    };
    std::os::unix::fs::symlink("/etc/passwd", &path).expect("a link");
    absent();
    fs::remove_file(&path).expect("it was there");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    absent();
    fs::remove_file(&path).expect("it was there");
    fs::create_dir(&path).expect("a folder");
    absent();
}

#[test]
fn an_entry_that_was_cut_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    let key = Sha256([7; 32]);
    let path = shelf.path(Name::entry(key));
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    fs::write(&path, b"").expect("it is written");
    assert_eq!(shelf.entry(key).expect("an answer"), None);
}

#[test]
fn the_blob_of_nothing_is_always_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::open(folder.path(), None).expect("a shelf");
    let nothing = Blob::of(b"");
    assert!(has(&shelf, nothing) && !has(&shelf, Blob { size: 1, ..nothing }));
    assert_eq!(shelf.bytes(Name::blob(nothing.sha256), 0).expect("an answer"), Some(Vec::new()));
}
