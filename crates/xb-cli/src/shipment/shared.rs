//! Packages for all architectures, which each architecture made for itself: they must be one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use xb_core::{Arch, Digest};
use xb_debian::{DebError, DebKind, read_control, read_deb};

use crate::failure::Failure;
use crate::report::Built;

/// What ends the name of a package for all architectures.
const ALL: &str = "_all.deb";

/// Where what a package says of itself is unpacked to.
const CONTROL: &str = "DEBIAN/";

/// Whether both are results of one package, for two architectures.
pub(super) fn are_of_one_package(one: &Built, other: &Built) -> bool {
    one.target.file == other.target.file
        && one.target.package == other.target.package
        && one.target.arch != other.target.arch
}

/// Refuses what two architectures made of one package, when it is not the same.
pub(super) fn check_same(first: (&Built, &Path), second: (&Built, &Path)) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::environment(format!("cannot compare `{}`: {error}", second.1.display()));
    if std::fs::read(first.1).map_err(cannot)? == std::fs::read(second.1).map_err(cannot)? {
        return Ok(());
    }
    let (before, after) = (parts(first.1).map_err(cannot)?, parts(second.1).map_err(cannot)?);
    let names = before.keys().chain(after.keys());
    let mut differ: Vec<_> = names.filter(|name| before.get(*name) != after.get(*name)).collect();
    // What is said of the files differs because they do.
    differ.sort_by_key(|name| name.starts_with(CONTROL));
    let name = second.1.file_name().unwrap_or_default().to_string_lossy();
    let what = differ.first().map_or_else(|| "its bytes differ".to_owned(), |file| format!("`{file}` differs"));
    Err(refused(&name, &what, first.0.target.arch, second.0.target.arch))
}

/// Refuses a package that is for all architectures by what one of them made, and not by what another one did.
pub(super) fn check_agreed(files: &BTreeMap<String, (&Built, &Path)>) -> Result<(), Failure> {
    for (name, (one, _)) in files {
        let Some(stem) = name.strip_suffix(ALL) else {
            continue;
        };
        for arch in Arch::ALL {
            let of_arch = files.get(&format!("{stem}_{}.deb", arch.debian()));
            if let Some((other, _)) = of_arch.filter(|(other, _)| are_of_one_package(one, other)) {
                let what = "only one of them has programs or names of its architecture";
                return Err(refused(name, what, one.target.arch, other.target.arch));
            }
        }
    }
    Ok(())
}

fn refused(name: &str, what: &str, one: Arch, other: Arch) -> Failure {
    Failure::user(format!("`{name}` is for all architectures, and {what} between {one} and {other}"))
        .help("`ship = deb { architecture = \"any\" }` makes one for each")
}

/// What is in a package, by names.
fn parts(deb: &Path) -> io::Result<BTreeMap<String, String>> {
    let wrong = |error: DebError<io::Error>| io::Error::other(error.to_string());
    let mut parts = BTreeMap::new();
    for member in read_control(File::open(deb)?).map_err(|error| io::Error::other(error.to_string()))? {
        parts.insert(format!("{CONTROL}{}", member.name), Digest::of(&member.contents).to_string());
    }
    read_deb(File::open(deb)?, &mut |entry| {
        let kind = match entry.kind {
            DebKind::Directory => "a folder".to_owned(),
            DebKind::Symlink { target } => format!("a link to {target}"),
            DebKind::Hardlink { target } => format!("also {target}"),
            DebKind::File { contents, .. } => {
                let mut bytes = Vec::new();
                contents.read_to_end(&mut bytes)?;
                Digest::of(&bytes).to_string()
            }
        };
        parts.insert(entry.path.to_string(), format!("{:o} {kind}", entry.mode));
        Ok(())
    })
    .map_err(wrong)?;
    Ok(parts)
}
