//! What is found wrong with the cache of a folder, and what is removed.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::trees::{Machine, lines};
use common::{folder, run};
use xb_cache::{Blob, Checked, check};
use xb_core::Sha256;

const ENTRY: Sha256 = Sha256([7; 32]);

/// A cache with a pack of two files and what stands for an entry that names all of it, and its blobs.
fn cache() -> (tempfile::TempDir, Vec<Blob>) {
    let place = tempfile::tempdir().expect("a folder");
    let (machine, remote) = (Machine::new(), folder(place.path()));
    let tree = machine.tree([("a", machine.file(b"bytes")), ("b", machine.file(&lines(1, 400_000)))]);
    let pushed = run(machine.packs(&remote).push(&[tree], &[])).expect("it is pushed");
    let blobs: Vec<_> = [pushed.index].into_iter().chain(pushed.blobs).collect();
    run(remote.put_entry(ENTRY, entry(&blobs))).expect("it is put");
    (place, blobs)
}

/// An `ActionResult` with these output files, written by hand: each is a message of a path and a digest.
fn entry(blobs: &[Blob]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| [&[tag << 3 | 2, u8::try_from(bytes.len()).expect("short")], bytes].concat();
    let file = |blob: &Blob| {
        let hash = blob.sha256.to_string();
        let size = [&[2 << 3][..], &varint(blob.size)].concat();
        let digest = [field(1, hash.as_bytes()), size].concat();
        let file = [field(1, b"x"), field(2, &digest)].concat();
        field(2, &file)
    };
    blobs.iter().flat_map(file).collect()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(number.to_le_bytes()[0] | 128);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

fn place_of(cache: &Path, kind: &str, name: Sha256) -> PathBuf {
    let name = name.to_string();
    cache.join(kind).join(&name[..2]).join(&name)
}

fn checked(cache: &Path, repair: bool) -> Checked {
    check(cache, repair).expect("it is looked through")
}

/// What is wrong, by its paths and why, and whether all of it was removed.
fn wrong(cache: &Path, repair: bool) -> (Vec<String>, bool) {
    let wrong = checked(cache, repair).wrong;
    let told = wrong.iter().map(|wrong| format!("{}: {}", wrong.path.display(), wrong.why)).collect();
    (told, wrong.iter().all(|wrong| wrong.removed))
}

#[test]
fn what_is_as_it_should_be_is_counted() {
    let (cache, blobs) = cache();
    let bytes = blobs.iter().map(|blob| blob.size).sum();
    let sound = Checked { blobs: blobs.len() as u64, bytes, entries: 1, ..Checked::default() };
    assert!(blobs.len() >= 2);
    assert_eq!(checked(cache.path(), false), sound);
    assert_eq!(checked(cache.path(), true), sound);
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(checked(empty.path(), true), Checked::default());
    let error = check(&empty.path().join("none"), false).expect_err("there is no such folder").to_string();
    assert!(error.contains("/none` cannot be read: "), "{error}");
}

#[test]
fn a_blob_that_is_another_one_goes_with_what_names_it() {
    let (cache, blobs) = cache();
    let path = place_of(cache.path(), "cas", blobs[0].sha256);
    let mut bytes = fs::read(&path).expect("a blob");
    bytes[0] ^= 1;
    fs::write(&path, &bytes).expect("a blob");
    let (told, removed) = wrong(cache.path(), false);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].ends_with(&format!("its SHA-256 is {}", Blob::of(&bytes).sha256)), "{told:?}");
    let shown = path.strip_prefix(cache.path()).expect("it is below").display().to_string();
    assert!(told[0].starts_with(&shown), "{told:?}");
    assert!(told[1].starts_with("ac/07/0707") && told[1].ends_with("which it names, is another one"), "{told:?}");
    assert!(!removed && path.exists());
    assert_eq!(wrong(cache.path(), true), (told, true));
    assert!(!path.exists() && !place_of(cache.path(), "ac", ENTRY).exists());
    assert_eq!(checked(cache.path(), false).wrong, []);
    assert_eq!(checked(cache.path(), false).blobs, blobs.len() as u64 - 1, "the others are of use");
}

#[test]
fn an_entry_whose_blobs_are_not_all_there_is_of_no_use() {
    for (change, why) in [
        ((|path: &Path| fs::remove_file(path).expect("a blob")) as fn(&Path), ", which it names, is gone"),
        (|path: &Path| fs::write(path, "short").expect("a blob"), ", which it names, is another one"),
    ] {
        let (cache, blobs) = cache();
        change(&place_of(cache.path(), "cas", blobs[1].sha256));
        let (told, removed) = wrong(cache.path(), true);
        assert!(removed && told.last().is_some_and(|told| told.ends_with(why)), "{told:?}");
        assert!(!place_of(cache.path(), "ac", ENTRY).exists());
    }
    let (cache, blobs) = cache();
    let path = place_of(cache.path(), "ac", ENTRY);
    fs::write(&path, entry(&[Blob { size: blobs[0].size + 1, ..blobs[0] }])).expect("an entry");
    assert!(wrong(cache.path(), false).0[0].contains("bytes long, not"));
    for bytes in [&b""[..], b"\xff\xff\xff"] {
        fs::write(&path, bytes).expect("an entry");
        assert!(wrong(cache.path(), false).0[0].ends_with("it is no result of Bazel's protocol"));
    }
}

#[test]
fn no_link_is_followed_and_what_is_none_of_a_cache_stays() {
    let (cache, blobs) = cache();
    let outside = tempfile::tempdir().expect("a folder");
    let name = Blob::of(b"other").sha256.to_string();
    fs::write(outside.path().join(&name), "bytes").expect("a file");
    let begin = cache.path().join("cas").join(&name[..2]);
    std::os::unix::fs::symlink(outside.path(), &begin).expect("a link");
    fs::write(cache.path().join("cas/README"), "bytes").expect("a file");
    fs::write(place_of(cache.path(), "cas", blobs[0].sha256).with_file_name("notes"), "bytes").expect("a file");
    assert_eq!(checked(cache.path(), true).wrong, []);
    assert!(outside.path().join(&name).exists());

    fs::remove_file(&begin).expect("a link");
    fs::create_dir(&begin).expect("a folder");
    std::os::unix::fs::symlink(outside.path().join(&name), begin.join(&name)).expect("a link");
    let (told, removed) = wrong(cache.path(), true);
    assert_eq!((told, removed), (vec![format!("cas/{}/{name}: it is no file", &name[..2])], true));
    assert!(outside.path().join(&name).exists() && !begin.join(&name).exists());
    assert!(cache.path().join("cas/README").exists());
}

#[test]
fn what_writers_left_goes_when_they_are_dead() {
    let (cache, blobs) = cache();
    let folder = place_of(cache.path(), "cas", blobs[0].sha256).parent().expect("a folder").to_owned();
    let (old, new) = (folder.join(".xb-old"), folder.join(".xb-new"));
    for path in [&old, &new] {
        fs::write(path, "half").expect("a file");
    }
    let day = Duration::from_secs(24 * 60 * 60 + 60);
    let file = File::options().write(true).open(&old).expect("a file");
    file.set_modified(SystemTime::now() - day).expect("a time");
    assert_eq!(checked(cache.path(), false).leftovers, 1);
    assert!(old.exists());
    assert_eq!(checked(cache.path(), true).leftovers, 1);
    assert!(!old.exists() && new.exists());
    assert_eq!(checked(cache.path(), false).wrong, []);
}
