//! Folders that were made to do harm.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::common::{World, listing};
use rustix::fs::{CWD, FileType, Mode};
use xb_store::{Contents, StoreError};

#[test]
fn symlinks_are_never_followed() {
    let world = World::new();
    let secret = world.folder("secret", &[("file", "secret")]);
    let folder = world.folder("in", &[]);
    symlink(&secret, folder.join("folder")).unwrap();
    symlink(secret.join("file"), folder.join("file")).unwrap();
    symlink("loop", folder.join("loop")).unwrap();
    let tree = world.store.ingest(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(listing(&made), listing(&folder));
    assert!(!world.store.has_content(xb_core::ContentId(xb_core::Digest::of(b"secret"))).unwrap());
}

#[test]
fn what_is_no_file_is_left_out() {
    let world = World::new();
    let folder = world.folder("in", &[("file", "text")]);
    rustix::fs::mknodat(CWD, folder.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    // Only root can make a device; as anybody else there is one thing less to leave out.
    let _ = rustix::fs::mknodat(CWD, folder.join("null"), FileType::CharacterDevice, Mode::RWXU, 0x103);
    let tree = world.store.ingest(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(listing(&made).into_keys().collect::<Vec<_>>(), ["", "file"]);
    assert_eq!(world.store.ingest_owned(&folder).unwrap(), tree);
}

#[test]
fn a_name_that_is_not_utf8_is_named() {
    let world = World::new();
    let folder = world.folder("in", &[("sub/file", "text")]);
    fs::write(folder.join("sub").join(OsStr::from_bytes(b"na\xffme")), "").unwrap();
    let error = world.store.ingest(&folder).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    assert!(error.to_string().contains(r"sub/na") && error.to_string().contains(r"\xff"), "{error}");
}

#[test]
fn a_target_that_is_not_utf8_is_named() {
    let world = World::new();
    let folder = world.folder("in", &[]);
    symlink(OsStr::from_bytes(b"\xff"), folder.join("link")).unwrap();
    let error = world.store.ingest(&folder).unwrap_err();
    assert!(error.to_string().contains("link"), "{error}");
}

#[test]
fn a_folder_deeper_than_a_path_may_be_is_refused() {
    let world = World::new();
    let folder = world.folder("in", &[]);
    let mut inner = rustix::fs::open(&folder, rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&inner, "d", Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::RDONLY;
        inner = rustix::fs::openat(&inner, "d", flags, Mode::empty()).unwrap();
    }
    let error = world.store.ingest(&folder).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[test]
fn many_names_in_one_folder() {
    let world = World::new();
    let folder = world.folder("in", &[]);
    for number in 0..3000 {
        fs::write(folder.join(number.to_string()), (number % 7).to_string()).unwrap();
    }
    let tree = world.store.ingest_owned(&folder).unwrap();
    let made = world.store.materialise(tree).unwrap();
    assert_eq!(fs::read_dir(made).unwrap().count(), 3000);
}
