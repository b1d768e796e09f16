//! Trees as archives.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tar::{Archive, EntryType};
use xb_core::{Digest, RelPath, TreeId};
use xb_export::{Compression, ExportError, Moment, Placed, Sum, write_archive};
use xb_graph::reapi::{Directory, FileNode};
use xb_graph::{DirectoriesMut, Entry};

use crate::support::{have, run, skip};
use crate::trees::World;

impl World {
    fn archive(&self, tree: impl Into<Placed>, compression: Compression) -> Result<Vec<u8>, ExportError> {
        let file = self.folder.path().join("archive");
        // A file that is there is no place for another one.
        let _ = fs::remove_file(&file);
        let sum = write_archive(&self.store, &tree.into(), compression, Moment::default(), &file)?;
        let bytes = fs::read(file).unwrap();
        assert_eq!(Sum::of(&bytes), sum);
        Ok(bytes)
    }
}

/// Each entry: its path, and what it is.
fn listing(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = Archive::new(bytes);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 946_684_800));
        let mode = header.mode().unwrap();
        let target = entry.link_name_bytes().map(|target| String::from_utf8(target.into_owned()).unwrap());
        let mut text = String::new();
        let kind = entry.header().entry_type();
        entry.read_to_string(&mut text).unwrap();
        let what = match (kind, target) {
            (EntryType::Symlink, Some(target)) => format!("{mode:o} -> {target}"),
            (EntryType::Directory, _) => format!("{mode:o}"),
            _ => format!("{mode:o} {} bytes", text.len()),
        };
        found.push((String::from_utf8(entry.path_bytes().into_owned()).unwrap(), what));
    }
    found
}

#[test]
fn an_archive_holds_the_tree_in_order() {
    let world = World::new();
    let bytes = world.archive(world.everything(), Compression::None).unwrap();
    let long = "n".repeat(120);
    let right = [
        ("empty/", "755"),
        ("tmp/", "1777"),
        ("usr/", "755"),
        ("usr/bin/", "755"),
        ("usr/bin/link", "777 -> ../lib/./x//y/"),
        ("usr/bin/program", "755 10 bytes"),
        ("usr/bin/setid", "4755 5 bytes"),
        ("usr/bin.d/", "755"),
        ("usr/bin.d/a", "644 0 bytes"),
        ("usr/long", &format!("777 -> {}", "t/".repeat(100))),
        (&format!("usr/{long}/"), "755"),
        (&format!("usr/{long}/{long}"), "644 4 bytes"),
        ("usr/share/", "755"),
        ("usr/share/ü \n", "644 70000 bytes"),
    ];
    let is: Vec<_> = listing(&bytes);
    let right: Vec<_> = right.map(|(path, what)| (path.to_owned(), what.to_owned())).into();
    assert_eq!(is, right);
}

#[test]
fn a_tree_can_lie_beneath_folders() {
    let world = World::new();
    let tree = world.tree([("a".to_owned(), world.file("")), (String::new(), Entry::Directory { mode: Some(0o2755) })]);
    let placed = Placed { tree, at: RelPath::new("x/y-1.0").unwrap() };
    let paths = listing(&world.archive(placed, Compression::None).unwrap());
    let right = [("x/", "755"), ("x/y-1.0/", "2755"), ("x/y-1.0/a", "644 0 bytes")];
    assert_eq!(paths, right.map(|(path, what)| (path.to_owned(), what.to_owned())));
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let (one, other) = (World::new(), World::new());
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let bytes = one.archive(one.everything(), compression).unwrap();
        assert!(bytes == other.archive(other.everything(), compression).unwrap());
    }
    // What other machines and later versions must give, too.
    let plain = one.archive(one.everything(), Compression::None).unwrap();
    assert_eq!(Sum::of(&plain).sha256.to_string(), "f964cd9a5bc6e83c1d6bc4c95cff991b9ccfb5b88d4f08968ef642388b60743a");
}

#[test]
fn tar_reads_what_is_written() {
    if !have(&["tar", "zstd"]) {
        return;
    }
    let world = World::new();
    let file = world.folder.path().join("it.tar.zst");
    write_archive(&world.store, &world.everything().into(), Compression::Zstd, Moment::default(), &file).unwrap();
    let out = world.folder.path().join("out");
    fs::create_dir(&out).unwrap();
    run(Command::new("tar").args(["--zstd", "-xpf"]).arg(&file).arg("-C").arg(&out));
    let mode = |name: &str| fs::symlink_metadata(out.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("usr/bin/program"), mode("tmp"), mode("usr/bin/setid") & 0o777), (0o755, 0o1777, 0o755));
    assert_eq!(fs::read_link(out.join("usr/bin/link")).unwrap().to_str(), Some("../lib/./x//y/"));
    assert_eq!(fs::read(out.join("usr/share/ü \n")).unwrap().len(), 70_000);
    let long = "n".repeat(120);
    assert_eq!(fs::read_to_string(out.join(format!("usr/{long}/{long}"))).unwrap(), "long");
}

#[track_caller]
fn check_refused(world: &World, tree: TreeId, reason: &str) {
    let error = world.archive(tree, Compression::None).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn what_is_missing_or_damaged_gets_into_no_archive() {
    let world = World::new();
    let gone = Digest::of(b"never there");
    let gone = FileNode { name: "gone".to_owned(), digest: Some(gone.into()), ..FileNode::default() };
    let tree = world.store.add_directory(Directory { files: vec![gone], ..Directory::default() });
    if let Ok(tree) = tree {
        check_refused(&world, tree, "not in the store");
    }
    check_refused(&world, TreeId(Digest::of(b"no tree")), "not");
    let link = world.tree([("link".to_owned(), Entry::Symlink { target: "a\0b".to_owned() })]);
    check_refused(&world, link, "`link` cannot be put into an archive");

    for (text, other) in [("hello", "hellO"), ("longer", "long"), ("short", "much longer")] {
        let world = World::new();
        let content = world.content(text);
        let tree = world.tree([("a/b".to_owned(), world.file(text))]);
        let hex = content.0.hex();
        let path = world.store.folder().join("contents").join(&hex[..2]).join(&hex);
        if fs::metadata(&path).is_err() {
            return skip("the store keeps its contents elsewhere");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&path, other).unwrap();
        check_refused(&world, tree, "damaged");
    }
}

#[test]
fn a_large_file_is_passed_through() {
    let world = World::new();
    let large = world.folder.path().join("large");
    File::create(&large).unwrap().set_len(300 << 20).unwrap();
    let content = xb_store::Contents::add_content(&world.store, &mut File::open(&large).unwrap()).unwrap();
    let tree = world.tree([("large".to_owned(), Entry::File { content, executable: false, mode: None })]);
    let before = peak_memory();
    let bytes = world.archive(tree, Compression::Zstd).unwrap();
    assert!(bytes.len() < 1 << 20);
    assert!(peak_memory() < before + (128 << 10), "it was held in memory");
}

/// The most memory that this process had, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let fields: BTreeMap<_, _> = status.lines().filter_map(|line| line.split_once(':')).collect();
    fields["VmHWM"].trim().trim_end_matches(" kB").parse().unwrap()
}
