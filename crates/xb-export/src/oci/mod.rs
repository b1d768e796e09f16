//! Images for containers: an OCI image layout with one index over several architectures.
//!
//! What two images share is there once. skopeo, podman and registries read the layout as it is, Docker loads it from a
//! tar archive: `tar -C FOLDER -c . | docker load`.

mod image;
mod model;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use serde::Serialize;
use xb_core::Arch;
use xb_store::Contents;

use crate::archive::{Sums, write_tar};
use crate::compression::Compression;
use crate::error::{Context, ExportError, Result};
use crate::folder::Folder;
use crate::moment::Moment;
use crate::sum::Sum;
use crate::tar::{Placed, Purpose};
pub use image::{Image, ImageConfig, ImageLayer};
use model::{CONFIG, Config, Descriptor, History, INDEX, Index, LAYER, MANIFEST, Manifest, Platform, RootFs, Saved};

/// In a layer, such names take files of the layers below away.
const IMAGE: Purpose = Purpose {
    name: "an image",
    refuses: |name| name.starts_with(".wh.").then_some("in an image, that name takes away files of the layers below"),
};

/// Where a blob is written until its digest is known.
const UNNAMED: &str = "blobs/sha256/layer";

/// An image for several architectures, and how it is written.
///
/// ```no_run
/// # fn it(store: &xb_store::Store, tree: xb_core::TreeId) -> Result<(), xb_export::ExportError> {
/// use std::path::Path;
/// use xb_core::Arch;
/// use xb_export::{Compression, Image, ImageConfig, ImageLayer, Moment, OciLayout};
///
/// let config = ImageConfig { entrypoint: vec!["/usr/local/bin/hello".to_owned()], ..ImageConfig::default() };
/// let image = |arch| Image {
///     arch,
///     layers: vec![ImageLayer { placed: tree.into(), name: "hello 1.0".to_owned() }],
///     config: config.clone(),
/// };
/// let layout = OciLayout {
///     name: "example/hello".to_owned(),
///     tag: "1.0".to_owned(),
///     annotations: [("org.opencontainers.image.title".to_owned(), "hello".to_owned())].into(),
///     compression: Compression::Gzip,
///     created: Moment::default(),
/// };
/// layout.write(store, &Arch::ALL.map(image), Path::new("release/oci"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OciLayout {
    /// What it is called, without a tag, and with its registry in front where it has one: `example/hello`,
    /// `registry.example.org:5000/hello`. Engines that are built on containerd do not put one in front.
    pub name: String,
    /// The tag: `1.0`.
    pub tag: String,
    /// What else there is to know about it.
    pub annotations: BTreeMap<String, String>,
    /// How layers are compressed. By gzip they can be turned into Docker's own formats, too; by zstd they cannot.
    pub compression: Compression,
    /// When it was made.
    pub created: Moment,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The index over all architectures: its digest is that of the image.
    pub index: Sum,
    /// The manifest of each architecture.
    pub manifests: BTreeMap<Arch, Sum>,
}

impl OciLayout {
    /// Writes the layout into a folder, and tells what is in it.
    ///
    /// # Errors
    /// When something of a tree is not to be had, damaged, or cannot be in an image; when the configuration is none
    /// that can be run; when something cannot be written.
    pub fn write(&self, store: &dyn Contents, images: &[Image], folder: &Path) -> Result<Written> {
        self.check(images)?;
        let folder = Folder::create(folder)?;
        let mut layout = Layout { settings: self, store, folder, layers: BTreeMap::new() };
        let mut by_arch: Vec<&Image> = images.iter().collect();
        by_arch.sort_by_key(|image| image.arch);
        let mut manifests = Vec::new();
        let mut saved = Vec::new();
        let mut sums = BTreeMap::new();
        for image in by_arch {
            let (manifest, sum, as_saved) = layout.image(image, images.len() == 1)?;
            manifests.push(manifest);
            sums.insert(image.arch, sum);
            saved.push(as_saved);
        }
        let index = layout.blob(&Index::new(manifests, self.annotations.clone()))?;
        let mut top = Descriptor::new(INDEX, index);
        top.annotations.insert("org.opencontainers.image.ref.name".to_owned(), self.tag.clone());
        top.annotations.insert("io.containerd.image.name".to_owned(), self.full_name(&self.tag));
        layout.folder.write("index.json", &json(&Index::new(vec![top], BTreeMap::new()))?)?;
        layout.folder.write("manifest.json", &json(&saved)?)?;
        layout.folder.write("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Written { index, manifests: sums })
    }

    /// The name that engines which run containers know: without a registry's, it is Docker's.
    fn full_name(&self, tag: &str) -> String {
        format!("{}:{tag}", self.name)
    }

    fn check(&self, images: &[Image]) -> Result<()> {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let tag = &self.tag;
        if tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.bytes().all(is_sign) {
            return Err(ExportError::value("the tag", tag, "a tag is up to 128 letters, digits, `-`, `.`, `_`"));
        }
        let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        let is_part = |part: &str| {
            let ends = [part.bytes().next(), part.bytes().last()];
            ends.into_iter().all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric())) && part.bytes().all(is_sign)
        };
        if !without_port(&self.name).split('/').all(is_part) {
            let reason = "a name is parts of small letters, digits, `-`, `.`, `_`, between slashes, after a registry";
            return Err(ExportError::value("the image's name", &self.name, reason));
        }
        let archs: BTreeSet<Arch> = images.iter().map(|image| image.arch).collect();
        if archs.is_empty() || archs.len() != images.len() {
            return Err(ExportError::value("the image", &self.name, "there must be one for each architecture"));
        }
        if images.iter().any(|image| image.layers.is_empty()) {
            return Err(ExportError::value("the image", &self.name, "it has no layer"));
        }
        Ok(())
    }
}

/// An image's name without the port of its registry.
fn without_port(name: &str) -> Cow<'_, str> {
    let split = name.split_once('/').and_then(|(registry, rest)| Some((registry.split_once(':')?, rest)));
    match split {
        Some(((host, port), rest)) if port.parse::<u16>().is_ok() => Cow::Owned(format!("{host}/{rest}")),
        _ => Cow::Borrowed(name),
    }
}

/// A layout that is being written.
struct Layout<'a> {
    settings: &'a OciLayout,
    store: &'a dyn Contents,
    folder: Folder,
    /// Layers that are there already.
    layers: BTreeMap<Placed, (Sum, Sum)>,
}

impl Layout<'_> {
    fn image(&mut self, image: &Image, is_only: bool) -> Result<(Descriptor, Sum, Saved)> {
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
        let out = File::create(&path).on("cannot write", &path)?;
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

    fn blob(&self, document: &impl Serialize) -> Result<Sum> {
        let bytes = json(document)?;
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

fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    crate::json::compact(document)
}
