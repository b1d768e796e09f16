//! Images for containers: an OCI image layout with one index over several architectures.
//!
//! What two images share is there once. skopeo, podman and registries read the layout as it is, Docker loads it from a
//! tar archive: `tar -C FOLDER -c . | docker load`.

mod image;
mod layout;
mod model;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xb_core::Arch;
use xb_store::Contents;

use crate::compression::Compression;
use crate::error::{ExportError, Result};
use crate::folder::Folder;
use crate::json::compact;
use crate::moment::Moment;
use crate::sum::Sum;
pub use image::{Image, ImageConfig, ImageLayer};
use layout::Layout;
use model::{Descriptor, INDEX, Index};
use names::{is_name, is_tag};

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
        let mut layout = Layout::new(self, store, folder);
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
        layout.folder.write("index.json", &compact(&Index::new(vec![top], BTreeMap::new()))?)?;
        layout.folder.write("manifest.json", &compact(&saved)?)?;
        layout.folder.write("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Written { index, manifests: sums })
    }

    /// The name that engines which run containers know: without a registry's, it is Docker's.
    fn full_name(&self, tag: &str) -> String {
        format!("{}:{tag}", self.name)
    }

    fn check(&self, images: &[Image]) -> Result<()> {
        if !is_tag(&self.tag) {
            let reason = "a tag is up to 128 letters, digits, `-`, `.`, `_`";
            return Err(ExportError::value("the tag", &self.tag, reason));
        }
        if !is_name(&self.name) {
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
