//! Packages, sound and hostile.

mod archives;

use std::io::Cursor;

use archives::{ar_of, tar_of};
use tar::EntryType;
use xb_debian::{DebError, DebKind, read_deb};

fn deb_of(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let data = zstd::encode_all(&tar_of(entries)[..], 1).unwrap();
    ar_of(&[("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.zst", &data)])
}

/// The entries of a package, one line each.
fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    let result = read_deb::<std::io::Error>(Cursor::new(bytes), &mut |entry| {
        let what = match entry.kind {
            DebKind::File { size, contents } => {
                let mut text = String::new();
                contents.read_to_string(&mut text)?;
                format!("{size} {text}")
            }
            DebKind::Symlink { target } => format!("-> {target}"),
            DebKind::Hardlink { target } => format!("= {target}"),
            DebKind::Directory => "/".to_owned(),
        };
        lines.push(format!("{} {what}", entry.path));
        Ok(())
    });
    result.map(|()| lines).map_err(|error| error.to_string())
}

#[test]
fn entries_come_in_order_and_beneath_usr() {
    let long = format!("./usr/share/{}", "x".repeat(150));
    let deb = deb_of(&[
        ("./", EntryType::Directory, ""),
        ("./bin", EntryType::Symlink, "usr/bin"),
        ("./sbin/", EntryType::Directory, ""),
        ("./lib/x/a", EntryType::Regular, "abc"),
        ("./usr/lib/b", EntryType::Link, "./lib/x/a"),
        ("././@LongLink", EntryType::GNULongName, &long),
        ("./usr/share/cut", EntryType::Regular, ""),
    ]);
    let expected =
        ["bin -> usr/bin", "usr/sbin /", "usr/lib/x/a 3 abc", "usr/lib/b = usr/lib/x/a", &format!("{} 0 ", &long[2..])];
    assert_eq!(read(&deb).unwrap(), expected);
}

#[track_caller]
fn check_refused(deb: &[u8], because: &str) {
    let error = read(deb).unwrap_err();
    assert!(error.contains(because), "{error}");
}

#[test]
fn paths_that_lead_out_are_refused() {
    for path in ["../x", "./usr/../../x", "/etc/passwd", "./a//b", "./a/./b"] {
        check_refused(&deb_of(&[(path, EntryType::Regular, "")]), "leads out");
        check_refused(&deb_of(&[("./x", EntryType::Link, path)]), "leads out");
    }
    check_refused(&deb_of(&[("./x", EntryType::Symlink, "")]), "`./x`");
}

#[test]
fn devices_and_unknown_kinds_are_refused() {
    for kind in [EntryType::Char, EntryType::Fifo, EntryType::XHeader, EntryType::GNUSparse] {
        check_refused(&deb_of(&[("./x", kind, "")]), "`./x`");
    }
}

#[test]
fn a_package_that_is_cut_off_anywhere_is_refused() {
    let deb = deb_of(&[("./x", EntryType::Regular, &"some text ".repeat(500))]);
    for end in 0..deb.len() - 1 {
        assert!(read(&deb[..end]).is_err(), "cut off at {end} of {}", deb.len());
    }
}

#[test]
fn sizes_that_lie_are_refused() {
    let deb = deb_of(&[("./x", EntryType::Regular, "abc")]);
    let at = deb.windows(8).position(|window| window == b"data.tar").unwrap() + 48;
    let mut longer = deb.clone();
    longer[at..at + 10].copy_from_slice(b"9999999999");
    assert!(read(&longer).is_err());
    let mut negative = deb;
    negative[at..at + 10].copy_from_slice(b"-1        ");
    check_refused(&negative, "header");
}

#[test]
fn a_path_without_end_is_not_read() {
    let long = "x".repeat(1 << 20);
    let deb = deb_of(&[("././@LongLink", EntryType::GNULongName, &long), ("./x", EntryType::Regular, "")]);
    check_refused(&deb, "longer than any path");
}

#[test]
fn what_is_no_package_is_refused() {
    check_refused(b"", "not a sound Debian package");
    check_refused(&ar_of(&[("control.tar.xz", b"x")]), "debian-binary");
    check_refused(&ar_of(&[("debian-binary", b"2.0\n")]), "data.tar");
}

#[test]
fn who_visits_can_stop() {
    let deb = deb_of(&[("./x", EntryType::Directory, "")]);
    let result = read_deb(Cursor::new(deb), &mut |_| Err("enough"));
    assert!(matches!(result, Err(DebError::Visit("enough"))));
}
