//! A folder with an image: an OCI image layout, every byte of which is as its digests say.
//!
//! What is in the folder is not believed: a digest names a file only when it is one, the file is a regular one of the
//! size that was told, and its bytes are hashed before anybody gets to see the layout.

mod error;
mod file;
pub(crate) mod model;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use xb_core::Sha256;

pub use error::LayoutError;
use model::{Content, Described, Descriptor, Top};

/// Of so many bytes a manifest may be: registries take no more.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// So many manifests an image may have.
const MOST_MANIFESTS: usize = 1000;

/// So deep indexes may lie in each other.
const DEEPEST: usize = 8;

/// A blob: a layer or a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blob {
    /// What it hashes to.
    pub digest: Sha256,
    /// How many bytes it has.
    pub size: u64,
}

/// A manifest, or an index over others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What it hashes to.
    pub digest: Sha256,
    /// What it says that it is.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An image in a folder, with all that it names.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
    /// The tag that it has there.
    pub tag: Option<String>,
    /// Layers and configurations, each once.
    pub blobs: BTreeSet<Blob>,
    /// Manifests and indexes, each once, behind all that it names: the last one is the image.
    pub manifests: Vec<Manifest>,
}

impl Layout {
    /// Reads a layout and checks it, down to the last byte of its layers.
    ///
    /// # Errors
    /// When it is none, holds no or several images, or has not what it names.
    pub fn open(folder: &Path) -> Result<Self, LayoutError> {
        file::is_layout(folder)?;
        let top: Top = file::json(&folder.join("index.json"), LARGEST_MANIFEST)?;
        let [root] = &top.manifests[..] else {
            return Err(LayoutError::Images { folder: folder.to_owned(), count: top.manifests.len() });
        };
        let mut layout =
            Self { folder: folder.to_owned(), tag: root.tag(), blobs: BTreeSet::new(), manifests: Vec::new() };
        let mut known = BTreeSet::new();
        layout.take(root, &mut known, DEEPEST)?;
        layout.blobs.iter().try_for_each(|blob| file::check(&layout.path(blob.digest), *blob))?;
        Ok(layout)
    }

    /// The digest of the image.
    pub fn digest(&self) -> Option<Sha256> {
        self.manifests.last().map(|manifest| manifest.digest)
    }

    /// Where something is.
    pub(crate) fn path(&self, digest: Sha256) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.to_string())
    }

    fn take(&mut self, what: &Descriptor, known: &mut BTreeSet<Sha256>, depth: usize) -> Result<(), LayoutError> {
        let blob = what.blob()?;
        let path = self.path(blob.digest);
        if !known.insert(blob.digest) {
            return Ok(());
        }
        if depth == 0 || known.len() > MOST_MANIFESTS || blob.size > LARGEST_MANIFEST {
            return Err(LayoutError::Large(path));
        }
        let Some(kind) = Described::of(&what.media_type) else {
            return Err(LayoutError::Kind { path, media_type: what.media_type.clone() });
        };
        let bytes = file::bytes(&path, blob)?;
        match Content::of(kind, &bytes).map_err(|error| LayoutError::Json { path, error })? {
            Content::Index(manifests) => manifests.iter().try_for_each(|each| self.take(each, known, depth - 1))?,
            Content::Image(blobs) => {
                for blob in &blobs {
                    self.blobs.insert(blob.blob()?);
                }
            }
        }
        self.manifests.push(Manifest { digest: blob.digest, media_type: what.media_type.clone(), bytes });
        Ok(())
    }
}
