//! An apt repository: packages, their indexes, and a signature over these.
//!
//! `apt update` and `apt install` work from it as a folder or behind any web server. Indexes are there by their hashes,
//! too, so that a repository which is replaced while somebody reads it is never seen half old and half new.

mod control;
mod package;
mod release;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use liblzma::write::XzEncoder;
use xb_core::Arch;
use xb_debian::compare_versions;

use crate::error::{Context, ExportError, Result};
use crate::folder::Folder;
use crate::key::OpenPgpKey;
use crate::moment::Moment;
use crate::sum::Sum;
use package::Package;

/// How hard indexes are compressed.
const XZ_LEVEL: u32 = 6;

/// What a repository says about itself.
///
/// ```no_run
/// use std::path::Path;
/// use xb_core::Arch;
/// use xb_export::{AptRepository, Moment, OpenPgpKey};
///
/// let key = OpenPgpKey::from_armour("-----BEGIN PGP PRIVATE KEY BLOCK-----…")?;
/// let repository = AptRepository {
///     name: "edge".to_owned(),
///     origin: "Example".to_owned(),
///     label: "Example".to_owned(),
///     suite: "stable".to_owned(),
///     codename: "trixie".to_owned(),
///     architectures: Arch::ALL.into(),
///     date: Moment::default(),
///     url: None,
/// };
/// repository.write(&["packages/hello_1.0_amd64.deb".into()], &key, Path::new("release/apt"))?;
/// # Ok::<(), xb_export::ExportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AptRepository {
    /// The name of the files that make it known to a machine: `edge` for `edge.sources`, `edge.gpg` and `edge.asc`.
    pub name: String,
    /// Who gives it out.
    pub origin: String,
    /// What it is called.
    pub label: String,
    /// The suite, which is a folder's name: `stable`.
    pub suite: String,
    /// The code name of the suite.
    pub codename: String,
    /// For which architectures there are packages; those for all are for each of these.
    pub architectures: BTreeSet<Arch>,
    /// When it was made, and so when it was signed. apt takes no repository that is older than the one which it knows.
    pub date: Moment,
    /// Where it will be, if that is known: `https://packages.example.org/edge`.
    pub url: Option<String>,
}

/// A package in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture; none is `all`.
    pub architecture: Option<Arch>,
    /// Where it lies in the repository.
    pub path: String,
    /// What it is.
    pub sum: Sum,
}

impl AptRepository {
    /// Writes the repository of these `.deb` files into a folder, and tells what is in it, in order.
    ///
    /// # Errors
    /// When a package is damaged, is not what its name says, or is there twice with different bytes; when the key
    /// cannot sign; when something cannot be read or written.
    pub fn write(&self, debs: &[PathBuf], key: &OpenPgpKey, folder: &Path) -> Result<Vec<Published>> {
        self.check()?;
        let packages = self.collect(debs)?;
        let folder = Folder::create(folder)?;
        for package in &packages {
            if folder.copy(&package.from, &package.path)? != package.sum {
                return Err(ExportError::package(&package.from, "it changed while it was read"));
            }
        }
        let mut indexes = BTreeMap::new();
        for arch in &self.architectures {
            self.write_indexes(*arch, &packages, &folder, &mut indexes)?;
        }
        let release = release::text(self, &indexes);
        let place = format!("dists/{}", self.suite);
        folder.write(&format!("{place}/Release"), release.as_bytes())?;
        folder.write(&format!("{place}/Release.gpg"), key.sign_bytes(release.as_bytes(), self.date)?.as_bytes())?;
        folder.write(&format!("{place}/InRelease"), key.sign_text(&release, self.date)?.as_bytes())?;
        folder.write(&format!("{}.gpg", self.name), &key.public_bytes()?)?;
        folder.write(&format!("{}.asc", self.name), key.public_armour()?.as_bytes())?;
        folder.write(&format!("{}.sources", self.name), sources::text(self, &key.public_armour()?).as_bytes())?;
        Ok(packages.into_iter().map(published).collect())
    }

    fn check(&self) -> Result<()> {
        for (what, name) in [("the repository's name", &self.name), ("the suite", &self.suite)] {
            let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if name.is_empty() || name.starts_with(['.', '-']) || !name.bytes().all(is_sign) {
                return Err(ExportError::value(
                    what,
                    name,
                    "it must be a file's name of letters, digits, `-`, `.`, `_`",
                ));
            }
        }
        let url = self.url.as_deref().unwrap_or("-").to_owned();
        if url.is_empty() || url.chars().any(char::is_whitespace) {
            return Err(ExportError::value("the address", &url, "it must be there, and have no blanks"));
        }
        for (what, text) in [
            ("the origin", &self.origin),
            ("the label", &self.label),
            ("the code name", &self.codename),
            ("the address", &url),
        ] {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return Err(ExportError::value(what, text, "it must be a text on one line"));
            }
        }
        if self.architectures.is_empty() {
            return Err(ExportError::value("the repository", &self.name, "it is for no architecture"));
        }
        Ok(())
    }

    /// The packages in order, each once.
    fn collect(&self, debs: &[PathBuf]) -> Result<Vec<Package>> {
        let mut by_path: BTreeMap<String, Package> = BTreeMap::new();
        for deb in debs {
            let package = Package::read(deb)?;
            if let Some(arch) = package.arch.filter(|arch| !self.architectures.contains(arch)) {
                return Err(ExportError::package(deb, format!("it is for {arch}, and the repository is not")));
            }
            match by_path.get(&package.path) {
                Some(other) if other.sum != package.sum => {
                    return Err(ExportError::Clash {
                        first: other.from.clone(),
                        second: package.from,
                        name: package.path,
                    });
                }
                Some(_) => {}
                None => drop(by_path.insert(package.path.clone(), package)),
            }
        }
        let mut packages: Vec<_> = by_path.into_values().collect();
        packages.sort_by(|a, b| {
            let names = a.name.cmp(&b.name);
            names.then_with(|| compare_versions(&a.version, &b.version)).then_with(|| a.path.cmp(&b.path))
        });
        Ok(packages)
    }

    fn write_indexes(
        &self,
        arch: Arch,
        packages: &[Package],
        folder: &Folder,
        indexes: &mut BTreeMap<String, Sum>,
    ) -> Result<()> {
        let of_arch = packages.iter().filter(|package| package.arch.is_none_or(|of| of == arch));
        let text = of_arch.map(Package::paragraph).collect::<Vec<_>>().join("\n");
        let place = format!("main/binary-{arch}");
        let packed = xz(text.as_bytes()).on("cannot compress", Path::new(&place))?;
        for (name, bytes) in [("Packages", text.as_bytes()), ("Packages.xz", &packed)] {
            let below = format!("dists/{}/{place}", self.suite);
            let sum = folder.write(&format!("{below}/{name}"), bytes)?;
            folder.write(&format!("{below}/by-hash/SHA256/{}", sum.sha256), bytes)?;
            indexes.insert(format!("{place}/{name}"), sum);
        }
        Ok(())
    }
}

fn xz(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = XzEncoder::new(Vec::new(), XZ_LEVEL);
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn published(package: Package) -> Published {
    Published {
        name: package.name,
        version: package.version,
        architecture: package.arch,
        path: package.path,
        sum: package.sum,
    }
}
