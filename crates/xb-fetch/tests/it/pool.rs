//! Sources of Debian's pool: what a signed index says of them is what is locked.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::TreeId;
use xb_debian::Keyring;
use xb_fetch::{Manners, Mirrors, Sources};

use crate::common::server::{Answer, Server};
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

/// An archive with one source, signed by a key of its own.
struct Archive {
    server: Server,
    keys: Vec<u8>,
}

fn gpg(home: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("gpg")
        .args(["--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"])
        .arg("--homedir")
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

impl Archive {
    /// None where there is no gpg.
    fn new(bytes: &[u8]) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        gpg(home.path(), &["--quick-gen-key", "Test <test@example>", "ed25519", "sign", "never"])?;
        let sources = format!(
            "Package: a\nChecksums-Sha256:\n {} {} a_1.orig.tar.gz\nDirectory: pool/main/a/a\n",
            sha256(bytes),
            bytes.len()
        );
        let mut packed = Vec::new();
        let mut encoder = liblzma::read::XzEncoder::new(sources.as_bytes(), 6);
        std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
        let sum = sha256(&packed);
        let release = home.path().join("Release");
        let text = format!(
            "Suite: stable\nCodename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n {sum} {} main/source/Sources.xz\n",
            packed.len()
        );
        std::fs::write(&release, text).unwrap();
        let signed = gpg(home.path(), &["--clearsign", "--output", "-", release.to_str().unwrap()])?;
        let keys = gpg(home.path(), &["--export"])?;
        let server = Server::new();
        server.on("/dists/trixie/InRelease", [Answer::Bytes(signed)]);
        server.on(&format!("/dists/trixie/main/source/by-hash/SHA256/{sum}"), [Answer::Bytes(packed)]);
        Some(Self { server, keys })
    }

    fn sources(&self, world: &World) -> Sources {
        let settings = world.settings(Manners::default(), Mirrors::only([self.server.root.clone()]));
        let keyring = Keyring::from_bytes(&self.keys).unwrap();
        Sources::with_keyring(settings, Arc::new(world.store.clone()), Arc::new(()), keyring).unwrap()
    }

    async fn provide(&self, world: &World, path: &str) -> Result<TreeId, ProvideError> {
        self.sources(world).provide(Source::Fetch(&file(&format!("debian:{path}")))).await
    }
}

fn world() -> World {
    let world = World::new();
    world.write("xb.lock", SUITE);
    world
}

const NO_GPG: &str = "there is no gpg on this machine";

#[tokio::test]
async fn the_sum_that_is_locked_is_the_signed_one() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    archive.server.on(&format!("/{PATH}"), [Answer::Bytes(b"right".to_vec())]);
    let world = world();
    let tree = archive.provide(&world, PATH).await.unwrap();
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
    let error = archive.provide(&world, PATH).await.unwrap_err();
    assert!(error.message.contains("other bytes"), "{error}");
    assert_eq!(world.lock_text(), SUITE);
}

#[tokio::test]
async fn what_no_index_lists_needs_a_sum_in_the_description() {
    let Some(archive) = Archive::new(b"right") else { return skip(NO_GPG) };
    let old = "pool/main/a/a/a_0.orig.tar.gz";
    archive.server.on(&format!("/{old}"), [Answer::Bytes(b"old".to_vec())]);
    let world = world();
    let error = archive.provide(&world, old).await.unwrap_err();
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
    archive.provide(&world, PATH).await.unwrap();
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
    let error = archive.provide(&world, PATH).await.unwrap_err();
    assert!(error.message.contains(PATH) && error.message.contains("no suite"), "{error}");
    assert_eq!(world.lock_text(), "");
}
