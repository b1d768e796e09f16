//! Archives: normal ones, odd ones, and ones that were made to do harm.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use tar::{Builder, EntryType, Header};
use xb_core::TreeId;
use xb_fetch::archive::{ArchiveError, Limits, unpack};

use crate::common::World;

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

/// Writes a name as it is, however harmful.
fn raw_name(header: &mut Header, name: &str) {
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
}

struct Tar(Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn file(mut self, name: &str, mode: u32, text: &str) -> Self {
        let mut header = header(EntryType::Regular, mode, text.len() as u64);
        self.0.append_data(&mut header, name, text.as_bytes()).unwrap();
        self
    }

    fn raw(mut self, name: &str) -> Self {
        let mut header = header(EntryType::Regular, 0o644, 1);
        raw_name(&mut header, name);
        self.0.append(&header, &b"x"[..]).unwrap();
        self
    }

    fn folder(mut self, name: &str) -> Self {
        self.0.append_data(&mut header(EntryType::Directory, 0o755, 0), name, &b""[..]).unwrap();
        self
    }

    fn link(mut self, kind: EntryType, name: &str, target: &str) -> Self {
        self.0.append_link(&mut header(kind, 0o777, 0), name, target).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn disk(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn tree(world: &World, bytes: &[u8], strip: u32) -> Result<TreeId, ArchiveError> {
    unpack(disk(bytes), strip, Limits::default(), &world.store)
}

fn check(bytes: &[u8], strip: u32, expected: &[&str]) {
    let world = World::new();
    let tree = tree(&world, bytes, strip).unwrap();
    assert_eq!(world.list(tree), expected);
}

fn refused(bytes: &[u8], strip: u32, why: &str) {
    let error = tree(&World::new(), bytes, strip).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

fn normal() -> Vec<u8> {
    Tar::new()
        .folder("it-1.0/")
        .file("it-1.0/configure", 0o750, "#!/bin/sh")
        .file("it-1.0/src/a.c", 0o600, "int a;")
        .link(EntryType::Link, "it-1.0/b.c", "it-1.0/src/a.c")
        .link(EntryType::Symlink, "it-1.0/out", "../../../etc/passwd")
        .file("it-1.0/su", 0o4755, "su")
        .folder("it-1.0/empty/")
        .bytes()
}

const NORMAL: [&str; 7] = [
    "b.c = int a;",
    "configure* = #!/bin/sh",
    "su* 4755 = su",
    "out -> ../../../etc/passwd",
    "empty/",
    "src/",
    "src/a.c = int a;",
];

#[test]
fn every_compression_gives_the_same_tree() {
    check(&normal(), 1, &NORMAL);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&normal()).unwrap();
    check(&gzip.finish().unwrap(), 1, &NORMAL);
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
    xz.write_all(&normal()).unwrap();
    check(&xz.finish().unwrap(), 1, &NORMAL);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&normal()).unwrap();
    check(&bzip2.finish().unwrap(), 1, &NORMAL);
    check(&zstd::encode_all(normal().as_slice(), 1).unwrap(), 1, &NORMAL);
}

#[test]
fn zip_files_keep_links_and_modes() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.add_directory("it-1.0/", options).unwrap();
    zip.start_file("it-1.0/run", options.unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh").unwrap();
    zip.add_symlink("it-1.0/link", "run", options).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    check(&bytes, 1, &["run* = #!/bin/sh", "link -> run"]);
}

#[test]
fn a_zip_file_with_other_bytes_than_its_checksum_says_is_refused() {
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file("file", options).unwrap();
        zip.write_all(b"right").unwrap();
        let mut bytes = zip.finish().unwrap().into_inner();
        check(&bytes, 0, &["file = right"]);
        let mut sum = flate2::Crc::new();
        sum.update(b"right");
        let right = sum.sum().to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == right).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|at| bytes[*at] ^= 1);
        assert!(tree(&World::new(), &bytes, 0).is_err(), "{method:?}");
    }
}

#[test]
fn names_that_lead_out_are_refused_by_name() {
    refused(&Tar::new().raw("../evil").bytes(), 0, "`../evil` has a name that leads upwards");
    refused(&Tar::new().raw("a/../../evil").bytes(), 0, "leads upwards");
    refused(&Tar::new().raw("/etc/passwd").bytes(), 0, "`/etc/passwd` has an absolute name");
    let hard = Tar::new().link(EntryType::Link, "a", "b").bytes();
    refused(&hard, 0, "hard link to `b`");
}

#[test]
fn nothing_can_lie_below_a_link_or_a_file() {
    let link = Tar::new().link(EntryType::Symlink, "a", "/etc").file("a/passwd", 0o644, "x").bytes();
    refused(&link, 0, "`a/passwd` lies below `a`");
    let file = Tar::new().file("a", 0o644, "x").file("a/b", 0o644, "x").bytes();
    refused(&file, 0, "`a/b` lies below `a`");
    let swapped = Tar::new().file("d/e/f", 0o644, "x").folder("d/e").link(EntryType::Symlink, "d", "/etc");
    refused(&swapped.file("d/e/g", 0o644, "x").bytes(), 0, "`d` takes the place of a folder");
}

#[test]
fn devices_are_refused() {
    let mut tar = Tar::new();
    let mut header = header(EntryType::Block, 0o644, 0);
    raw_name(&mut header, "sda");
    tar.0.append(&header, &b""[..]).unwrap();
    refused(&tar.bytes(), 0, "`sda` is a Block");
}

#[test]
fn leading_folders_are_dropped_only_when_there_is_one() {
    let two = Tar::new().file("a/x", 0o644, "1").file("b/y", 0o644, "2").bytes();
    refused(&two, 1, "`a`, `b`");
    let error = tree(&World::new(), &two, 1).unwrap_err();
    assert!(error.help().unwrap().contains("strip = 0"));
    check(&two, 0, &["a/", "a/x = 1", "b/", "b/y = 2"]);
    let deep = Tar::new().file("a/b/x", 0o644, "1").file("a/b/y", 0o644, "2").bytes();
    check(&deep, 2, &["x = 1", "y = 2"]);
    refused(&deep, 3, "nothing is left");
    refused(&Tar::new().file("x", 0o644, "1").bytes(), 1, "nothing is left");
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(150));
    check(&Tar::new().file(&long, 0o644, "x").bytes(), 1, &[&format!("{} = x", "f".repeat(150))]);
    let mut tar = Tar::new();
    tar.0.append_pax_extensions([("path", long.as_bytes())]).unwrap();
    let bytes = tar.file("short", 0o644, "x").bytes();
    check(&bytes, 1, &[&format!("{} = x", "f".repeat(150))]);
}

/// An entry whose body says something about the next one.
fn about(mut tar: Tar, kind: EntryType, claimed: u64, body: &[u8]) -> Tar {
    let mut header = header(kind, 0o644, claimed);
    raw_name(&mut header, "long");
    tar.0.append(&header, body).unwrap();
    tar
}

#[test]
fn what_describes_an_entry_is_not_read_without_end() {
    let flood = vec![b'a'; 8 << 20];
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let body = flood.as_slice();
        let long = about(Tar::new(), kind, body.len() as u64, body).file("a", 0o644, "x").bytes();
        refused(&zstd::encode_all(long.as_slice(), 1).unwrap(), 0, "longer than 1048576 bytes");
        let claim = about(Tar::new(), kind, 1 << 40, b"a").bytes();
        assert!(tree(&World::new(), &claim, 0).is_err());
    }
    let name = vec![b'a'; 100_000];
    let long = about(Tar::new(), EntryType::GNULongName, name.len() as u64, &name).file("a", 0o644, "x");
    refused(&long.bytes(), 0, "too long");
    let global = about(Tar::new(), EntryType::XGlobalHeader, 8 << 20, &flood).file("a", 0o644, "x");
    check(&global.bytes(), 0, &["a = x"]);
}

#[test]
fn posix_extensions_say_where_links_lead_and_how_large_files_are() {
    let (text, link) = ("x".repeat(700), format!("{}/{}", "d".repeat(120), "f".repeat(150)));
    let mut tar = Tar::new().file("before", 0o644, "1");
    tar.0.append_pax_extensions([("linkpath", link.as_bytes())]).unwrap();
    let mut tar = tar.link(EntryType::Symlink, "link", "short");
    tar.0.append_pax_extensions([("size", b"700".as_slice())]).unwrap();
    let mut header = header(EntryType::Regular, 0o644, 0);
    raw_name(&mut header, "sized");
    tar.0.append(&header, text.as_bytes()).unwrap();
    let bytes = tar.file("after", 0o644, "2").bytes();
    check(&bytes, 0, &["after = 2", "before = 1", "sized = 700 bytes", &format!("link -> {link}")]);
}

#[test]
fn what_is_cut_off_or_damaged_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&Tar::new().file("a", 0o644, &"text ".repeat(100_000)).bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    assert!(tree(&World::new(), &gzip[..gzip.len() / 2], 0).is_err());
    let plain = Tar::new().file("a", 0o644, &"text ".repeat(100_000)).bytes();
    assert!(tree(&World::new(), &plain[..plain.len() / 2], 0).is_err());
    refused(b"<html>no such file</html>", 0, "not an archive");
}

#[test]
fn bombs_do_not_go_off() {
    let limits = Limits { bytes: 1 << 20, entries: 100, ..Limits::default() };
    let world = World::new();
    let zeros = "\0".repeat(2 << 20);
    let big = zstd::encode_all(Tar::new().file("a", 0o644, &zeros).bytes().as_slice(), 3).unwrap();
    let error = unpack(disk(&big), 0, limits, &world.store).unwrap_err().to_string();
    assert!(error.contains("more than 1048576 bytes"), "{error}");
    let many = (0..200).fold(Tar::new(), |tar, n| tar.folder(&format!("f{n}")));
    let error = unpack(disk(&many.bytes()), 0, limits, &world.store).unwrap_err().to_string();
    assert!(error.contains("more than 100 entries"), "{error}");
    let deep = "d/".repeat(120);
    let error = unpack(disk(&Tar::new().folder(&deep).bytes()), 0, limits, &world.store).unwrap_err().to_string();
    assert!(error.contains("more than 100 entries"), "{error}");
}

#[test]
fn what_a_small_archive_may_hold_depends_on_its_size() {
    let world = World::new();
    let refuse = |tar: &[u8], why: &str| {
        let packed = zstd::encode_all(tar, 3).unwrap();
        assert!(packed.len() < 100_000, "{}", packed.len());
        let error = unpack(disk(&packed), 0, Limits::default(), &world.store).unwrap_err().to_string();
        assert!(error.contains("it holds more than") && error.contains(why), "{error}");
    };
    let deep = (0..1000).fold(Tar::new(), |tar, n| tar.folder(&format!("{n}/{}", "d/".repeat(100))));
    refuse(&deep.bytes(), "entries");
    let long = format!("{}/", "n".repeat(200)).repeat(4);
    let long = (0..24_000).fold(Tar::new(), |tar, n| tar.folder(&format!("{long}{n}")));
    refuse(&long.bytes(), "bytes of names");
}

#[test]
fn sparse_files_have_their_holes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holes");
    let file = File::create(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"end", 1 << 20).unwrap();
    let archive = folder.path().join("it.tar");
    let tar = |format: &str| {
        std::process::Command::new("tar")
            .args(["--sparse", format, "-cf"])
            .arg(&archive)
            .arg("-C")
            .arg(folder.path())
            .arg("holes")
            .status()
    };
    if !tar("--format=gnu").is_ok_and(|status| status.success()) {
        return crate::common::skip("there is no GNU tar on this machine");
    }
    check(&std::fs::read(&archive).unwrap(), 0, &["holes = 1048579 bytes"]);
    file.set_len(8 << 30).unwrap();
    tar("--format=gnu").unwrap();
    refused(&std::fs::read(&archive).unwrap(), 0, "it holds more than");
}

#[test]
fn many_small_files_come_out_right() {
    let tar = (0..3000).fold(Tar::new(), |tar, n| tar.file(&format!("d/{}/{n:04}", n % 7), 0o644, &n.to_string()));
    let world = World::new();
    let tree = tree(&world, &tar.bytes(), 1).unwrap();
    let lines = world.list(tree);
    for n in [0, 1, 1234, 2999] {
        assert!(lines.contains(&format!("{}/{n:04} = {n}", n % 7)), "{n}");
    }
    assert_eq!(lines.len(), 3007);
}
