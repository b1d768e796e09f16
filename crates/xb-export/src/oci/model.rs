//! The documents of the OCI Image Format 1.1, as far as we write them.
//!
//! Fields are in the order of the specification, maps are sorted, and what is empty is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::sum::Sum;

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

pub(super) type Texts = BTreeMap<String, String>;

/// What an index lists, and what a manifest consists of.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

impl Descriptor {
    pub(super) fn new(media_type: &str, sum: Sum) -> Self {
        let digest = format!("sha256:{}", sum.sha256);
        let media_type = media_type.to_owned();
        Self { media_type, digest, size: sum.size, platform: None, annotations: Texts::new() }
    }
}

#[derive(Clone, Serialize)]
pub(super) struct Platform {
    pub(super) architecture: &'static str,
    pub(super) os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u32,
    pub(super) media_type: &'static str,
    pub(super) manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

impl Index {
    pub(super) fn new(manifests: Vec<Descriptor>, annotations: Texts) -> Self {
        Self { schema_version: 2, media_type: INDEX, manifests, annotations }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u32,
    pub(super) media_type: &'static str,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Texts,
}

#[derive(Serialize)]
pub(super) struct Config {
    pub(super) created: String,
    #[serde(flatten)]
    pub(super) platform: Platform,
    pub(super) config: Running,
    pub(super) rootfs: RootFs,
    pub(super) history: Vec<History>,
}

#[derive(Serialize)]
pub(super) struct RootFs {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) diff_ids: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct History {
    pub(super) created: String,
    pub(super) created_by: String,
}

/// How a container is run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Running {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) user: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) exposed_ports: BTreeMap<String, Nothing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) env: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cmd: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) volumes: BTreeMap<String, Nothing>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) working_dir: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_signal: Option<String>,
}

/// `{}`, the value of what only has to be there.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// A set, as the specification has it: each name with `{}`.
pub(super) fn set(names: &BTreeSet<String>) -> BTreeMap<String, Nothing> {
    names.iter().map(|name| (name.clone(), Nothing {})).collect()
}

/// One image of `manifest.json`, which Docker loads where it knows no OCI layouts.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Saved {
    pub(super) config: String,
    pub(super) repo_tags: Vec<String>,
    pub(super) layers: Vec<String>,
}
