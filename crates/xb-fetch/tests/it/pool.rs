//! Sources of Debian's pool: what a signed index says of them is what is locked.

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::TreeId;

use crate::common::archive::{Archive, NO_GPG};
use crate::common::server::Answer;
use crate::common::{World, file, sha256, skip};

/// A lock that has a suite and nothing else.
const SUITE: &str = "\
# Written by xb: the digests of everything that comes from outside.
# Keep it with the sources. `xb lock` adds what is missing and drops what nothing uses, `xb lock --update` renews it.
version = 1

[debian.trixie]
date = \"Sat, 05 Sep 2026 07:55:41 UTC\"
in_release = \"0000000000000000000000000000000000000000000000000000000000000000\"
";

const PATH: &str = "pool/main/a/a/a_1.orig.tar.gz";

async fn provide(archive: &Archive, world: &World, path: &str) -> Result<TreeId, ProvideError> {
    archive.sources(world).provide(Source::Fetch(&file(&format!("debian:{path}")))).await
}

fn world() -> World {
    let world = World::new();
    world.write("xb.lock", SUITE);
    world
}

#[tokio::test]
async fn the_sum_that_is_locked_is_the_signed_one() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    archive.server.on(&format!("/{PATH}"), [Answer::Bytes(b"right".to_vec())]);
    let world = world();
    let tree = provide(&archive, &world, PATH).await.unwrap();
    assert_eq!(world.list(tree), ["it = right"]);
    assert!(world.lock_text().contains(&sha256(b"right").to_string()));
    assert!(world.lock_text().contains("date = \"Sat, 12 Sep 2026 07:55:41 UTC\""), "it is not dated");
    assert!(!world.lock_text().contains("127.0.0.1"), "the lock names a host");
}

#[tokio::test]
async fn other_bytes_than_the_signed_ones_are_never_locked() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    archive.server.on(&format!("/{PATH}"), [Answer::Bytes(b"wrong".to_vec())]);
    let world = world();
    let error = provide(&archive, &world, PATH).await.unwrap_err();
    assert!(error.message.contains("other bytes"), "{error}");
    assert_eq!(world.lock_text(), SUITE);
}

#[tokio::test]
async fn what_no_index_lists_needs_a_sum_in_the_description() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    let old = "pool/main/a/a/a_0.orig.tar.gz";
    archive.server.on(&format!("/{old}"), [Answer::Bytes(b"old".to_vec())]);
    let world = world();
    let error = provide(&archive, &world, old).await.unwrap_err();
    assert!(error.message.contains(old) && error.message.contains("trixie"), "{error}");
    assert!(error.message.contains(PATH.rsplit('/').next().unwrap()), "what is there is not named: {error}");
    assert!(error.help.unwrap().contains("sha256 = "));
    assert_eq!(world.lock_text(), SUITE);

    let mut fetch = file(&format!("debian:{old}"));
    fetch.sha256 = Some(sha256(b"old"));
    let tree = archive.sources(&world).provide(Source::Fetch(&fetch)).await.unwrap();
    assert_eq!(world.list(tree), ["it = old"]);
}

#[tokio::test]
async fn an_update_leaves_what_the_suite_has_no_more() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    archive.server.on(&format!("/{PATH}"), [Answer::Bytes(b"right".to_vec())]);
    let world = world();
    provide(&archive, &world, PATH).await.unwrap();
    let old = world.lock_text().replace("a_1", "a_0");
    world.write("xb.lock", &old);
    assert_eq!(archive.sources(&world).update(&[]).await.unwrap(), []);
    assert_eq!(world.lock_text(), old);
}

#[tokio::test]
async fn without_a_suite_nothing_is_locked() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    archive.server.on(&format!("/{PATH}"), [Answer::Bytes(b"right".to_vec())]);
    let world = World::new();
    let error = provide(&archive, &world, PATH).await.unwrap_err();
    assert!(error.message.contains(PATH) && error.message.contains("no suite"), "{error}");
    assert_eq!(world.lock_text(), "");
}
