//! The formats of a release, written side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use xb_build::Realised;
use xb_core::{Arch, RelPath};
use xb_eval::SHIPPED;
use xb_export::{
    AptRepository, Compression, ExportError, Folder, Image, ImageLayer, Manifest, OciLayout, OpenPgpKey, Placed, Sum,
    write_archive,
};
use xb_fetch::Lock;
use xb_graph::{Graph, Node, NodeId, Target};
use xb_store::Store;

use super::Plan;
use super::artefact::{Artefact, Format, image_name};
use super::plan::{AptSettings, ImageSettings};
use super::vouch::vouch;
use crate::failure::Failure;
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
    /// What it was made from is pinned here.
    pub lock: Arc<Lock>,
    /// Where it was made.
    pub host: Arch,
}

/// The nodes that the layers of an image are; none for anything else.
pub fn layers(graph: &Graph, target: &Target) -> Vec<NodeId> {
    match graph.node(target.build) {
        Node::Compose { layers } => layers.iter().map(|layer| layer.input.node).collect(),
        _ => Vec::new(),
    }
}

impl Made<'_> {
    /// Writes every format into a folder, what vouches for each artefact, and what is there into its manifest.
    ///
    /// # Errors
    /// When something that was made is not fit to be given out, or cannot be written.
    pub fn write(&self, plan: &Plan, folder: &Path) -> Result<Manifest, Failure> {
        let mut artefacts = Vec::new();
        if let Some((settings, key)) = &plan.apt {
            artefacts.extend(self.apt(plan, settings, key, &folder.join("apt"))?);
        }
        if let Some(settings) = &plan.image {
            artefacts.extend(self.image(plan, settings, &folder.join("image"))?);
        }
        if plan.archives {
            artefacts.extend(self.archives(plan, &folder.join("archives"))?);
        }
        vouch(self, plan, &artefacts, folder)?;
        let manifest = Manifest::of(folder).map_err(|error| failed(&error))?;
        manifest.write(folder).map_err(|error| failed(&error))?;
        Ok(manifest)
    }

    fn apt(
        &self,
        plan: &Plan,
        settings: &AptSettings,
        key: &OpenPgpKey,
        folder: &Path,
    ) -> Result<Vec<Artefact<'_>>, Failure> {
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
        let published = repository.write(&shipment::files(&shipped, None)?, key, folder);
        let published = published.map_err(|error| failed(&error))?;
        let makers = self.makers(&shipped)?;
        let artefacts = published.into_iter().map(|package| {
            let target = makers.get(&package.sum).copied();
            Ok(Artefact {
                name: package.path.rsplit('/').next().unwrap_or_default().to_owned(),
                sum: package.sum,
                format: Format::Deb,
                title: package.name,
                version: Some(package.version),
                target: target.ok_or_else(|| Failure::bug("a package of the repository is no result"))?,
            })
        });
        artefacts.collect()
    }

    /// What was asked for, by the sums of the files that it led to; the first, where several led to the same.
    fn makers(&self, shipped: &[Built]) -> Result<BTreeMap<Sum, &Target>, Failure> {
        let mut makers = BTreeMap::new();
        for one in shipped {
            for file in shipment::files(std::slice::from_ref(one), None)? {
                let sum = Sum::of_file(&file)
                    .map_err(|error| Failure::environment(format!("cannot read `{}`: {error}", file.display())))?;
                makers.entry(sum).or_insert(self.target_of(one)?);
            }
        }
        Ok(makers)
    }

    fn target_of(&self, one: &Built) -> Result<&Target, Failure> {
        let tree = |target: &Target| self.realised.node(target.build)?.outputs.get("out").copied();
        let target = self.graph.targets.iter().find(|target| target.id == one.target && tree(target) == Some(one.tree));
        target.ok_or_else(|| Failure::bug("a result is none of what was asked for"))
    }

    fn image(&self, plan: &Plan, settings: &ImageSettings, folder: &Path) -> Result<Vec<Artefact<'_>>, Failure> {
        let targets: Vec<_> =
            self.graph.targets.iter().filter(|target| !layers(self.graph, target).is_empty()).collect();
        let images = targets.iter().map(|target| {
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
        let written = layout.write(self.store, &images, folder).map_err(|error| failed(&error))?;
        let artefacts = targets.into_iter().map(|target| {
            let sum = written.manifests.get(&target.id.arch).copied();
            Ok(Artefact {
                name: image_name(&layout.name, &layout.tag, target.id.arch),
                sum: sum.ok_or_else(|| Failure::bug("an image was not written"))?,
                format: Format::Oci,
                title: layout.name.clone(),
                version: Some(layout.tag.clone()),
                target,
            })
        });
        artefacts.collect()
    }

    fn archives(&self, plan: &Plan, folder: &Path) -> Result<Vec<Artefact<'_>>, Failure> {
        let folder = Folder::create(folder).map_err(|error| failed(&error))?;
        let mut artefacts = Vec::new();
        for one in self.built.iter().filter(|one| !is_shipped(one)) {
            let version = one.version.iter().map(|version| format!("_{version}")).collect::<String>();
            let name = format!("{}{version}_{}.tar.zst", one.target.package, one.target.arch);
            let file = folder.place(&name).map_err(|error| failed(&error))?;
            let placed = Placed { tree: one.tree, at: RelPath::root() };
            let sum = write_archive(self.store, &placed, Compression::Zstd, plan.date, &file);
            artefacts.push(Artefact {
                name,
                sum: sum.map_err(|error| failed(&error))?,
                format: Format::Tar,
                title: one.target.package.clone(),
                version: one.version.clone(),
                target: self.target_of(one)?,
            });
        }
        Ok(artefacts)
    }
}

fn is_shipped(one: &Built) -> bool {
    one.target.package.ends_with(SHIPPED)
}

/// That a release could not be written, or read.
pub fn failed(error: &ExportError) -> Failure {
    Failure::user(format!("the release cannot be written: {error}"))
}
