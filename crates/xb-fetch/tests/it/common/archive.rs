//! An archive of Debian's kind, signed by a key of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use xb_debian::Keyring;
use xb_fetch::{Manners, Mirrors, Sources};

use super::server::{Answer, Server};
use super::{World, sha256};

pub const NO_GPG: &str = "there is no gpg on this machine";

/// An archive with one source, and one package for each of two architectures.
pub struct Archive {
    pub server: Server,
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
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Self::with_debs(bytes, |_| Vec::new())
    }

    /// An archive of which the package for each architecture has the bytes that `deb` gives. Packages of the same
    /// bytes are one download, whichever is asked for first: who counts requests wants them apart.
    pub fn with_debs(bytes: &[u8], deb: impl Fn(&str) -> Vec<u8>) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        gpg(home.path(), &["--quick-gen-key", "Test <test@example>", "ed25519", "sign", "never"])?;
        let sources = format!(
            "Package: a\nChecksums-Sha256:\n {} {} a_1.orig.tar.gz\nDirectory: pool/main/a/a\n",
            sha256(bytes),
            bytes.len()
        );
        let release = home.path().join("Release");
        let mut text = "Suite: stable\nCodename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n".to_owned();
        let server = Server::new();
        let mut serve = |folder: &str, file: &str, index: &str| {
            let packed = xz(index);
            let sum = sha256(&packed);
            text += &format!(" {sum} {} main/{folder}/{file}\n", packed.len());
            server.on(&format!("/dists/trixie/main/{folder}/by-hash/SHA256/{sum}"), [Answer::Bytes(packed)]);
        };
        serve("source", "Sources.xz", &sources);
        for arch in ["amd64", "arm64"] {
            let deb = deb(arch);
            serve(&format!("binary-{arch}"), "Packages.xz", &package("cmake", arch, &deb));
            server.on(&format!("/pool/main/cmake_1_{arch}.deb"), [Answer::Bytes(deb)]);
        }
        std::fs::write(&release, text).unwrap();
        let signed = gpg(home.path(), &["--clearsign", "--output", "-", release.to_str().unwrap()])?;
        let keys = gpg(home.path(), &["--export"])?;
        server.on("/dists/trixie/InRelease", [Answer::Bytes(signed)]);
        Some(Self { server, keys })
    }

    pub fn sources(&self, world: &World) -> Sources {
        let settings = world.settings(Manners::default(), Mirrors::only([self.server.root.clone()]));
        let keyring = Keyring::from_bytes(&self.keys).unwrap();
        Sources::with_keyring(settings, Arc::new(world.store.clone()), Arc::new(()), keyring).unwrap()
    }
}

fn package(name: &str, arch: &str, deb: &[u8]) -> String {
    let (size, sum) = (deb.len(), sha256(deb));
    let file = format!("pool/main/{name}_1_{arch}.deb");
    let head = format!("Package: {name}\nVersion: 1\nArchitecture: {arch}\nMulti-Arch: same\n");
    format!("{head}Filename: {file}\nSize: {size}\nSHA256: {sum}\n\n")
}

/// A package with one file, as `dpkg-deb` makes it; none where there is no dpkg.
pub fn deb(arch: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join("made").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let head = format!("Package: cmake\nVersion: 1\nArchitecture: {arch}\n");
    write("DEBIAN/control", &format!("{head}Maintainer: A <a@example.org>\nDescription: a\n"));
    write("usr/bin/cmake", "#!/bin/sh\n");
    let (made, file) = (folder.path().join("made"), folder.path().join("a.deb"));
    let output = Command::new("dpkg-deb").args(["--build", "--root-owner-group"]).arg(made).arg(&file).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(std::fs::read(file).unwrap())
}

fn xz(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = liblzma::read::XzEncoder::new(text.as_bytes(), 6);
    std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
    packed
}
