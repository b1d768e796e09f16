//! The names of resources in byte streams: `blobs/HASH/SIZE`, `uploads/UUID/compressed-blobs/zstd/HASH/SIZE/whatever`.

use tonic::Status;
use xb_cache::Blob;

/// What a byte stream is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub blob: Blob,
    /// Whether its bytes go compressed by zstd.
    pub zstd: bool,
}

impl Resource {
    /// What is to be read.
    pub fn to_read(name: &str) -> Result<Self, Status> {
        Self::of(name.split('/')).ok_or_else(|| wrong(name, "[compressed-blobs/zstd|blobs]/HASH/SIZE"))
    }

    /// What is to be written. What stands behind the size is for people.
    pub fn to_write(name: &str) -> Result<Self, Status> {
        let mut parts = name.split('/');
        let is_upload = parts.next() == Some("uploads") && parts.next().is_some_and(|uuid| !uuid.is_empty());
        let resource = is_upload.then(|| Self::of(parts)).flatten();
        resource.ok_or_else(|| wrong(name, "uploads/UUID/[compressed-blobs/zstd|blobs]/HASH/SIZE"))
    }

    fn of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let zstd = match parts.next()? {
            "blobs" => false,
            "compressed-blobs" => (parts.next()? == "zstd").then_some(true)?,
            _ => return None,
        };
        let (sha256, size) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { blob: Blob { sha256, size }, zstd })
    }
}

fn wrong(name: &str, right: &str) -> Status {
    Status::invalid_argument(format!("`{name}` is no name of a resource here, which are `{right}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let blob = Blob::of(b"bytes");
        let name = format!("{}/5", blob.sha256);
        let read = |name: String| Resource::to_read(&name).ok();
        assert_eq!(read(format!("blobs/{name}")), Some(Resource { blob, zstd: false }));
        assert_eq!(read(format!("compressed-blobs/zstd/{name}")), Some(Resource { blob, zstd: true }));
        let write = |name: String| Resource::to_write(&name).ok();
        assert_eq!(write(format!("uploads/1-2/blobs/{name}/x/y")), Some(Resource { blob, zstd: false }));
        for wrong in ["", "blobs/x/5", "compressed-blobs/gzip", "instance/blobs"] {
            assert_eq!((read(format!("{wrong}/{name}")), write(format!("{wrong}/{name}"))), (None, None), "{wrong}");
        }
        assert_eq!(write(format!("uploads//blobs/{name}")), None);
        assert_eq!(read(format!("blobs/{}/-5", blob.sha256)), None);
    }
}
