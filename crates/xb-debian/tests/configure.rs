//! What is made on top of unpacked packages.

use std::collections::BTreeMap;

use xb_core::{RelPath, Sha256};
use xb_debian::Pinned;
use xb_debian::configure::{Kind, Made, Root, configure};

/// Files by their paths: `/` at the end makes a folder, `->` a link.
struct Memory(BTreeMap<String, Option<String>>);

impl Memory {
    fn of(entries: &[(&str, &str)]) -> Self {
        let entries = entries.iter();
        Self(entries.map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }
}

impl Root for Memory {
    fn kind(&self, path: &str) -> Option<Kind> {
        match self.0.get(path) {
            Some(Some(text)) if text.starts_with("->") => Some(Kind::Symlink),
            Some(Some(text)) if text == "/" => Some(Kind::Directory),
            Some(_) => Some(Kind::File),
            None if !self.list(path).is_empty() => Some(Kind::Directory),
            None => None,
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let beneath = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let mut names: Vec<_> = beneath.filter_map(|rest| rest.split('/').next()).map(str::to_owned).collect();
        names.dedup();
        names
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).cloned().flatten().map(String::into_bytes)
    }
}

fn made(entries: &[(&str, &str)], packages: &[Pinned]) -> BTreeMap<RelPath, Made> {
    configure(&Memory::of(entries), packages)
}

#[track_caller]
fn check_link(made: &BTreeMap<RelPath, Made>, path: &str, target: Option<&str>) {
    let found = match made.get(&RelPath::new(path).unwrap()) {
        Some(Made::Symlink { target }) => Some(target.as_str()),
        Some(other) => panic!("{path} is {other:?}"),
        None => None,
    };
    assert_eq!(found, target, "{path}");
}

fn text(made: &BTreeMap<RelPath, Made>, path: &str) -> String {
    match made.get(&RelPath::new(path).unwrap()) {
        Some(Made::File { contents, .. }) => String::from_utf8(contents.clone()).unwrap(),
        other => panic!("{path} is {other:?}"),
    }
}

fn package(name: &str, arch: &str) -> Pinned {
    Pinned {
        name: name.to_owned(),
        version: "1.0-1".to_owned(),
        arch: arch.to_owned(),
        path: String::new(),
        sha256: Sha256([0; 32]),
        size: 0,
    }
}

#[test]
fn the_alternative_with_the_highest_priority_is_chosen_and_its_followers_with_it() {
    let made = made(&[("usr/bin/mawk", ""), ("usr/bin/gawk", ""), ("usr/bin/gcc", "-> gcc-14")], &[]);
    check_link(&made, "usr/bin/awk", Some("/etc/alternatives/awk"));
    check_link(&made, "etc/alternatives/awk", Some("/usr/bin/gawk"));
    check_link(&made, "etc/alternatives/nawk", Some("/usr/bin/gawk"));
    check_link(&made, "etc/alternatives/cc", Some("/usr/bin/gcc"));
    check_link(&made, "usr/bin/c++", None);
}

#[test]
fn alternatives_of_libraries_are_made_for_each_architecture() {
    let made = made(&[("usr/lib/aarch64-linux-gnu/blas/libblas.so.3", "")], &[]);
    let target = "/usr/lib/aarch64-linux-gnu/blas/libblas.so.3";
    check_link(&made, "etc/alternatives/libblas.so.3-aarch64-linux-gnu", Some(target));
    check_link(&made, "usr/lib/x86_64-linux-gnu/libblas.so.3", None);
}

#[test]
fn what_a_package_ships_wins() {
    let made = made(&[("usr/bin/awk", "x"), ("usr/bin/mawk", ""), ("etc/hosts", "mine"), ("etc/passwd", "x")], &[]);
    for path in ["usr/bin/awk", "etc/hosts", "etc/passwd"] {
        assert!(!made.contains_key(&RelPath::new(path).unwrap()), "{path}");
    }
}

#[test]
fn a_folder_that_a_package_ships_keeps_its_mode() {
    let made = made(&[("var/mail", "/"), ("usr/bin/x", "")], &[]);
    for path in ["var/mail", "usr/bin"] {
        assert!(!made.contains_key(&RelPath::new(path).unwrap()), "{path}");
    }
    assert_eq!(made[&RelPath::new("var/log").unwrap()], Made::Directory { mode: 0o755 });
}

#[test]
fn the_top_of_the_root_is_merged_with_usr_and_empty_folders_give_way_to_links() {
    let root = [("bin", "-> usr/bin"), ("usr/lib64/ld.so", ""), ("var/run", "/"), ("var/lock/x", "")];
    let made = made(&root, &[]);
    check_link(&made, "bin", None);
    check_link(&made, "lib", Some("usr/lib"));
    check_link(&made, "lib64", Some("usr/lib64"));
    check_link(&made, "lib32", None);
    check_link(&made, "var/run", Some("/run"));
    check_link(&made, "var/lock", None);
    assert_eq!(made[&RelPath::new("tmp").unwrap()], Made::Directory { mode: 0o1777 });
}

#[test]
fn accounts_are_base_passwds_where_it_is_there() {
    let ours = made(&[], &[]);
    assert!(text(&ours, "etc/passwd").starts_with("root:*:0:0:"));
    let theirs = made(&[("usr/share/base-passwd/passwd.master", "root:*:0:0::/root:/bin/bash\n")], &[]);
    assert_eq!(text(&theirs, "etc/passwd"), "root:*:0:0::/root:/bin/bash\n");
    assert!(!ours.contains_key(&RelPath::new("etc/shadow").unwrap()));
}

#[test]
fn certificates_are_linked_and_joined() {
    let made = made(
        &[
            ("usr/share/ca-certificates/mozilla/B (2).crt", "b"),
            ("usr/share/ca-certificates/mozilla/A.crt", "a\n"),
            ("usr/share/ca-certificates/README", "no"),
        ],
        &[],
    );
    assert_eq!(text(&made, "etc/ssl/certs/ca-certificates.crt"), "a\nb\n");
    let target = "/usr/share/ca-certificates/mozilla/B (2).crt";
    check_link(&made, "etc/ssl/certs/B__2_.pem", Some(target));
}

#[test]
fn dpkg_knows_what_is_installed() {
    let made = made(&[], &[package("zlib1g", "arm64"), package("zlib1g", "amd64"), package("tzdata", "all")]);
    let status = text(&made, "var/lib/dpkg/status");
    assert_eq!(status.matches("Status: install ok installed").count(), 3);
    assert_eq!(status.matches("Multi-Arch: same").count(), 2);
    assert_eq!(text(&made, "var/lib/dpkg/arch"), "amd64\narm64\n");
}
