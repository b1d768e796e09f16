//! Records of packages that were made by hand, as they are written and as dpkg reads them.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use xb_core::{Sha256, TreeId};
use xb_debian::Pinned;
use xb_graph::build_tree;
use xb_store::{Contents as _, Store};

use super::record;
use crate::archive::Limits;
use crate::debian::configured::configure;
use crate::debian::merge::Merged;
use crate::debian::packages::Unpacked;
use crate::debian::unpack::{unpack, unpack_control};
use crate::error::FetchError;

/// A package: name, architecture, members of its control archive, and files.
type Deb<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)]);

fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn file_of(control: &[(&str, &str)], data: &[(&str, &str)]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"!<arch>\n").unwrap();
    let members = [("debian-binary", b"2.0\n".to_vec()), ("control.tar", tar_of(control)), ("data.tar", tar_of(data))];
    for (name, bytes) in members {
        writeln!(file, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, bytes.len()).unwrap();
        file.write_all(&bytes).unwrap();
    }
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn unpacked((name, arch, control, data): &Deb<'_>, store: &Store) -> Unpacked {
    let file = file_of(control, data);
    let package = Pinned {
        name: (*name).to_owned(),
        version: "1.0-1".to_owned(),
        arch: (*arch).to_owned(),
        path: "pool/x".to_owned(),
        sha256: Sha256([0; 32]),
        size: 0,
    };
    let tree = unpack(&file, Limits::default(), store).unwrap();
    Unpacked { package, tree, control: Some(unpack_control(&file, store).unwrap()) }
}

fn root_of(debs: &[Deb<'_>], store: &Store) -> Result<TreeId, FetchError> {
    let packages: Vec<_> = debs.iter().map(|deb| unpacked(deb, store)).collect();
    let mut merged = Merged::of(&packages, store)?;
    let pinned: Vec<_> = packages.iter().map(|unpacked| unpacked.package.clone()).collect();
    configure(&mut merged, &pinned, store).unwrap();
    record(&mut merged, &packages, store)?;
    Ok(build_tree(merged.into_unbuilt(), store).unwrap())
}

const LIBRARY: &str = "Package: libx\nVersion: 1.0-1\nArchitecture: amd64\nMulti-Arch: same\nSection: libs\n\
                       Maintainer: Somebody <x@example.org>\nDescription: short\n long\n";
const FOREIGN: &str = "Package: libx\nVersion: 1.0-1\nArchitecture: arm64\nMulti-Arch: same\n\
                       Maintainer: Somebody <x@example.org>\nDescription: short\n long\n";
const TOOL: &str = "Package: tool\nVersion: 1.0-1\nArchitecture: amd64\nMulti-Arch: foreign\nDepends: libx (>= 1)\n\
                    Maintainer: Somebody <x@example.org>\nDescription: a tool\n";

const DEBS: [Deb<'_>; 3] = [
    (
        "libx",
        "amd64",
        &[("control", LIBRARY), ("shlibs", "libx 1 libx\n"), ("symbols", "libx.so.1 libx #MINVER#\n")],
        &[("lib/x86_64-linux-gnu/libx.so.1", "amd64"), ("usr/share/doc/libx/copyright", "mine")],
    ),
    (
        "libx",
        "arm64",
        &[("control", FOREIGN), ("md5sums", "as shipped\n")],
        &[("usr/lib/aarch64-linux-gnu/libx.so.1", "arm64")],
    ),
    (
        "tool",
        "amd64",
        &[
            ("control", TOOL),
            ("conffiles", "/etc/tool.conf\nremove-on-upgrade /etc/old.conf\n"),
            ("postinst", "#!/bin/sh\n"),
            ("triggers", "interest-noawait /usr/share/x\n"),
            ("list", "no\n"),
        ],
        &[("usr/", ""), ("usr/bin/tool", "run"), ("etc/tool.conf", "a = 1\n")],
    ),
];

/// The root of `DEBS` on disk, with the store that it is in.
fn root() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let path = store.materialise(root_of(&DEBS, &store).unwrap()).unwrap();
    (folder, path.join("var/lib/dpkg"))
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn lists_members_and_sums_are_kept_by_the_names_that_dpkg_gives_them() {
    let (_store, dpkg) = root();
    let mut names: Vec<_> = std::fs::read_dir(dpkg.join("info")).unwrap().map(|entry| entry.unwrap()).collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    let names: Vec<_> = names.iter().map(|entry| entry.file_name().into_string().unwrap()).collect();
    let expected = "format libx:amd64.list libx:amd64.md5sums libx:amd64.shlibs libx:amd64.symbols libx:arm64.list \
                    libx:arm64.md5sums tool.conffiles tool.list tool.md5sums tool.postinst tool.triggers";
    assert_eq!(names.join(" "), expected);
    let list = "/.\n/usr\n/usr/lib\n/usr/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu/libx.so.1\n";
    assert_eq!(text(&dpkg, "info/libx:amd64.list"), list);
    assert_eq!(text(&dpkg, "info/tool.list"), "/.\n/etc\n/etc/tool.conf\n/usr\n/usr/bin\n/usr/bin/tool\n");
    assert_eq!(text(&dpkg, "info/tool.md5sums"), "a53108f7543b75adbb34afc035d4cdf6  usr/bin/tool\n");
    assert_eq!(text(&dpkg, "info/libx:arm64.md5sums"), "as shipped\n");
    assert_eq!(text(&dpkg, "triggers/File"), "/usr/share/x tool/noawait\n");
    assert_eq!(text(&dpkg, "triggers/Unincorp"), "");
}

#[test]
fn scripts_are_executable_and_other_members_are_not() {
    let (_store, dpkg) = root();
    let mode = |name: &str| std::fs::metadata(dpkg.join(name)).unwrap().permissions().mode() & 0o111;
    assert_eq!((mode("info/tool.postinst"), mode("info/tool.conffiles"), mode("status")), (0o111, 0, 0));
}

#[test]
fn the_status_has_every_field_and_the_sums_of_conffiles() {
    let (_store, dpkg) = root();
    let tool = TOOL.replace("Version", "Status: install ok installed\nVersion");
    let conffiles = "Conffiles:\n /etc/tool.conf 9358f2568f3316fe7e78a4fa7707c414\n \
                     /etc/old.conf newconffile remove-on-upgrade\n";
    let status = text(&dpkg, "status");
    assert!(status.ends_with(&format!("\n\n{tool}{conffiles}\n")), "{status}");
    assert_eq!(status.matches("Status: install ok installed").count(), 3);
    assert_eq!(text(&dpkg, "arch"), "amd64\narm64\n");
}

#[test]
fn a_control_file_of_another_package_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for (control, because) in [
        (&[("control", TOOL)][..], "its control file is that of tool (amd64)"),
        (&[("control", "Package: other\n")], "no proper field `Architecture`"),
        (&[("postinst", "")], "has no `control`"),
    ] {
        let error = root_of(&[("other", "amd64", control, &[])], &store).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
    }
}

/// What dpkg-query says of the records; none, and why on standard error, where there is none.
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn query(dpkg: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("dpkg-query").arg("--admindir").arg(dpkg).args(arguments).output();
    let Ok(output) = output else {
        eprintln!("skipped: there is no dpkg on this machine to ask");
        return None;
    };
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn dpkg_answers_from_the_records() {
    let (_store, dpkg) = root();
    let Some(owner) = query(&dpkg, &["-S", "/usr/lib/x86_64-linux-gnu/libx.so.1"]) else {
        return;
    };
    assert_eq!(owner, "libx:amd64: /usr/lib/x86_64-linux-gnu/libx.so.1\n");
    let ask = |arguments: &[&str]| query(&dpkg, arguments).unwrap_or_default();
    assert_eq!(ask(&["-S", "/etc/tool.conf"]), "tool: /etc/tool.conf\n");
    assert!(ask(&["-L", "tool"]).ends_with("/usr/bin/tool\n"));
    let symbols = dpkg.join("info/libx:amd64.symbols");
    assert_eq!(ask(&["--control-path", "libx:amd64", "symbols"]), format!("{}\n", symbols.display()));
    let members = ask(&["--control-list", "tool"]);
    for member in ["md5sums", "postinst", "triggers"] {
        assert!(members.lines().any(|line| line == member), "{members}");
    }
    let status = ask(&["-s", "libx:arm64"]);
    assert!(status.contains("Status: install ok installed\n") && status.contains("Description: short\n long\n"));
    let conffiles = ask(&["-W", "-f", "${Conffiles}", "tool"]);
    assert!(conffiles.contains("/etc/old.conf newconffile remove-on-upgrade"), "{conffiles}");
}
