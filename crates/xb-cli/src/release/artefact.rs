//! What a release gives out, piece by piece: what an SBOM and a provenance are each about.

use xb_export::Sum;
use xb_graph::{Graph, Node, NodeId, Target};

/// One thing that a release gives out.
#[derive(Clone, Debug)]
pub struct Artefact<'a> {
    /// What it is called among the others: the name of its file, where it is one.
    pub name: String,
    /// What it is: the bytes of its file, or those of its manifest for an image.
    pub sum: Sum,
    /// In which format it is.
    pub format: Format,
    /// The name of the package or image that it is.
    pub title: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// What was asked for and led to it.
    pub target: &'a Target,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A Debian package.
    Deb,
    /// An image for one architecture.
    Oci,
    /// An archive.
    Tar,
}

impl Format {
    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Oci => "oci",
            Self::Tar => "tar",
        }
    }
}

impl Artefact<'_> {
    /// The packages whose results are in it: their choices, each once.
    pub fn packages(&self, graph: &Graph) -> Vec<NodeId> {
        let build = self.target.build;
        match graph.node(build) {
            Node::Compose { layers } => {
                let nodes = layers.iter().map(|layer| layer.input.node);
                let mut packages: Vec<_> = nodes.filter(|node| graph.descriptions.contains_key(node)).collect();
                packages.sort();
                packages.dedup();
                packages
            }
            _ => {
                let packed = graph.descriptions.get(&build).and_then(|description| description.source);
                vec![packed.filter(|_| self.format == Format::Deb).unwrap_or(build)]
            }
        }
    }
}

/// The name of the image of an architecture among the artefacts: an image's own name may have slashes and a port.
pub fn image_name(image: &str, tag: &str, arch: xb_core::Arch) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    format!("{last}_{tag}_{arch}.oci")
}
