//! dpkg's own records, as far as a build looks at them: what is installed, in which version.
//!
//! The lists of files, the scripts and the dependencies of packages are not recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::Making;
use crate::resolve::Pinned;

pub(super) fn make(making: &mut Making<'_>, packages: &[Pinned]) {
    making.folder("var/lib/dpkg/info", 0o755);
    making.folder("var/lib/dpkg/triggers", 0o755);
    making.folder("var/lib/dpkg/updates", 0o755);
    making.folder("var/lib/dpkg/alternatives", 0o755);
    making.file("var/lib/dpkg/info/format", "1\n");
    making.file("var/lib/dpkg/available", "");
    making.file("var/lib/dpkg/status", status(packages));
    making.file("var/lib/dpkg/arch", architectures(packages));
}

fn status(packages: &[Pinned]) -> String {
    let mut instances: BTreeMap<&str, usize> = BTreeMap::new();
    for package in packages {
        *instances.entry(&package.name).or_default() += 1;
    }
    let sorted: BTreeSet<&Pinned> = packages.iter().collect();
    sorted.into_iter().map(|package| entry(package, instances[package.name.as_str()] > 1)).collect()
}

/// dpkg believes in several instances of a package only where it says that they can stand beside each other, and
/// they only do where they can.
fn entry(package: &Pinned, beside_others: bool) -> String {
    let Pinned { name, version, arch, .. } = package;
    let multi_arch = if beside_others { "Multi-Arch: same\n" } else { "" };
    format!(
        "Package: {name}\nStatus: install ok installed\nMaintainer: Debian\nArchitecture: {arch}\n\
         {multi_arch}Version: {version}\nDescription: {name}\n\n"
    )
}

fn architectures(packages: &[Pinned]) -> String {
    let all: BTreeSet<&str> = packages.iter().map(|package| package.arch.as_str()).collect();
    all.into_iter().filter(|arch| *arch != "all").map(|arch| format!("{arch}\n")).collect()
}
