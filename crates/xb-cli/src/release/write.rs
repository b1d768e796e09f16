//! The formats of a release, written side by side.

use std::collections::BTreeSet;
use std::path::Path;

use xb_build::Realised;
use xb_core::{Arch, RelPath};
use xb_export::{
    AptRepository, Compression, ExportError, Image, ImageLayer, Manifest, OciLayout, OpenPgpKey, Placed, write_archive,
};
use xb_graph::{Graph, Node, NodeId, Target};
use xb_store::Store;

use super::Plan;
use super::place::cannot;
use super::plan::{AptSettings, ImageSettings};
use crate::failure::Failure;
use crate::project::SHIPPED;
use crate::report::Built;
use crate::shipment;

/// What a release is written from.
pub struct Made<'a> {
    /// The store.
    pub store: &'a Store,
    /// What was asked for.
    pub graph: &'a Graph,
    /// What was made.
    pub realised: &'a Realised,
    /// The results among it.
    pub built: &'a [Built],
    /// For which architectures.
    pub arches: &'a [Arch],
}

/// The nodes that the layers of an image are; none for anything else.
pub fn layers(graph: &Graph, target: &Target) -> Vec<NodeId> {
    match graph.node(target.build) {
        Node::Compose { layers } => layers.iter().map(|layer| layer.input.node).collect(),
        _ => Vec::new(),
    }
}

impl Made<'_> {
    /// Writes every format into a folder, and what is there into its manifest.
    ///
    /// # Errors
    /// When something that was made is not fit to be given out, or cannot be written.
    pub fn write(&self, plan: &Plan, folder: &Path) -> Result<Manifest, Failure> {
        if let Some((settings, key)) = &plan.apt {
            self.apt(plan, settings, key, &folder.join("apt"))?;
        }
        if let Some(settings) = &plan.image {
            self.image(plan, settings, &folder.join("image"))?;
        }
        if plan.archives {
            self.archives(plan, &folder.join("archives"))?;
        }
        let manifest = Manifest::of(folder).map_err(|error| failed(&error))?;
        manifest.write(folder).map_err(|error| failed(&error))?;
        Ok(manifest)
    }

    fn apt(&self, plan: &Plan, settings: &AptSettings, key: &OpenPgpKey, folder: &Path) -> Result<(), Failure> {
        let shipped: Vec<_> = self.built.iter().filter(|one| is_shipped(one)).cloned().collect();
        let suite = settings.suite.clone().unwrap_or_else(|| "stable".to_owned());
        let repository = AptRepository {
            name: plan.title.clone(),
            origin: settings.origin.clone().unwrap_or_else(|| plan.title.clone()),
            label: plan.title.clone(),
            codename: suite.clone(),
            suite,
            architectures: self.arches.iter().copied().collect::<BTreeSet<_>>(),
            date: plan.date,
            url: settings.url.clone(),
        };
        repository.write(&shipment::files(&shipped, None)?, key, folder).map_err(|error| failed(&error))?;
        Ok(())
    }

    fn image(&self, plan: &Plan, settings: &ImageSettings, folder: &Path) -> Result<(), Failure> {
        let targets = self.graph.targets.iter().filter(|target| !layers(self.graph, target).is_empty());
        let images = targets.map(|target| {
            let Node::Compose { layers } = self.graph.node(target.build) else {
                return Err(Failure::bug("an image has no layers"));
            };
            let layers = layers.iter().map(|layer| {
                let tree = self.realised.node(layer.input.node).and_then(|node| node.outputs.get(&*layer.input.output));
                let tree = tree.ok_or_else(|| Failure::bug("a layer of an image was not made"))?;
                let placed = Placed { tree: *tree, at: layer.at.clone() };
                Ok(ImageLayer { placed, name: layer.name.to_string() })
            });
            let layers = layers.collect::<Result<_, Failure>>()?;
            Ok(Image { arch: target.id.arch, layers, config: settings.config() })
        });
        let images = images.collect::<Result<Vec<_>, Failure>>()?;
        let layout = OciLayout {
            name: settings.name.clone().unwrap_or_else(|| plan.title.clone()),
            tag: plan.version.clone(),
            annotations: [("org.opencontainers.image.version".to_owned(), plan.version.clone())].into(),
            compression: Compression::Gzip,
            created: plan.date,
        };
        layout.write(self.store, &images, folder).map_err(|error| failed(&error))?;
        Ok(())
    }

    fn archives(&self, plan: &Plan, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
        for one in self.built.iter().filter(|one| !is_shipped(one)) {
            let version = one.version.iter().map(|version| format!("_{version}")).collect::<String>();
            let file = folder.join(format!("{}{version}_{}.tar.zst", one.target.package, one.target.arch));
            let placed = Placed { tree: one.tree, at: RelPath::root() };
            write_archive(self.store, &placed, Compression::Zstd, plan.date, &file).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

fn is_shipped(one: &Built) -> bool {
    one.target.package.ends_with(SHIPPED)
}

/// That a release could not be written, or read.
pub fn failed(error: &ExportError) -> Failure {
    Failure::user(format!("the release cannot be written: {error}"))
}
