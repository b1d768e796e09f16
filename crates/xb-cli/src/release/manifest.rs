//! Every file of a release and its digest, and what differs between two releases.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xb_export::Sum;

/// Its name in the folder of the release.
pub const NAME: &str = "manifest.json";

/// What tells the manifest of a release from any other file of its name.
const FORMAT: &str = "xb-release-v1";

/// Every file of a release, by its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    /// What the release is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its files, by their paths.
    pub files: BTreeMap<String, Entry>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its SHA-256 sum.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Manifest {
    /// The manifest of what lies in a folder.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of(folder: &Path, name: &str, version: &str) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![(folder.to_owned(), String::new())];
        while let Some((place, prefix)) = waiting.pop() {
            for entry in fs::read_dir(&place)? {
                let entry = entry?;
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    waiting.push((entry.path(), format!("{path}/")));
                } else if path != NAME {
                    let Sum { sha256, size } = Sum::of_file(&entry.path())?;
                    files.insert(path, Entry { sha256: sha256.to_string(), size });
                }
            }
        }
        Ok(Self { format: FORMAT.to_owned(), name: name.to_owned(), version: version.to_owned(), files })
    }

    /// The manifest in a folder; none where no release is.
    pub fn read(folder: &Path) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(&fs::read(folder.join(NAME)).ok()?).ok()?;
        (manifest.format == FORMAT).then_some(manifest)
    }

    /// Writes it into the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join(NAME), serde_json::to_string_pretty(self)? + "\n")
    }

    /// Which files another release has otherwise, in order: `changed apt/...`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut paths: Vec<_> = self.files.keys().chain(other.files.keys()).collect();
        paths.sort();
        paths.dedup();
        let difference = |path: &String| match (self.files.get(path), other.files.get(path)) {
            (Some(one), Some(two)) if one == two => None,
            (Some(_), Some(_)) => Some(format!("changed {path}")),
            (Some(_), None) => Some(format!("gone    {path}")),
            (None, _) => Some(format!("new     {path}")),
        };
        paths.into_iter().filter_map(difference).collect()
    }
}
