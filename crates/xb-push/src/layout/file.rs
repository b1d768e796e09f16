//! The files of a layout, of which nothing is believed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Blob, LayoutError};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

/// Whether a folder says that it is a layout.
pub(super) fn is_layout(folder: &Path) -> Result<(), LayoutError> {
    let path = folder.join("oci-layout");
    if !path.is_file() {
        return Err(LayoutError::None(folder.to_owned()));
    }
    let marker: Marker = json(&path, 4096)?;
    if !marker.image_layout_version.starts_with("1.") {
        let version = marker.image_layout_version.chars().filter(|sign| !sign.is_control()).take(20).collect();
        return Err(LayoutError::Version { folder: folder.to_owned(), version });
    }
    Ok(())
}

/// What a file says that has at most so many bytes.
pub(super) fn json<T: DeserializeOwned>(path: &Path, at_most: u64) -> Result<T, LayoutError> {
    let mut bytes = Vec::new();
    let (file, size) = open(path)?;
    if size > at_most {
        return Err(LayoutError::Large(path.to_owned()));
    }
    file.take(at_most).read_to_end(&mut bytes).map_err(|error| io_error(path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| LayoutError::Json { path: path.to_owned(), error })
}

/// The bytes of a small file, when they are the right ones.
pub(super) fn bytes(path: &Path, blob: Blob) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = Vec::new();
    let mut file = sized(path, blob)?;
    file.read_to_end(&mut bytes).map_err(|error| io_error(path, error))?;
    judge(path, blob, Sha256::digest(&bytes).into())?;
    Ok(bytes)
}

/// Whether a file is the right one.
pub(super) fn check(path: &Path, blob: Blob) -> Result<(), LayoutError> {
    let mut file = sized(path, blob)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(|error| io_error(path, error))? {
            0 => return judge(path, blob, hash.finalize().into()),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn judge(path: &Path, blob: Blob, found: [u8; 32]) -> Result<(), LayoutError> {
    let found = xb_core::Sha256(found);
    if found == blob.digest {
        return Ok(());
    }
    Err(LayoutError::Damaged { path: path.to_owned(), reason: format!("its bytes hash to sha256:{found}") })
}

/// A file of the size that is told of it, of which no more is read.
fn sized(path: &Path, blob: Blob) -> Result<io::Take<File>, LayoutError> {
    let (file, size) = open(path)?;
    if size != blob.size {
        let reason = format!("it has {size} bytes, and {} are told of it", blob.size);
        return Err(LayoutError::Damaged { path: path.to_owned(), reason });
    }
    Ok(file.take(size))
}

/// A file that is one: opening a pipe would wait for ever.
fn open(path: &Path) -> Result<(File, u64), LayoutError> {
    let of = |error| io_error(path, error);
    let metadata = std::fs::metadata(path).map_err(of)?;
    if !metadata.is_file() {
        return Err(LayoutError::Damaged { path: path.to_owned(), reason: "it is no regular file".to_owned() });
    }
    Ok((File::open(path).map_err(of)?, metadata.len()))
}

fn io_error(path: &Path, error: io::Error) -> LayoutError {
    LayoutError::Io { path: path.to_owned(), error }
}
