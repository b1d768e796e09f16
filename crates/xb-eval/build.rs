//! Writes the table of the standard library's files, so that a new file needs no mention anywhere.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by the environment, and of files")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    // Asked for when it runs: a target folder may serve a checkout that has moved.
    let root = folder_of("CARGO_MANIFEST_DIR")?.join("../../stdlib");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let mut named = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        named.push((name.to_string_lossy().into_owned(), file));
    }
    named.sort();
    let mut table = String::from("const FILES: &[(&str, &str)] = &[\n");
    for (name, file) in named {
        let _ = writeln!(table, "    ({name:?}, include_str!({file:?})),");
    }
    table.push_str("];\n");
    fs::write(folder_of("OUT_DIR")?.join("stdlib.rs"), table)
}

fn folder_of(variable: &str) -> io::Result<PathBuf> {
    std::env::var(variable).map(PathBuf::from).map_err(io::Error::other)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
