//! OCI image layouts, and what the readers of this machine say to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use xb_core::{Arch, RelPath};
use xb_export::{Compression, ExportError, Image, ImageConfig, ImageLayer, Moment, OciLayout, Placed, Sum, Written};
use xb_graph::Entry;

use crate::support::{files, have, run};
use crate::trees::World;

const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn layout(compression: Compression) -> OciLayout {
    OciLayout {
        name: "example/hello".to_owned(),
        tag: "1.0".to_owned(),
        annotations: [("org.opencontainers.image.title".to_owned(), "hello".to_owned())].into(),
        compression,
        created: Moment::default(),
    }
}

fn config() -> ImageConfig {
    ImageConfig {
        user: "1000".to_owned(),
        exposed_ports: ["8080/tcp".to_owned()].into(),
        env: [("PATH".to_owned(), "/usr/bin".to_owned()), ("A".to_owned(), "b=c".to_owned())].into(),
        entrypoint: vec!["/usr/bin/program".to_owned()],
        command: vec!["--help".to_owned()],
        volumes: ["/var/lib/it".to_owned()].into(),
        working_folder: "/tmp".to_owned(),
        labels: [("a".to_owned(), "b".to_owned())].into(),
        stop_signal: Some("SIGINT".to_owned()),
    }
}

/// Two images, of which the lowest layer is the same.
fn images(world: &World) -> Vec<Image> {
    let layer = |tree, at: &str, name: &str| ImageLayer {
        placed: Placed { tree, at: RelPath::new(at).unwrap() },
        name: name.to_owned(),
    };
    let image = |arch: Arch| {
        let own = world.tree([(format!("bin/{arch}"), world.file(arch.debian()))]);
        let layers = vec![layer(world.everything(), "", "everything"), layer(own, "usr/local", "own")];
        Image { arch, layers, config: config() }
    };
    vec![image(Arch::Arm64), image(Arch::Amd64)]
}

fn write(world: &World, compression: Compression, name: &str) -> (PathBuf, Written) {
    let top = world.folder.path().join(name);
    let written = layout(compression).write(&world.store, &images(world), &top).unwrap();
    (top, written)
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// What a descriptor names, of which digest and size must be right.
fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let bytes = &files[&format!("blobs/sha256/{digest}")];
    let sum = Sum::of(bytes);
    assert_eq!((sum.sha256.to_string().as_str(), Some(sum.size)), (digest, descriptor["size"].as_u64()));
    bytes
}

#[test]
fn digests_sizes_and_platforms_are_right() {
    let world = World::new();
    for compression in COMPRESSIONS {
        let (top, written) = write(&world, compression, &format!("{compression:?}"));
        let files = files(&top);
        assert_eq!(json(&files["oci-layout"])["imageLayoutVersion"], "1.0.0");
        let top = json(&files["index.json"]);
        let descriptor = &top["manifests"][0];
        assert_eq!(descriptor["annotations"]["org.opencontainers.image.ref.name"], "1.0");
        let index = blob(&files, descriptor);
        assert_eq!(Sum::of(index), written.index);
        let index = json(index);
        let platforms: Vec<_> = index["manifests"].as_array().unwrap().iter().map(|it| &it["platform"]).collect();
        assert_eq!(platforms[0]["architecture"], "amd64");
        assert_eq!((&platforms[1]["architecture"], &platforms[1]["variant"]), (&"arm64".into(), &"v8".into()));
        let mut lowest = Vec::new();
        for descriptor in index["manifests"].as_array().unwrap() {
            let manifest = json(blob(&files, descriptor));
            let config = json(blob(&files, &manifest["config"]));
            assert_eq!(config["architecture"], descriptor["platform"]["architecture"]);
            assert_eq!(config["config"]["Env"], serde_json::json!(["A=b=c", "PATH=/usr/bin"]));
            assert_eq!(config["config"]["ExposedPorts"], serde_json::json!({ "8080/tcp": {} }));
            let layers = manifest["layers"].as_array().unwrap();
            for (layer, id) in layers.iter().zip(config["rootfs"]["diff_ids"].as_array().unwrap()) {
                let plain = unpacked(compression, blob(&files, layer));
                assert_eq!(format!("sha256:{}", Sum::of(&plain).sha256), id.as_str().unwrap());
            }
            assert_eq!(config["history"].as_array().unwrap().len(), layers.len());
            lowest.push(layers[0]["digest"].clone());
        }
        assert_eq!(lowest[0], lowest[1]);
        // Three layers, two configurations, two manifests and an index; and three files above them.
        assert_eq!(files.len(), 8 + 3);
    }
}

fn unpacked(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let name = match compression {
        Compression::None => "x",
        Compression::Gzip => "x.gz",
        Compression::Zstd => "x.zst",
    };
    xb_debian::decompress(name, bytes).unwrap()
}

#[test]
fn the_same_images_give_the_same_bytes_in_any_order() {
    let (one, other) = (World::new(), World::new());
    for compression in COMPRESSIONS {
        let (top, _) = write(&one, compression, &format!("{compression:?}"));
        let mut images = images(&other);
        images.reverse();
        let again = other.folder.path().join(format!("{compression:?}"));
        layout(compression).write(&other.store, &images, &again).unwrap();
        assert!(files(&top) == files(&again), "{compression:?}");
    }
}

#[test]
fn a_name_may_have_a_registry_in_front() {
    let world = World::new();
    let layout = OciLayout { name: "registry.example.org:5000/a/b".to_owned(), ..layout(Compression::None) };
    let top = world.folder.path().join("oci");
    layout.write(&world.store, &images(&world)[..1], &top).unwrap();
    let files = files(&top);
    let name = "registry.example.org:5000/a/b:1.0";
    assert_eq!(json(&files["manifest.json"])[0]["RepoTags"], serde_json::json!([name]));
    assert_eq!(json(&files["index.json"])["manifests"][0]["annotations"]["io.containerd.image.name"], name);
}

#[test]
fn what_can_be_in_no_image_is_refused() {
    let world = World::new();
    let refused = |change: &dyn Fn(&mut OciLayout, &mut Vec<Image>)| {
        let (mut layout, mut images) = (layout(Compression::None), images(&world));
        change(&mut layout, &mut images);
        let folder = tempfile::tempdir().unwrap();
        let error: ExportError = layout.write(&world.store, &images, &folder.path().join("oci")).unwrap_err();
        error.to_string()
    };
    let whiteout = world.tree([("usr/.wh.bin".to_owned(), world.file(""))]);
    let link = world.tree([("etc/.wh..wh..opq".to_owned(), Entry::Symlink { target: "x".to_owned() })]);
    for tree in [whiteout, link] {
        let error = refused(&|_, images| images[0].layers[0].placed = tree.into());
        assert!(error.contains("takes away files of the layers below"), "{error}");
    }
    assert!(refused(&|layout, _| layout.tag = "a/b".to_owned()).contains("the tag `a/b`"));
    assert!(refused(&|layout, _| layout.tag = String::new()).contains("the tag"));
    for name in ["", "A", "a//b", "../a", "a:b", "a:b/c", "a/b:1", ":1/a", "-a", "a b"] {
        assert!(refused(&|layout, _| layout.name = name.to_owned()).contains("the image's name"), "{name}");
    }
    assert!(refused(&|_, images| images[0].arch = images[1].arch).contains("one for each architecture"));
    assert!(refused(&|_, images| images.clear()).contains("one for each architecture"));
    assert!(refused(&|_, images| images[0].layers.clear()).contains("no layer"));
    let configured = |change: fn(&mut ImageConfig)| refused(&|_, images| change(&mut images[0].config));
    assert!(configured(|it| drop(it.env.insert("A=".to_owned(), String::new()))).contains("the variable `A=`"));
    for port in ["", "0", "65536", "80/x", "+80", "80/"] {
        let error = refused(&|_, images| images[0].config.exposed_ports = [port.to_owned()].into());
        assert!(error.contains("the port"), "{port}: {error}");
    }
    assert!(configured(|it| it.working_folder = "tmp".to_owned()).contains("the folder `tmp`"));
    assert!(configured(|it| it.entrypoint.push("\0".to_owned())).contains("NUL"));
}

fn skopeo(arguments: &[&str], places: &[&Path]) -> String {
    let mut command = Command::new("skopeo");
    command.args(arguments);
    let scheme = |place: &&Path| place.to_str().unwrap().to_owned();
    command.args(places.iter().map(scheme));
    run(&mut command)
}

#[test]
fn skopeo_reads_every_architecture() {
    if !have(&["skopeo", "tar"]) {
        return;
    }
    let world = World::new();
    for compression in COMPRESSIONS {
        let (top, _) = write(&world, compression, &format!("{compression:?}"));
        let image = PathBuf::from(format!("oci:{}:1.0", top.display()));
        for arch in Arch::ALL {
            let override_arch = format!("--override-arch={arch}");
            let read = json(skopeo(&[&override_arch, "inspect"], &[&image]).as_bytes());
            assert_eq!((&read["Architecture"], &read["Os"]), (&arch.debian().into(), &"linux".into()));
            assert_eq!(read["Created"], "2000-01-01T00:00:00Z");
            assert_eq!(read["Layers"].as_array().unwrap().len(), 2);
        }
        let copy = world.folder.path().join(format!("copy-{compression:?}"));
        let target = PathBuf::from(format!("dir:{}", copy.display()));
        skopeo(&["--insecure-policy", "copy", "--quiet", "--all"], &[&image, &target]);
        // The index, two manifests, two configurations, three layers, and the version of the format.
        assert_eq!(files(&copy).len(), 9);

        let saved = world.folder.path().join(format!("{compression:?}.tar"));
        run(Command::new("tar").arg("-cf").arg(&saved).arg("-C").arg(&top).arg("."));
        for arch in Arch::ALL {
            let image = PathBuf::from(format!("docker-archive:{}:example/hello:1.0-{arch}", saved.display()));
            let read = json(skopeo(&["inspect"], &[&image]).as_bytes());
            assert_eq!(read["Architecture"], arch.debian());
        }
    }
}
