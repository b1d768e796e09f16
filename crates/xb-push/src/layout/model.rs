//! What manifests and indexes say, as far as it matters for sending them.

use std::collections::BTreeMap;

use serde::Deserialize;
use xb_core::Sha256;

use super::{Blob, LayoutError};
use crate::destination::is_tag;

/// By which annotation `index.json` tells the tag of an image.
const TAG: &str = "org.opencontainers.image.ref.name";

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

const IMAGES: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// Every kind of manifest, as a registry is asked for it.
pub(crate) fn accepted() -> String {
    [INDEXES, IMAGES].concat().join(", ")
}

/// `index.json`, or an index.
#[derive(Deserialize)]
pub(super) struct Top {
    pub manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Image {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// How something is named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// What is named.
    pub fn blob(&self) -> Result<Blob, LayoutError> {
        let digest = self.digest.strip_prefix("sha256:").and_then(|hex| {
            let digest: Sha256 = hex.parse().ok()?;
            (digest.to_string() == hex).then_some(digest)
        });
        let shown = || self.digest.chars().filter(|sign| !sign.is_control()).take(100).collect();
        Ok(Blob { digest: digest.ok_or_else(|| LayoutError::Digest(shown()))?, size: self.size })
    }

    /// The tag that the layout gives it.
    pub fn tag(&self) -> Option<String> {
        self.annotations.get(TAG).filter(|tag| is_tag(tag)).cloned()
    }
}

/// What kind of manifest something is.
#[derive(Clone, Copy)]
pub(super) enum Described {
    Index,
    Image,
}

impl Described {
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            _ if INDEXES.contains(&media_type) => Some(Self::Index),
            _ if IMAGES.contains(&media_type) => Some(Self::Image),
            _ => None,
        }
    }
}

/// What a manifest names.
pub(super) enum Content {
    /// Manifests.
    Index(Vec<Descriptor>),
    /// A configuration and layers.
    Image(Vec<Descriptor>),
}

impl Content {
    pub fn of(kind: Described, bytes: &[u8]) -> serde_json::Result<Self> {
        Ok(match kind {
            Described::Index => Self::Index(serde_json::from_slice::<Top>(bytes)?.manifests),
            Described::Image => {
                let image: Image = serde_json::from_slice(bytes)?;
                Self::Image(std::iter::once(image.config).chain(image.layers).collect())
            }
        })
    }
}
