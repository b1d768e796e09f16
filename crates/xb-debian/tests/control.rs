//! Control archives, sound and hostile.

mod archives;

use std::io::Cursor;

use archives::{ar_of, tar_of};
use tar::EntryType::{self, Directory, GNULongName, Link, Regular, Symlink, XHeader};
use xb_debian::read_control;

fn deb_of(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let control = zstd::encode_all(&tar_of(entries)[..], 1).unwrap();
    ar_of(&[("debian-binary", b"2.0\n"), ("control.tar.zst", &control), ("data.tar.xz", b"odd")])
}

/// The members of a control archive, one line each.
fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let members = read_control(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let line = |member: &xb_debian::ControlMember| {
        let star = if member.is_executable() { "*" } else { "" };
        format!("{}{star} {}", member.name, String::from_utf8_lossy(&member.contents))
    };
    Ok(members.iter().map(line).collect())
}

#[track_caller]
fn check_refused(entries: &[(&str, EntryType, &str)], because: &str) {
    let error = read(&deb_of(entries)).unwrap_err();
    assert!(error.contains(because), "{error}");
}

#[test]
fn members_come_in_order_and_scripts_are_executable() {
    let deb = deb_of(&[
        ("./", Directory, ""),
        ("./control", Regular, "Package: x"),
        ("./postinst", Regular, "#!/bin/sh"),
        ("shlibs", Regular, ""),
    ]);
    assert_eq!(read(&deb).unwrap(), ["control Package: x", "postinst* #!/bin/sh", "shlibs "]);
}

#[test]
fn what_is_no_plain_file_is_refused() {
    check_refused(&[("./control", Symlink, "/etc/passwd")], "`control`, which is no plain file");
    check_refused(&[("./a", Regular, ""), ("./control", Link, "./a")], "no plain file");
    check_refused(&[("./folder/", Directory, "")], "no plain file");
    check_refused(&[("./x", EntryType::Fifo, "")], "a pipe");
    check_refused(&[("./x", XHeader, "")], "a kind that Debian packages do not have");
}

#[test]
fn names_that_are_paths_too_long_or_there_twice_are_refused() {
    check_refused(&[("../control", Regular, "")], "leads out");
    check_refused(&[("/control", Regular, "")], "leads out");
    check_refused(&[("./a/b", Regular, "")], "does not take");
    check_refused(&[("././@LongLink", GNULongName, &"x".repeat(101)), ("./x", Regular, "")], "does not take");
    check_refused(&[("./a", Regular, "1"), ("a", Regular, "2")], "twice");
}

#[test]
fn more_than_any_honest_package_has_is_refused() {
    let names: Vec<_> = (0..1025).map(|number| number.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Regular, "")).collect();
    check_refused(&many, "honest");
    let large = "x".repeat(40 << 20);
    check_refused(&[("a", Regular, &large), ("b", Regular, &large)], "honest");
}

#[test]
fn a_control_archive_that_is_cut_off_or_missing_is_refused() {
    let whole = ar_of(&[("debian-binary", b"2.0\n"), ("control.tar", &tar_of(&[("./control", Regular, "text")]))]);
    assert!(read(&whole).is_ok());
    for end in 0..whole.len() - 1 {
        assert!(read(&whole[..end]).is_err(), "cut off at {end} of {}", whole.len());
    }
    let without = ar_of(&[("debian-binary", b"2.0\n"), ("data.tar", b"")]);
    assert!(read(&without).unwrap_err().contains("it has no `control.tar`"));
}
