//! What vouches for a release: the smallest example, released for real, and looked at file by file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use xb_export::{Manifest, Statement};
use xb_sign::{StatementKey, StatementPublicKey};

use crate::machine::{examples, is_possible};
use crate::store::store;

const RELEASE: &str = r#"
use "hello/hello.xb" { hello }
package greeter(arch) {
  version = "2"
  license = "MIT OR Apache-2.0"
  homepage = "https://example.org/greeter"
  needs = [hello]
  build = sh"mkdir -p $out/usr/local/bin && cp /usr/local/bin/hello $out/usr/local/bin/greeter"
}
release all {
  version = "1.0"
  date = "2026-11-26"
  packages = [hello]
  arches = [arm64]
  formats = [deb, oci { name = "example/tiny" }, tar]
}
release needy { packages = [greeter], arches = [arm64], formats = [tar] }
"#;

/// A project with the example in it, and keys.
struct World {
    folder: TempDir,
}

impl World {
    /// None where the base cannot be had or run; in CI it must.
    fn new() -> Option<Self> {
        if !is_possible() {
            return None;
        }
        let world = Self { folder: tempfile::tempdir_in("/var/tmp").expect("a folder") };
        let examples = examples();
        for file in ["xb.toml", "xb.lock", "hello/hello.xb", "common/maintainer.xb"] {
            copy(&examples.join(file), &world.path(file));
        }
        for file in fs::read_dir(examples.join("hello/src")).expect("the source").flatten() {
            copy(&file.path(), &world.path("hello/src").join(file.file_name()));
        }
        fs::write(world.path("r.xb"), RELEASE).expect("a file");
        // Keys that are the same every time, as those of somebody who makes a release again are.
        let statements = StatementKey::from_seed(&[7; 32]).secret_pem().expect("a key");
        fs::write(world.path("statements.key"), statements).expect("a file");
        let key = xb_export::OpenPgpKey::from_seed(&[8; 32], "A <a@example.org>", Default::default()).expect("a key");
        fs::write(world.path("apt.key"), key.secret_armour().expect("a key")).expect("a file");
        Some(world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// Runs xb as somebody whose files are nobody else's to read.
    fn xb(&self, arguments: &[&str]) -> Output {
        Command::new("sh")
            .args(["-c", "umask 077; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_xb")])
            .args(arguments)
            .current_dir(self.path(""))
            .env("XB_STORE", store())
            .output()
            .expect("xb starts")
    }

    /// Makes a release, and gives its folder and what was said.
    fn release(&self, target: &str, more: &[&str]) -> (PathBuf, String) {
        let output = self.xb(&[&["release", target, "--key", "apt.key", "--method", "cross"], more].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{target}:\n{errors}");
        (self.path("release"), errors)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    fs::copy(from, to).expect("a file of the examples");
}

fn json(file: &Path) -> Value {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn manifest(release: &Path) -> Manifest {
    Manifest::read(&fs::read(release.join("manifest.json")).expect("a manifest")).expect("a manifest")
}

/// The component of a name in an SBOM.
fn component<'a>(sbom: &'a Value, name: &str) -> &'a Value {
    let found = sbom["packages"].as_array().into_iter().flatten().find(|package| package["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {sbom}"))
}

fn is_related(sbom: &Value, from: &Value, kind: &str, to: &Value) -> bool {
    sbom["relationships"].as_array().into_iter().flatten().any(|relation| {
        relation["spdxElementId"] == from["SPDXID"]
            && relation["relationshipType"] == kind
            && relation["relatedSpdxElement"] == to["SPDXID"]
    })
}

/// The files that are artefacts, by the names of what vouches for them; and the image, of which the manifest is a blob.
fn artefacts(release: &Path) -> Vec<(String, xb_core::Sha256)> {
    let manifest = manifest(release);
    let files = manifest.files().filter(|(path, _)| path.ends_with(".deb") || path.ends_with(".tar.zst"));
    let mut found: Vec<_> =
        files.map(|(path, file)| (path.rsplit('/').next().unwrap_or(path).to_owned(), file.sha256)).collect();
    let index = json(&release.join("image/index.json"));
    let blob = |digest: &Value| {
        let digest = digest.as_str().expect("a digest").replace("sha256:", "");
        (release.join("image/blobs/sha256").join(&digest), digest)
    };
    let index = json(&blob(&index["manifests"][0]["digest"]).0);
    let image = blob(&index["manifests"][0]["digest"]).1;
    found.push(("tiny_1.0_arm64.oci".to_owned(), image.parse().expect("a sum")));
    found
}

#[test]
fn every_artefact_is_vouched_for_by_the_same_bytes_everywhere_and_everybody_may_read_them() {
    let Some(world) = World::new() else { return };
    let (release, said) = world.release("r.xb:all", &["--statement-key", "statements.key"]);
    assert!(!said.contains("no provenance"), "{said}");
    let key = StatementKey::from_seed(&[7; 32]).public();
    let artefacts = artefacts(&release);
    assert_eq!(artefacts.len(), 3, "{artefacts:?}");
    for (name, sum) in &artefacts {
        check_sbom(&json(&release.join(format!("sbom/{name}.spdx.json"))), name, *sum);
        let envelope = fs::read(release.join(format!("provenance/{name}.intoto.jsonl"))).expect("the provenance");
        assert_eq!(envelope.iter().filter(|byte| **byte == b'\n').count(), 1, "a line for each statement");
        check_provenance(&key, &envelope, name, *sum);
    }
    for folder in ["sbom", "provenance"] {
        assert_eq!(fs::read_dir(release.join(folder)).expect("a folder").count(), artefacts.len(), "{folder}");
    }
    check_modes(&release);
    check_nothing_of_the_machine(&world, &release);

    // Somebody else, in another folder.
    let Some(other) = World::new() else { return };
    let (again, _) = other.release("r.xb:all", &["--statement-key", "statements.key"]);
    assert_eq!(manifest(&again), manifest(&release));
    let checked = other.xb(&[
        "release",
        "r.xb:all",
        "--key",
        "apt.key",
        "--method",
        "cross",
        "--statement-key",
        "statements.key",
        "--check",
    ]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

fn check_sbom(sbom: &Value, name: &str, sum: xb_core::Sha256) {
    assert_eq!(sbom["creationInfo"]["created"], "2026-11-26T00:00:00Z");
    let described = sbom["documentDescribes"][0].clone();
    let packages = sbom["packages"].as_array().expect("packages");
    let artefact = packages.iter().find(|package| package["SPDXID"] == described).expect("the artefact");
    let sha256 = serde_json::json!([{ "algorithm": "SHA256", "checksumValue": sum.to_string() }]);
    assert_eq!(artefact["checksums"], sha256, "{name}");
    assert_eq!(artefact["licenseDeclared"], "Apache-2.0");
    let is_hello = |package: &&Value| package["name"] == "hello" && package["SPDXID"] != described;
    let hello = packages.iter().find(is_hello).expect("the package");
    assert_eq!((&hello["versionInfo"], &hello["licenseDeclared"]), (&"1.0".into(), &"Apache-2.0".into()));
    assert!(is_related(sbom, artefact, "CONTAINS", hello), "{sbom}");
    let source = component(sbom, "hello/src");
    assert!(source["versionInfo"].as_str().is_some_and(|version| version.starts_with("blake3:")), "{source}");
    assert!(is_related(sbom, hello, "GENERATED_FROM", source), "{sbom}");
    let debian = packages.iter().filter(|package| package["externalRefs"][0]["referenceType"] == "purl");
    let is_image = name.ends_with(".oci");
    assert_eq!(debian.count() > 10, is_image, "the distribution's packages are in the image alone: {name}");
    if is_image {
        let libc = component(sbom, "libc6");
        assert!(is_related(sbom, artefact, "CONTAINS", libc));
        let version = libc["versionInfo"].as_str().expect("a version").replace('+', "%2B");
        let purl = format!("pkg:deb/debian/libc6@{version}?arch=arm64");
        assert_eq!(libc["externalRefs"][0]["referenceLocator"], purl.as_str());
        assert_eq!(libc["checksums"][0]["algorithm"], "SHA256");
    }
}

fn check_provenance(key: &StatementPublicKey, envelope: &[u8], name: &str, sum: xb_core::Sha256) {
    let statement = Statement::verified(envelope, key).expect("a statement of this key");
    assert!(statement.is_about(sum), "{name}");
    assert_eq!(statement.subjects().collect::<Vec<_>>(), [name]);
    let build = &statement.predicate["buildDefinition"];
    assert_eq!(build["buildType"], "urn:xb:build-type:release:1");
    assert_eq!(build["externalParameters"]["architecture"], "arm64");
    let methods = &build["internalParameters"];
    assert_eq!(methods["executor"], "local");
    let format = build["externalParameters"]["format"].as_str().expect("a format");
    assert_eq!(methods["method"], if format == "oci" { Value::Null } else { "cross".into() });
    assert_eq!(methods["method:hello@1.0"], if format == "tar" { Value::Null } else { "cross".into() });
    let dependencies = build["resolvedDependencies"].as_array().expect("dependencies");
    let uses = |start: &str, digest: &str| {
        dependencies
            .iter()
            .any(|it| it["uri"].as_str().is_some_and(|uri| uri.starts_with(start)) && it["digest"][digest].is_string())
    };
    assert!(uses("urn:xb:folder:hello/src", "blake3"), "{build}");
    assert!(uses("pkg:deb/debian/gcc-aarch64-linux-gnu@", "sha256"), "{build}");
    assert_eq!(uses("urn:xb:result:hello@1.0", "blake3"), format != "tar", "{build}");
    assert!(statement.predicate["runDetails"].get("metadata").is_none(), "nothing of the time");
}

fn check_modes(release: &Path) {
    let mut ahead = vec![release.to_owned()];
    while let Some(path) = ahead.pop() {
        let data = fs::metadata(&path).expect("a file");
        let right = if data.is_dir() { 0o755 } else { 0o644 };
        assert_eq!(data.permissions().mode() & 0o7777, right, "{}", path.display());
        if data.is_dir() {
            ahead.extend(fs::read_dir(&path).expect("a folder").flatten().map(|entry| entry.path()));
        }
    }
}

fn check_nothing_of_the_machine(world: &World, release: &Path) {
    let key = StatementKey::from_seed(&[7; 32]).public();
    for folder in ["sbom", "provenance"] {
        for file in fs::read_dir(release.join(folder)).expect("a folder").flatten() {
            let bytes = fs::read(file.path()).expect("a file");
            let text = match folder {
                "sbom" => String::from_utf8(bytes).expect("text"),
                _ => Statement::verified(&bytes, &key).expect("a statement").predicate.to_string(),
            };
            for own in [world.folder.path(), store()] {
                assert!(!text.contains(&*own.to_string_lossy()), "{}: {text}", file.path().display());
            }
        }
    }
}

#[test]
fn needs_are_told_and_without_a_key_of_statements_nothing_is_signed() {
    let Some(world) = World::new() else { return };
    let (release, said) = world.release("r.xb:needy", &[]);
    let told: Vec<_> = said.lines().filter(|line| line.contains("--statement-key")).collect();
    assert!(matches!(told[..], [line] if line.starts_with("no provenance: ")), "{said}");
    assert!(!release.join("provenance").exists());
    let sbom = json(&release.join("sbom/greeter_2_arm64.tar.zst.spdx.json"));
    let packages = sbom["packages"].as_array().expect("packages");
    let [greeter, artefact] = &packages.iter().filter(|it| it["name"] == "greeter").collect::<Vec<_>>()[..] else {
        panic!("the package and its archive: {sbom}")
    };
    assert!(is_related(&sbom, artefact, "CONTAINS", greeter), "{sbom}");
    assert_eq!(greeter["licenseDeclared"], "MIT OR Apache-2.0");
    assert_eq!(greeter["homepage"], "https://example.org/greeter");
    let hello = component(&sbom, "hello");
    assert!(is_related(&sbom, greeter, "DEPENDS_ON", hello), "{sbom}");
    assert!(!is_related(&sbom, artefact, "CONTAINS", hello), "an archive holds no needs: {sbom}");
}
