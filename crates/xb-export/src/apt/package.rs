//! One `.deb` that is to be published.

use std::convert::Infallible;
use std::fs::File;
use std::path::{Path, PathBuf};

use xb_core::Arch;
use xb_debian::{DebError, read_control, read_deb};

use super::control::Control;
use crate::error::{Context, ExportError, Result};
use crate::folder::sum_of;
use crate::sum::Sum;

/// A package of which everything is known that the index says.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) from: PathBuf,
    pub(crate) name: String,
    pub(crate) version: String,
    /// None is `all`.
    pub(crate) arch: Option<Arch>,
    pub(crate) control: Control,
    pub(crate) sum: Sum,
    /// Where it lies in the repository.
    pub(crate) path: String,
}

impl Package {
    /// Reads the whole package, so that nothing that is damaged gets into the repository.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| ExportError::package(path, reason);
        if !path.is_file() {
            return Err(refuse("it is not a file".to_owned()));
        }
        let control = control_of(path)?;
        check_data(path)?;
        let sum = sum_of(path)?;
        let name = checked(control.need("Package"), "Package", is_package_name).map_err(refuse)?;
        let version = checked(control.need("Version"), "Version", is_version).map_err(refuse)?;
        control.need("Maintainer").map_err(refuse)?;
        control.need("Description").map_err(refuse)?;
        let arch = arch_of(&control).map_err(refuse)?;
        let source = source_of(&control, &name).map_err(refuse)?;
        let file = file_name(path, &name, &version, arch).map_err(refuse)?;
        let path_in_pool = format!("pool/main/{}/{source}/{file}", prefix(&source));
        Ok(Self { from: path.to_owned(), name, version, arch, control, sum, path: path_in_pool })
    }

    /// Its paragraph of the index.
    pub(crate) fn paragraph(&self) -> String {
        let Sum { sha256, size } = self.sum;
        format!("{}Filename: {}\nSize: {size}\nSHA256: {sha256}\n", self.control.index_text(), self.path)
    }
}

fn control_of(path: &Path) -> Result<Control> {
    let members = read_control(open(path)?).map_err(|error| ExportError::package(path, error.to_string()))?;
    let control = members.iter().find(|member| member.name == "control");
    let control = control.ok_or_else(|| ExportError::package(path, "it has no control file"))?;
    Control::parse(&control.contents).map_err(|reason| ExportError::package(path, reason))
}

fn check_data(path: &Path) -> Result<()> {
    let read: std::result::Result<(), DebError<Infallible>> = read_deb(open(path)?, &mut |_| Ok(()));
    read.map_err(|error| ExportError::package(path, error.to_string()))
}

fn open(path: &Path) -> Result<File> {
    File::open(path).on("cannot open", path)
}

fn checked(
    value: std::result::Result<&str, String>,
    field: &str,
    is_right: fn(&str) -> bool,
) -> std::result::Result<String, String> {
    let value = value?;
    if is_right(value) {
        return Ok(value.to_owned());
    }
    Err(format!("its control file has `{value}` as its `{field}`, which dpkg would not take"))
}

fn is_package_name(name: &str) -> bool {
    let is_lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let starts = name.bytes().next().is_some_and(is_lower);
    starts && (2..=128).contains(&name.len()) && name.bytes().all(|byte| is_lower(byte) || b"+-.".contains(&byte))
}

fn is_version(version: &str) -> bool {
    let starts = version.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let is_number = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b".+~-".contains(&byte);
    starts && is_number && !rest.is_empty() && version.len() <= 128 && rest.bytes().all(is_sign)
}

fn arch_of(control: &Control) -> std::result::Result<Option<Arch>, String> {
    let name = control.need("Architecture")?;
    if name == "all" {
        return Ok(None);
    }
    let arch = Arch::ALL.into_iter().find(|arch| arch.debian() == name);
    arch.map(Some).ok_or_else(|| format!("it is for `{name}`, which is neither amd64 nor arm64 nor all"))
}

/// The name of the source: `Source: name (version)`, and without it the package's own.
fn source_of(control: &Control, name: &str) -> std::result::Result<String, String> {
    let source = control.field("Source").and_then(|source| source.split_ascii_whitespace().next());
    checked(Ok(source.unwrap_or(name)), "Source", is_package_name)
}

fn prefix(source: &str) -> &str {
    let length = if source.starts_with("lib") && source.len() > 3 { 4 } else { 1 };
    &source[..length]
}

/// The name of the file, which must be what the control file says: dpkg leaves the epoch out, apt writes it as `1%3a`.
fn file_name(path: &Path, name: &str, version: &str, arch: Option<Arch>) -> std::result::Result<String, String> {
    let arch = arch.map_or("all", Arch::debian);
    let plain = version.split_once(':').map_or(version, |(_, rest)| rest);
    let right = format!("{name}_{plain}_{arch}.deb");
    let with_epoch = format!("{name}_{}_{arch}.deb", version.replace(':', "%3a"));
    let is = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
    if is == right || is == with_epoch {
        return Ok(right);
    }
    Err(format!("it is not what its name says: by its control file it is `{right}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_those_that_dpkg_takes() {
        assert!(["zlib1g", "libstdc++6", "a.b-c", "0ad"].into_iter().all(is_package_name));
        assert!(!["", "a", "-a", "A", "a/b", "..", "a b", "é1"].into_iter().any(is_package_name));
        assert!(["1", "1:2.3-4~x+y", "0.1"].into_iter().all(is_version));
        assert!(!["", "a", ":1", "1:", "1/2", "x:1", "1 2", "1\n", "1é"].into_iter().any(is_version));
    }

    #[test]
    fn the_pool_is_ordered_as_debians() {
        assert_eq!(["zlib", "libpng", "lib", "libc"].map(prefix), ["z", "libp", "l", "libc"]);
    }
}
