//! What is in an apt repository, and what gets into none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xb_core::Arch;
use xb_debian::{Index, Keyring, read_in_release};
use xb_export::{AptRepository, ExportError, Moment, OpenPgpKey, Published};

use crate::debs::{ar_of, control, deb, put};
use crate::support::{files, folder};

pub fn key() -> OpenPgpKey {
    OpenPgpKey::from_seed(&[7; 32], "Example <packages@example.org>", Moment::default()).unwrap()
}

pub fn repository() -> AptRepository {
    AptRepository {
        name: "edge".to_owned(),
        origin: "Example".to_owned(),
        label: "Example packages".to_owned(),
        suite: "stable".to_owned(),
        codename: "trixie".to_owned(),
        architectures: BTreeSet::from(Arch::ALL),
        date: Moment::default(),
        url: None,
    }
}

/// Packages for both architectures, for one, and for all.
pub fn packages(folder: &Path) -> Vec<PathBuf> {
    [
        ("hello", "1.10-1", "amd64"),
        ("hello", "1.9-1", "amd64"),
        ("hello", "1.10-1", "arm64"),
        ("libgreet1", "1:2.0", "amd64"),
        ("greetings", "3~rc1", "all"),
    ]
    .map(|(name, version, arch)| put(folder, name, version, arch))
    .to_vec()
}

fn write(debs: &[PathBuf]) -> Result<Vec<Published>, ExportError> {
    repository().write(debs, &key(), &folder().path().join("apt"))
}

#[test]
fn a_repository_has_packages_indexes_and_signatures() {
    let world = folder();
    let top = world.path().join("apt");
    let published = repository().write(&packages(world.path()), &key(), &top).unwrap();
    let names: Vec<_> = published.iter().map(|it| it.path.as_str()).collect();
    let pool = [
        "pool/main/g/greetings/greetings_3~rc1_all.deb",
        "pool/main/h/hello/hello_1.9-1_amd64.deb",
        "pool/main/h/hello/hello_1.10-1_amd64.deb",
        "pool/main/h/hello/hello_1.10-1_arm64.deb",
        "pool/main/libg/libgreet1/libgreet1_2.0_amd64.deb",
    ];
    assert_eq!(names, pool);
    let files = files(&top);
    assert!(pool.iter().all(|path| files.contains_key(*path)));

    // What we write, we read ourselves.
    let ring = Keyring::from_bytes(&files["edge.gpg"]).unwrap();
    let release = read_in_release(&files["dists/stable/InRelease"], &ring).unwrap();
    assert_eq!((&*release.suite, &*release.codename), ("stable", "trixie"));
    assert_eq!(release.date, "Sat, 01 Jan 2000 00:00:00 UTC");
    for (path, file) in &release.files {
        let (place, _) = path.rsplit_once('/').unwrap();
        let by_name = &files[&format!("dists/stable/{path}")];
        assert_eq!(by_name, &files[&format!("dists/stable/{place}/by-hash/SHA256/{}", file.sha256)]);
        assert_eq!(by_name.len() as u64, file.size);
    }
    let text = String::from_utf8(files["dists/stable/main/binary-arm64/Packages"].clone()).unwrap();
    assert!(Index::parse(Arch::Arm64, text.as_bytes()).is_ok());
    let paragraphs: Vec<_> = text.split("\n\n").collect();
    assert_eq!(paragraphs.len(), 2);
    let sum = published[3].sum;
    let right = format!(
        "{}Filename: {}\nSize: {}\nSHA256: {}\n",
        control("hello", "1.10-1", "arm64"),
        pool[3],
        sum.size,
        sum.sha256
    );
    assert_eq!(paragraphs[1], right);
}

#[test]
fn the_same_packages_give_the_same_bytes_in_any_order() {
    let world = folder();
    let mut debs = packages(world.path());
    repository().write(&debs, &key(), &world.path().join("a")).unwrap();
    debs.reverse();
    debs.push(debs[0].clone());
    repository().write(&debs, &key(), &world.path().join("b")).unwrap();
    assert!(files(&world.path().join("a")) == files(&world.path().join("b")));
}

#[track_caller]
fn check_refused(name: &str, bytes: &[u8], reason: &str) {
    let world = folder();
    let path = world.path().join(name);
    fs::write(&path, bytes).unwrap();
    let error = write(&[path]).unwrap_err().to_string();
    assert!(error.contains(name) && error.contains(reason), "{error}");
}

#[test]
fn a_package_that_is_not_what_its_name_says_is_refused() {
    let sound = deb(&control("hello", "1:1.0", "amd64"), "");
    for name in ["hello_1.0_arm64.deb", "hello_1.1_amd64.deb", "other_1.0_amd64.deb", "hello_1:1.0_amd64.deb", "x"] {
        check_refused(name, &sound, "by its control file it is `hello_1.0_amd64.deb`");
    }
    let world = folder();
    let as_apt_writes = world.path().join("hello_1%3a1.0_amd64.deb");
    fs::write(&as_apt_writes, &sound).unwrap();
    assert_eq!(write(&[as_apt_writes]).unwrap()[0].path, "pool/main/h/hello/hello_1.0_amd64.deb");
}

#[test]
fn a_package_that_is_damaged_is_refused() {
    let sound = deb(&control("hello", "1.0", "amd64"), "text");
    for end in [0, 7, 60, 200, 1000, sound.len() - 700, sound.len() - 1] {
        check_refused("hello_1.0_amd64.deb", &sound[..end], "sound Debian package");
    }
    check_refused("hello_1.0_amd64.deb", &ar_of(&[("debian-binary", b"2.0\n")]), "no `control.tar`");
    let error = write(&["/nonexistent/x_1_all.deb".into()]).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/x_1_all.deb"), "{error}");
}

#[test]
fn no_byte_of_a_package_makes_it_panic() {
    let world = folder();
    let path = world.path().join("hello_1.0_amd64.deb");
    let sound = deb(&control("hello", "1.0", "amd64"), "text");
    for at in (0..sound.len()).step_by(17) {
        // Padding is not looked at, and an altered description is another package.
        let mut bytes = sound.clone();
        bytes[at] ^= [1, 0x20, 0x80, 0xff][at % 4];
        fs::write(&path, &bytes).unwrap();
        let _ = write(std::slice::from_ref(&path));
    }
}

#[test]
fn a_control_file_that_would_forge_the_index_is_refused() {
    let with = |from: &str, to: &str| deb(&control("hello", "1.0", "amd64").replacen(from, to, 1), "");
    for (from, to, reason) in [
        ("Maintainer", "\nPackage: sudo\nMaintainer", "more than one paragraph"),
        ("Package: hello", "Package: ../hello", "dpkg would not take"),
        ("Version: 1.0", "Version: 1.0/../x", "dpkg would not take"),
        ("Version: 1.0", "Version: 1.0\nSource: a/b", "dpkg would not take"),
        ("amd64", "s390x", "neither amd64 nor arm64"),
        ("Maintainer", "Version: 2\nMaintainer", "`Version` twice"),
        ("Maintainer", "X-Maintainer", "no field `Maintainer`"),
    ] {
        check_refused("hello_1.0_amd64.deb", &with(from, to), reason);
    }
    let world = folder();
    let path = world.path().join("hello_1.0_amd64.deb");
    fs::write(&path, with("Maintainer", "Filename: /etc/passwd\nsha256: 0\nMaintainer")).unwrap();
    let top = world.path().join("apt");
    repository().write(&[path], &key(), &top).unwrap();
    let text = fs::read_to_string(top.join("dists/stable/main/binary-amd64/Packages")).unwrap();
    assert!(!text.contains("/etc/passwd") && !text.contains("sha256"), "{text}");
}

#[test]
fn two_packages_of_one_name_with_different_bytes_are_refused() {
    let world = folder();
    let one = put(world.path(), "hello", "1.0", "amd64");
    let other = world.path().join("other");
    fs::create_dir(&other).unwrap();
    let two = other.join("hello_1.0_amd64.deb");
    for text in [control("hello", "1.0", "amd64"), control("hello", "2:1.0", "amd64")] {
        fs::write(&two, deb(&text, "other")).unwrap();
        let error = write(&[one.clone(), two.clone()]).unwrap_err().to_string();
        assert!(error.contains(one.to_str().unwrap()) && error.contains(two.to_str().unwrap()), "{error}");
    }
}

#[test]
fn what_cannot_be_written_down_is_refused() {
    let world = folder();
    let deb = put(world.path(), "hello", "1.0", "amd64");
    let refused = |change: fn(&mut AptRepository)| {
        let mut repository = repository();
        change(&mut repository);
        repository.write(std::slice::from_ref(&deb), &key(), &folder().path().join("apt")).unwrap_err().to_string()
    };
    assert!(refused(|it| it.suite = "../x".to_owned()).contains("the suite `../x`"));
    assert!(refused(|it| it.name = String::new()).contains("the repository's name"));
    assert!(refused(|it| it.origin = "a\nSuite: b".to_owned()).contains("the origin"));
    assert!(refused(|it| it.url = Some("http://a b".to_owned())).contains("the address"));
    assert!(refused(|it| it.architectures.clear()).contains("no architecture"));
    assert!(refused(|it| it.architectures = [Arch::Arm64].into()).contains("it is for amd64"));
    assert!(refused(|it| it.date = Moment::from_secs(1)).contains("choose a later date"));
    let error = repository().write(&[deb], &key(), world.path()).unwrap_err();
    assert!(matches!(error, ExportError::Occupied(_)), "{error}");
}
