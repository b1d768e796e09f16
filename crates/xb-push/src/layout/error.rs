//! Why a folder is no layout that can be pushed.

use std::io;
use std::path::PathBuf;

/// Why a folder is no layout that can be pushed.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// There is no layout.
    #[error("`{0}` holds no image: an OCI layout has a file `oci-layout`")]
    None(PathBuf),
    /// It is of a version that nobody knows yet.
    #[error("the OCI layout in `{folder}` is of version `{version}`, and known is 1.0.0")]
    Version {
        /// The folder.
        folder: PathBuf,
        /// What it says.
        version: String,
    },
    /// Not one image.
    #[error("`{folder}` holds {count} images, and one can be pushed: `index.json` names it")]
    Images {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
    },
    /// A file cannot be read, or there is none.
    #[error("cannot read `{path}`, which the image names: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what its digest says.
    #[error("`{path}` is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        reason: String,
    },
    /// A file of the image's own is not what it should be.
    #[error("`{path}` says nothing of an image: {error}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
    /// A digest that names no file.
    #[error("the image names something by `{0}`, which is no SHA-256 digest")]
    Digest(String),
    /// Something else than a manifest or an index.
    #[error("`{path}` is a `{media_type}`, which is neither a manifest nor an index of the OCI or of Docker")]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is said to be.
        media_type: String,
    },
    /// More than any registry takes.
    #[error(
        "`{0}` is more than a registry takes: manifests of over 4 MiB, over a thousand of them, or too deep a nest"
    )]
    Large(PathBuf),
}

impl LayoutError {
    /// Whether it is the matter of the machine, and not of what is in the folder.
    pub(crate) fn is_of_environment(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() != io::ErrorKind::NotFound)
    }
}
