//! A whole release, as a program composes it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use xb_core::{Arch, RelPath};
use xb_export::{
    Component, Compression, ExportError, Folder, Image, ImageConfig, ImageLayer, Manifest, Moment, OciLayout, Placed,
    Provenance, Purpose, Relation, RelationKind, Sbom, Statement, Sum, write_archive,
};
use xb_graph::Method;
use xb_sign::StatementKey;

use crate::repository::{key, packages, repository};
use crate::support::{files, run};
use crate::trees::World;

/// Writes a release of everything, and what vouches for each artefact beside it.
fn release(world: &World, top: &Path) -> Result<Manifest, ExportError> {
    let (store, tree, time) = (&world.store, world.everything(), Moment::default());
    let mut artefacts: Vec<(String, Sum)> = Vec::new();
    for package in repository().write(&packages(world.folder.path()), &key(), &top.join("apt"))? {
        artefacts.push((format!("apt/{}", package.path), package.sum));
    }
    let image = |arch| Image {
        arch,
        layers: vec![ImageLayer { placed: tree.into(), name: "hello 1.0".to_owned() }],
        config: ImageConfig::default(),
    };
    let layout = OciLayout {
        name: "example/hello".to_owned(),
        tag: "1.0".to_owned(),
        annotations: Default::default(),
        compression: Compression::Gzip,
        created: time,
    };
    let written = layout.write(store, &Arch::ALL.map(image), &top.join("oci"))?;
    artefacts.push(("oci".to_owned(), written.index));
    for arch in Arch::ALL {
        let name = format!("hello-1.0-{arch}");
        let placed = Placed { tree, at: RelPath::new(&name).unwrap() };
        let file = format!("{name}.tar.zst");
        let sum = write_archive(store, &placed, Compression::Zstd, time, &top.join(&file))?;
        artefacts.push((file, sum));
    }
    let statements = StatementKey::from_seed(&[9; 32]);
    for (name, sum) in artefacts {
        let file = top.join("about").join(name.replace('/', "_"));
        fs::create_dir_all(top.join("about")).unwrap();
        let sbom = Sbom {
            name: name.clone(),
            created: time,
            tool: "xb-0.1.0".to_owned(),
            describes: vec!["it".to_owned()],
            components: vec![
                Component { sha256: Some(sum.sha256), purpose: Some(Purpose::Install), ..Component::new("it") },
                Component { license: Some("Zlib".to_owned()), ..Component::new("zlib") },
            ],
            relations: vec![Relation::new("it", RelationKind::Contains, "zlib")],
        };
        fs::write(file.with_added_extension("spdx.json"), sbom.json()?).unwrap();
        let provenance = Provenance {
            subjects: vec![(name, sum.sha256)],
            build_type: "https://example.org/build/v1".to_owned(),
            builder: "https://example.org/builder".to_owned(),
            versions: Default::default(),
            method: Some(Method::Cross),
            executor: "local".to_owned(),
            external: Default::default(),
            internal: Default::default(),
            dependencies: Vec::new(),
        };
        let envelope = provenance.sign(&statements)?;
        assert!(Statement::verified(&envelope, &statements.public())?.is_about(sum.sha256));
        fs::write(file.with_added_extension("dsse.json"), envelope).unwrap();
    }
    let manifest = Manifest::of(top)?;
    manifest.write(top)?;
    Ok(manifest)
}

#[test]
fn a_release_is_the_same_bytes_from_another_store_and_in_another_folder() {
    let make = || {
        let world = World::new();
        let top = world.folder.path().join("release");
        let manifest = release(&world, &top).unwrap();
        assert_eq!(manifest.differences(&top).unwrap(), []);
        let text: Vec<u8> = files(&top).into_values().flatten().collect();
        let place = world.folder.path().to_str().unwrap().as_bytes();
        assert!(!text.windows(place.len()).any(|bytes| bytes == place), "a path of the machine is in it");
        (manifest, files(&top))
    };
    let (one, other) = (make(), make());
    assert_eq!(one.0, other.0);
    assert!(one.1 == other.1);
}

/// In a process of its own, since a mask is a process's.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test, and not what is exported, asks where it runs")]
fn everybody_may_read_a_release_whatever_the_mask_of_who_makes_it() {
    const MASKED: &str = "XB_TEST_MASKED";
    if std::env::var_os(MASKED).is_none() {
        let this = std::env::current_exe().unwrap();
        let name = "release::everybody_may_read_a_release_whatever_the_mask_of_who_makes_it";
        let script = "umask 077; exec \"$0\" --exact \"$1\"";
        let said = run(Command::new("sh").args(["-c", script]).arg(this).arg(name).env(MASKED, "1"));
        return assert!(said.contains("1 passed"), "{said}");
    }
    let world = World::new();
    let top = world.folder.path().join("not/there/yet");
    let repository = repository();
    repository.write(&packages(world.folder.path()), &key(), &top.join("apt")).unwrap();
    Folder::create(&top.join("sbom")).unwrap().write("deep/down.json", b"{}").unwrap();
    let image = Image {
        arch: Arch::Arm64,
        layers: vec![ImageLayer { placed: world.everything().into(), name: "hello".to_owned() }],
        config: ImageConfig::default(),
    };
    let layout = OciLayout {
        name: "hello".to_owned(),
        tag: "1".to_owned(),
        annotations: Default::default(),
        compression: Compression::Zstd,
        created: Moment::default(),
    };
    layout.write(&world.store, &[image], &top.join("oci")).unwrap();
    let placed = Placed { tree: world.everything(), at: RelPath::root() };
    write_archive(&world.store, &placed, Compression::Zstd, Moment::default(), &top.join("a.tar.zst")).unwrap();
    Manifest::of(&top).unwrap().write(&top).unwrap();
    let mut ahead = vec![world.folder.path().join("not")];
    while let Some(path) = ahead.pop() {
        let data = fs::metadata(&path).unwrap();
        let right = if data.is_dir() { 0o755 } else { 0o644 };
        assert_eq!(data.permissions().mode() & 0o7777, right, "{}", path.display());
        if data.is_dir() {
            ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}
