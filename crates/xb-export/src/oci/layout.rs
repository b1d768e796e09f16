//! The blobs of a layout, each once.

use std::collections::BTreeMap;

use serde::Serialize;
use xb_core::Arch;
use xb_store::Contents;

use super::model::{CONFIG, Config, Descriptor, History, LAYER, MANIFEST, Manifest, Platform, RootFs, Saved};
use super::{Image, OciLayout};
use crate::archive::{Sums, write_tar};
use crate::compression::Compression;
use crate::error::{Context, Result};
use crate::folder::Folder;
use crate::json::compact;
use crate::mode::create_file;
use crate::sum::Sum;
use crate::tar::{Placed, Purpose};

/// In a layer, such names take files of the layers below away.
const IMAGE: Purpose = Purpose {
    name: "an image",
    refuses: |name| name.starts_with(".wh.").then_some("in an image, that name takes away files of the layers below"),
};

/// Where a blob is written until its digest is known.
const UNNAMED: &str = "blobs/sha256/layer";

/// A layout that is being written.
pub(super) struct Layout<'a> {
    settings: &'a OciLayout,
    store: &'a dyn Contents,
    pub(super) folder: Folder,
    /// Layers that are there already.
    layers: BTreeMap<Placed, (Sum, Sum)>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(settings: &'a OciLayout, store: &'a dyn Contents, folder: Folder) -> Self {
        Self { settings, store, folder, layers: BTreeMap::new() }
    }

    /// Writes one image: what the index lists, the manifest, and how Docker finds it.
    pub(super) fn image(&mut self, image: &Image, is_only: bool) -> Result<(Descriptor, Sum, Saved)> {
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        for layer in &image.layers {
            let (packed, plain) = self.layer(&layer.placed)?;
            layers.push(Descriptor::new(&self.layer_type(), packed));
            diff_ids.push(format!("sha256:{}", plain.sha256));
        }
        let created = self.settings.created.rfc3339();
        let history = image.layers.iter().map(|layer| {
            let created_by = layer.name.clone();
            History { created: created.clone(), created_by }
        });
        let config = self.blob(&Config {
            created: created.clone(),
            platform: platform(image.arch),
            config: image.config.running()?,
            rootfs: RootFs { kind: "layers", diff_ids },
            history: history.collect(),
        })?;
        let tag = &self.settings.tag;
        let tag = if is_only { tag.clone() } else { format!("{tag}-{}", image.arch) };
        let saved = Saved {
            config: blob_path(config),
            repo_tags: vec![self.settings.full_name(&tag)],
            layers: layers.iter().map(|layer| layer.digest.replace("sha256:", "blobs/sha256/")).collect(),
        };
        let sum = self.blob(&Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: Descriptor::new(CONFIG, config),
            layers,
            annotations: self.settings.annotations.clone(),
        })?;
        let descriptor = Descriptor { platform: Some(platform(image.arch)), ..Descriptor::new(MANIFEST, sum) };
        Ok((descriptor, sum, saved))
    }

    /// Writes a layer, unless it is there; gives the sums of it packed and plain.
    fn layer(&mut self, placed: &Placed) -> Result<(Sum, Sum)> {
        if let Some(known) = self.layers.get(placed) {
            return Ok(*known);
        }
        let path = self.folder.place(UNNAMED)?;
        let out = create_file(&path).on("cannot write", &path)?;
        let OciLayout { compression, created, .. } = self.settings;
        let Sums { packed, plain } = write_tar(self.store, placed, *compression, *created, IMAGE, &path, out)?;
        self.folder.rename(UNNAMED, &blob_path(packed))?;
        self.layers.insert(placed.clone(), (packed, plain));
        Ok((packed, plain))
    }

    fn layer_type(&self) -> String {
        match self.settings.compression {
            Compression::None => LAYER.to_owned(),
            Compression::Gzip => format!("{LAYER}+gzip"),
            Compression::Zstd => format!("{LAYER}+zstd"),
        }
    }

    /// Writes a document.
    pub(super) fn blob(&self, document: &impl Serialize) -> Result<Sum> {
        let bytes = compact(document)?;
        self.folder.write(&blob_path(Sum::of(&bytes)), &bytes)
    }
}

fn blob_path(sum: Sum) -> String {
    format!("blobs/sha256/{}", sum.sha256)
}

fn platform(arch: Arch) -> Platform {
    let variant = match arch {
        Arch::Amd64 => None,
        Arch::Arm64 => Some("v8"),
    };
    Platform { architecture: arch.debian(), os: "linux", variant }
}
