//! Writing the lock: sorted, one thing on a line, so that a difference can be read.

use std::fmt;

use xb_debian::Pinned;

use super::{Lock, LockedSet, LockedSuite, PackageName, SetKey};

const HEAD: &str = "\
# Written by xb: the digests of everything that comes from outside.
# Keep it with the sources. `xb lock` adds what is missing and drops what nothing uses, `xb lock --update` renews it.
version = 1
";

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (url, locked) in &self.fetched {
            writeln!(f, "\n[[fetch]]\nurl = {}", quoted(url))?;
            writeln!(f, "sha256 = \"{}\"\nsize = {}", locked.sha256, locked.size)?;
            if let Some(date) = &locked.date {
                writeln!(f, "date = {}", quoted(date))?;
            }
        }
        for ((url, revision), locked) in &self.git {
            writeln!(f, "\n[[git]]\nurl = {}", quoted(url))?;
            writeln!(f, "revision = {}", quoted(revision))?;
            writeln!(f, "commit = \"{}\"\ntree = \"{}\"", locked.commit, locked.tree)?;
        }
        for (name, suite) in &self.debian {
            write_suite(f, &key(name), suite)?;
        }
        Ok(())
    }
}

fn write_suite(f: &mut fmt::Formatter<'_>, name: &str, suite: &LockedSuite) -> fmt::Result {
    let Some(in_release) = suite.in_release else {
        return Ok(());
    };
    writeln!(f, "\n[debian.{name}]\ndate = {}", quoted(&suite.date))?;
    writeln!(f, "in_release = \"{in_release}\"")?;
    for (key, set) in &suite.sets {
        write_set(f, name, key, set)?;
    }
    for package in suite.packages.values() {
        write_package(f, name, package)?;
    }
    Ok(())
}

fn write_set(f: &mut fmt::Formatter<'_>, suite: &str, key: &SetKey, set: &LockedSet) -> fmt::Result {
    writeln!(f, "\n[[debian.{suite}.set]]\ndate = {}", quoted(&set.date))?;
    writeln!(f, "native = \"{}\"", key.native)?;
    write_names(f, "wanted", key.wanted.iter())?;
    write_names(f, "packages", set.packages.iter())
}

fn write_names<'a>(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    names: impl Iterator<Item = &'a PackageName>,
) -> fmt::Result {
    writeln!(f, "{field} = [")?;
    for name in names {
        writeln!(f, "  {},", quoted(&name.to_string()))?;
    }
    writeln!(f, "]")
}

fn write_package(f: &mut fmt::Formatter<'_>, suite: &str, package: &Pinned) -> fmt::Result {
    writeln!(f, "\n[[debian.{suite}.package]]\nname = {}", quoted(&package.name))?;
    writeln!(f, "version = {}", quoted(&package.version))?;
    writeln!(f, "arch = {}", quoted(&package.arch))?;
    writeln!(f, "path = {}", quoted(&package.path))?;
    writeln!(f, "sha256 = \"{}\"\nsize = {}", package.sha256, package.size)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}
