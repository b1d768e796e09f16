//! What a release consists of: every file with its size and its sums.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use xb_core::{RelPath, Sha256};

use crate::error::{Context, ExportError, Result};
use crate::mode::create_file;
use crate::sum::Sum;

/// The name of the file in the folder of a release.
pub const MANIFEST: &str = "manifest.json";

/// The form of the document; another number is another form.
const FORM: u32 = 1;

/// Every file of a release, sorted by path.
///
/// ```
/// use xb_export::{MANIFEST, Manifest};
///
/// let release = tempfile::tempdir()?;
/// std::fs::write(release.path().join("hello.txt"), "hello")?;
/// let manifest = Manifest::of(release.path())?;
/// manifest.write(release.path())?;
///
/// // Whoever receives it:
/// let text = std::fs::read(release.path().join(MANIFEST))?;
/// assert!(Manifest::read(&text)?.differences(release.path())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, ManifestFile>);

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestFile {
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 sum.
    pub sha256: Sha256,
    /// The BLAKE3 sum, by which the store names contents.
    pub blake3: Blake3,
}

/// A BLAKE3 sum, written as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Blake3(pub [u8; 32]);

impl From<Blake3> for String {
    fn from(sum: Blake3) -> Self {
        blake3::Hash::from_bytes(sum.0).to_hex().to_string()
    }
}

impl TryFrom<String> for Blake3 {
    type Error = String;

    fn try_from(hex: String) -> std::result::Result<Self, String> {
        let hash = blake3::Hash::from_hex(&hex).map_err(|_| format!("`{hex}` is no BLAKE3 sum"))?;
        Ok(Self(*hash.as_bytes()))
    }
}

/// How a folder differs from its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManifestDifference {
    /// A file is not there.
    Missing(String),
    /// A file is another one.
    Changed(String),
    /// A file is there of which the manifest knows nothing.
    Unknown(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    files: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: RelPath,
    size: u64,
    sha256: Sha256,
    blake3: Blake3,
}

impl Manifest {
    /// The files of a folder, but for a manifest that is in it already.
    ///
    /// # Errors
    /// When something in it cannot be read, or is no file and no folder.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut ahead = vec![RelPath::root()];
        while let Some(path) = ahead.pop() {
            let place = folder.join(path.as_str());
            for entry in fs::read_dir(&place).on("cannot read", &place)? {
                let entry = entry.on("cannot read", &place)?;
                let refuse = |reason: &str| ExportError::File {
                    path: entry.path().display().to_string(),
                    into: "a release",
                    reason: reason.to_owned(),
                };
                let name = entry.file_name().into_string().map_err(|_| refuse("its name is not UTF-8"))?;
                let path = path.join(&name).map_err(|error| refuse(&error.to_string()))?;
                let kind = entry.file_type().on("cannot read", &entry.path())?;
                if kind.is_dir() {
                    ahead.push(path);
                } else if !kind.is_file() {
                    return Err(refuse("it is neither a file nor a folder"));
                } else if path.as_str() != MANIFEST {
                    files.insert(path.as_str().to_owned(), ManifestFile::of(&entry.path())?);
                }
            }
        }
        Ok(Self(files))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it is none, or of another form: a field that this form does not have is not passed over.
    pub fn read(text: &[u8]) -> Result<Self> {
        let refuse = |value: &str, reason| ExportError::value("the manifest", value, reason);
        let document: Document =
            serde_json::from_slice(text).map_err(|error| refuse(&error.to_string(), "it is no manifest"))?;
        if document.version != FORM {
            return Err(refuse(&document.version.to_string(), "it is of a form that this version of xb does not know"));
        }
        let mut files = BTreeMap::new();
        for Entry { path, size, sha256, blake3 } in document.files {
            if files.insert(path.as_str().to_owned(), ManifestFile { size, sha256, blake3 }).is_some() {
                return Err(refuse(path.as_str(), "it has that file twice"));
            }
        }
        Ok(Self(files))
    }

    /// The document.
    ///
    /// # Errors
    /// When a path cannot be written.
    pub fn json(&self) -> Result<Vec<u8>> {
        let entry = |(path, &ManifestFile { size, sha256, blake3 }): (&String, &ManifestFile)| {
            let path = RelPath::new(path).map_err(|_| ExportError::value("the path", path, "it is not clean"))?;
            Ok(Entry { path, size, sha256, blake3 })
        };
        let files = self.0.iter().map(entry).collect::<Result<_>>()?;
        crate::json::pretty(&Document { version: FORM, files })
    }

    /// Writes the document into the folder of the release, and tells what it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Sum> {
        let path = folder.join(MANIFEST);
        let bytes = self.json()?;
        create_file(&path).and_then(|mut file| file.write_all(&bytes)).on("cannot write", &path)?;
        Ok(Sum::of(&bytes))
    }

    /// The files, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, ManifestFile)> {
        self.0.iter().map(|(path, file)| (path.as_str(), *file))
    }

    /// How a folder differs from it, sorted.
    ///
    /// # Errors
    /// See [`Manifest::of`].
    pub fn differences(&self, folder: &Path) -> Result<Vec<ManifestDifference>> {
        let is = Self::of(folder)?.0;
        let unknown = is.keys().filter(|path| !self.0.contains_key(*path));
        let mut found: Vec<_> = unknown.cloned().map(ManifestDifference::Unknown).collect();
        for (path, file) in &self.0 {
            match is.get(path) {
                None => found.push(ManifestDifference::Missing(path.clone())),
                Some(other) if other != file => found.push(ManifestDifference::Changed(path.clone())),
                Some(_) => {}
            }
        }
        found.sort();
        Ok(found)
    }
}

impl ManifestFile {
    /// What a file of the disk is.
    fn of(path: &Path) -> Result<Self> {
        let mut file = File::open(path).on("cannot open", path)?;
        let (mut sha256, mut blake3) = (sha2::Sha256::new(), blake3::Hasher::new());
        let mut buffer = vec![0; 256 << 10];
        loop {
            let read = match file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result.on("cannot read", path)?,
            };
            if read == 0 {
                break;
            }
            sha256.update(&buffer[..read]);
            blake3.update(&buffer[..read]);
        }
        Ok(Self {
            size: blake3.count(),
            sha256: Sha256(sha256.finalize().into()),
            blake3: Blake3(*blake3.finalize().as_bytes()),
        })
    }
}
