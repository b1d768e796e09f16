//! `/etc/ssl/certs`: the certificates of the package ca-certificates, each by its name and all in one file.

use super::{Kind, Making};

const SHIPPED: &str = "usr/share/ca-certificates";
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

pub(super) fn make(making: &mut Making<'_>) {
    let mut bundle = Vec::new();
    for path in certificates(making, SHIPPED) {
        let Some(contents) = making.root.read(&path) else {
            continue;
        };
        bundle.extend_from_slice(&contents);
        if !contents.ends_with(b"\n") {
            bundle.push(b'\n');
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        let name = name.strip_suffix(".crt").unwrap_or(name).replace([' ', '(', ')', ','], "_");
        making.link(&format!("etc/ssl/certs/{name}.pem"), &format!("/{path}"));
    }
    if !bundle.is_empty() {
        making.file(BUNDLE, bundle);
    }
}

/// Every `.crt` beneath a folder, sorted.
fn certificates(making: &Making<'_>, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for name in making.root.list(&folder) {
            let path = format!("{folder}/{name}");
            match making.root.kind(&path) {
                Some(Kind::Directory) => folders.push(path),
                Some(Kind::File) if path.ends_with(".crt") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
