//! A real root of Debian, through this machine's own apt sources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::common::{World, archive, skip};
use xb_build::{Provider as _, Source};
use xb_core::Arch;
use xb_fetch::download::{Download, Downloader, patience};
use xb_fetch::{Manners, Mirrors, Sources};
use xb_graph::DebianRoot;

fn root(packages: &[(Arch, &[&str])]) -> DebianRoot {
    let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    DebianRoot {
        suite: "trixie".to_owned(),
        packages: packages.iter().map(|(arch, list)| (*arch, names(list))).collect::<BTreeMap<_, _>>(),
        database: false,
    }
}

fn sources(world: &World, manners: Manners) -> Sources {
    let mut settings = world.settings(manners, Mirrors::of_machine([]));
    settings.patience = patience();
    Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_of_debian_is_resolved_fetched_and_unpacked() {
    let world = World::new();
    let root = root(&[(Arch::Amd64, &["dash"]), (Arch::Arm64, &["libc6"])]);
    let tree = match sources(&world, Manners::default()).provide(Source::Debian(&root)).await {
        Ok(tree) => tree,
        Err(error) if error.message.contains("no index of Debian") => return skip(&error.message),
        Err(error) => panic!("{error}"),
    };
    let paths = world.list(tree);
    for path in [
        "usr/bin/dash*",
        "etc/passwd",
        "bin -> usr/bin",
        "usr/lib/x86_64-linux-gnu/libc.so.6*",
        "usr/lib/aarch64-linux-gnu/libc.so.6*",
    ] {
        assert!(paths.iter().any(|line| line.starts_with(path)), "{path} is missing");
    }
    assert!(!paths.iter().any(|line| line.starts_with("usr/share/doc/")));

    let strict = Manners { locked: true, offline: true };
    let again = sources(&world, strict).provide(Source::Debian(&root)).await.unwrap();
    assert_eq!(again, tree);

    let lock = world.lock_text();
    let recorded = DebianRoot { database: true, ..root };
    let locked = Manners { locked: true, offline: false };
    let with_records = sources(&world, locked).provide(Source::Debian(&recorded)).await.unwrap();
    let paths = world.list(with_records);
    for path in ["dash.list", "libc6:amd64.symbols", "libc6:arm64.shlibs", "libc6:arm64.postinst*"] {
        let path = format!("var/lib/dpkg/info/{path}");
        assert!(paths.iter().any(|line| line.starts_with(&path)), "{path} is missing");
    }
    assert_eq!(sources(&world, strict).provide(Source::Debian(&recorded)).await.unwrap(), with_records);
    assert_eq!(world.lock_text(), lock);
}

#[tokio::test]
async fn https_is_believed_by_the_certificates_of_the_machine() {
    let machine = Mirrors::of_machine([]);
    let secure = |root: &String| root.replacen("http://", "https://", 1);
    let mirrors = Mirrors::only(machine.roots().iter().map(secure));
    let scratch = tempfile::tempdir().unwrap();
    let downloader = Downloader::new(&mirrors, patience(), scratch.path(), Arc::new(()));
    let wanted = Download { urls: mirrors.current("dists/trixie/InRelease"), ..Download::default() };
    if let Err(error) = downloader.fetch(&wanted).await.map_err(|error| error.to_string()) {
        assert!(!error.contains("ertificate"), "{error}");
        skip(&error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_debian_is_locked_by_its_signed_index() {
    let world = World::new();
    let sources = sources(&world, Manners::default());
    if let Err(error) = sources.provide(Source::Debian(&root(&[(Arch::Amd64, &["dash"])]))).await {
        assert!(error.message.contains("no index of Debian"), "{error}");
        return skip(&error.message);
    }
    let path = "debian:pool/main/z/zlib/zlib_1.3.dfsg+really1.3.1.orig.tar.gz";
    let tree = sources.provide(Source::Fetch(&archive(path, 1))).await.unwrap();
    assert!(world.list(tree).iter().any(|line| line.starts_with("zlib.h = ")));
    assert!(world.lock_text().contains(path));
}
