//! What an artefact consists of: an SBOM as SPDX 2.3, in JSON.

mod check;
mod model;
mod names;

use serde::Serialize;
use xb_core::Sha256;

use crate::error::Result;
use crate::moment::Moment;
use crate::sum::Sum;
use model::{CreationInfo, Document, Package, Relationship};
use names::Names;

/// What an artefact consists of.
///
/// ```
/// use xb_export::{Component, Moment, Purpose, Relation, RelationKind, Sbom};
///
/// let component = |name: &str, version: &str| Component { version: version.to_owned(), ..Component::new(name) };
/// let sbom = Sbom {
///     name: "hello-1.0-arm64".to_owned(),
///     created: Moment::default(),
///     tool: "xb-0.1.0".to_owned(),
///     describes: vec!["hello".to_owned()],
///     components: vec![
///         Component { purpose: Some(Purpose::Archive), ..component("hello", "1.0") },
///         Component { license: Some("Zlib".to_owned()), ..component("zlib", "1.3.1") },
///     ],
///     relations: vec![Relation::new("hello", RelationKind::Contains, "zlib")],
/// };
/// let text = String::from_utf8(sbom.json()?).expect("JSON is text");
/// assert!(text.contains("\"spdxVersion\": \"SPDX-2.3\""));
/// # Ok::<(), xb_export::ExportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbom {
    /// What the document is called: as the artefact is.
    pub name: String,
    /// When it was made.
    pub created: Moment,
    /// What made it, with its version: `xb-0.1.0`.
    pub tool: String,
    /// The keys of the components that it is about.
    pub describes: Vec<String>,
    /// Everything that there is.
    pub components: Vec<Component>,
    /// How they are related.
    pub relations: Vec<Relation>,
}

/// One part of an artefact, or the artefact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// By what relations name it; no other component has it.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Its version; empty where it has none.
    pub version: String,
    /// Its licence as an SPDX expression, where it is known: `MIT OR Apache-2.0`.
    pub license: Option<String>,
    /// Where one reads about it, where that is known.
    pub homepage: Option<String>,
    /// From where it came, where that is known.
    pub download: Option<String>,
    /// The sum of it as it came or as it is given out, where it is a file.
    pub sha256: Option<Sha256>,
    /// The file that it is, where it is one.
    pub file: Option<String>,
    /// Its package URL: `pkg:deb/debian/zlib1g@1.3?arch=arm64`.
    pub purl: Option<String>,
    /// What it is for.
    pub purpose: Option<Purpose>,
}

impl Component {
    /// Whether a text is a licence as an SBOM has it: an SPDX expression, whichever names are in it.
    pub fn is_license(text: &str) -> bool {
        check::is_expression(text)
    }

    /// Whether a text is an address as an SBOM has it.
    pub fn is_address(text: &str) -> bool {
        check::is_address(text)
    }

    /// A component of which only the name is known, which is its key as well.
    pub fn new(name: &str) -> Self {
        Self { key: name.to_owned(), name: name.to_owned(), ..Self::default() }
    }
}

/// What a component is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Purpose {
    /// An image for containers.
    Container,
    /// An archive.
    Archive,
    /// A package that is installed.
    Install,
    /// A source.
    Source,
}

/// How two components are related.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The key of the one.
    pub from: String,
    /// In which way.
    pub kind: RelationKind,
    /// The key of the other.
    pub to: String,
}

impl Relation {
    /// A relation between two keys.
    pub fn new(from: &str, kind: RelationKind, to: &str) -> Self {
        Self { from: from.to_owned(), kind, to: to.to_owned() }
    }
}

/// In which way one component is related to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationKind {
    /// The other is in it.
    Contains,
    /// It needs the other to run.
    DependsOn,
    /// It was made from the other.
    GeneratedFrom,
}

impl Sbom {
    /// The document, sorted by keys: the order in which parts are given does not count.
    ///
    /// # Errors
    /// When a key is there twice or is not there, or a part cannot be written as SPDX has it.
    pub fn json(&self) -> Result<Vec<u8>> {
        check::check(self)?;
        let names = Names::of(self.components.iter().map(|component| component.key.as_str()))?;
        let mut components: Vec<&Component> = self.components.iter().collect();
        components.sort_by(|a, b| a.key.cmp(&b.key));
        let mut document = Document {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: model::DOCUMENT,
            name: &self.name,
            namespace: String::new(),
            creation_info: CreationInfo {
                created: self.created.rfc3339(),
                creators: vec![format!("Tool: {}", self.tool)],
            },
            document_describes: self.describes.iter().map(|key| names.id(key)).collect::<Result<_>>()?,
            packages: components.iter().map(|it| Ok(Package::of(it, names.id(&it.key)?))).collect::<Result<_>>()?,
            licensing_infos: model::licensing_infos(&components),
            relationships: self.relationships(&names)?,
        };
        // A namespace is unique to a document; so is a sum of all that is in it.
        let sum = Sum::of(&crate::json::compact(&document)?);
        document.namespace = format!("https://spdx.org/spdxdocs/{}-{}", names::clean(&self.name), sum.sha256);
        crate::json::pretty(&document)
    }

    fn relationships(&self, names: &Names) -> Result<Vec<Relationship>> {
        let mut relations = self.relations.clone();
        relations.sort();
        relations.dedup();
        let described = self.describes.iter().map(|key| Ok(Relationship::describes(names.id(key)?)));
        let related = relations
            .iter()
            .map(|relation| Ok(Relationship::new(names.id(&relation.from)?, relation.kind, names.id(&relation.to)?)));
        described.chain(related).collect()
    }
}
