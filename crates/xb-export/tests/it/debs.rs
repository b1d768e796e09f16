//! Small Debian packages, made by hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tar::{Builder, Header};

/// The control file of a package of which nothing else is to be known.
pub fn control(name: &str, version: &str, arch: &str) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: Somebody <a@example.org>\n\
         Description: a package\n with a longer text\n .\n in two paragraphs\n"
    )
}

/// A sound package that holds one file.
pub fn deb(control: &str, text: &str) -> Vec<u8> {
    let data = tar_of(&[("./usr/share/it/text", text)]);
    ar_of(&[("debian-binary", b"2.0\n"), ("control.tar", &tar_of(&[("./control", control)])), ("data.tar", &data)])
}

/// Writes a sound package under its right name.
pub fn put(folder: &Path, name: &str, version: &str, arch: &str) -> PathBuf {
    let plain = version.split_once(':').map_or(version, |(_, rest)| rest);
    let path = folder.join(format!("{name}_{plain}_{arch}.deb"));
    fs::write(&path, deb(&control(name, version, arch), "hello")).unwrap();
    path
}

fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A package's outer form.
pub fn ar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, bytes.len()).unwrap();
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}
