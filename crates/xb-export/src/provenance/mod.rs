//! How an artefact was made, signed: an in-toto statement with SLSA's provenance, in a DSSE envelope.

mod statement;

use std::collections::BTreeMap;

use xb_core::Sha256;
use xb_graph::Method;
use xb_sign::StatementKey;

use crate::error::{ExportError, Result};
pub use statement::Statement;

/// How an artefact was made.
///
/// ```
/// use xb_export::{Provenance, Resource, Statement, Sum};
/// use xb_graph::Method;
/// use xb_sign::StatementKey;
///
/// let artefact = Sum::of(b"the bytes of the artefact").sha256;
/// let provenance = Provenance {
///     subjects: vec![("hello-1.0-arm64.tar.zst".to_owned(), artefact)],
///     build_type: "https://example.org/xb/build/v1".to_owned(),
///     builder: "https://example.org/builders/one".to_owned(),
///     versions: [("xb".to_owned(), "0.1.0".to_owned())].into(),
///     method: Some(Method::Cross),
///     executor: "local".to_owned(),
///     external: [("target".to_owned(), "hello".to_owned())].into(),
///     internal: Default::default(),
///     dependencies: vec![Resource::new("https://example.org/hello.tar.gz", "sha256", &"0".repeat(64))],
/// };
/// // Whoever calls brings 32 random bytes, and keeps them secret.
/// let key = StatementKey::from_seed(&[7; 32]);
/// let envelope = provenance.sign(&key)?;
/// let statement = Statement::verified(&envelope, &key.public())?;
/// assert!(statement.is_about(artefact));
/// # Ok::<(), xb_export::ExportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The artefacts: their names and what they are.
    pub subjects: Vec<(String, Sha256)>,
    /// The address that tells how to read the parameters.
    pub build_type: String,
    /// The address that stands for who built, and for how far that is to be trusted.
    pub builder: String,
    /// The versions of the programs that built.
    pub versions: BTreeMap<String, String>,
    /// The method of the run that made them; none where they are results that were only packed.
    pub method: Option<Method>,
    /// Who ran it: `local`.
    pub executor: String,
    /// What whoever asked for the build chose.
    pub external: BTreeMap<String, String>,
    /// What the builder chose, beside method and executor.
    pub internal: BTreeMap<String, String>,
    /// What was there for the build: sources, tools, roots.
    pub dependencies: Vec<Resource>,
}

/// Something that a build used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Its address.
    pub uri: String,
    /// Its name, where it has one beside the address.
    pub name: Option<String>,
    /// What it is: sums in hexadecimal digits by their kinds, `sha256`, `gitCommit`, `blake3`.
    pub digests: BTreeMap<String, String>,
}

impl Resource {
    /// A resource by its address and one sum.
    pub fn new(uri: &str, kind: &str, hex: &str) -> Self {
        Self { uri: uri.to_owned(), name: None, digests: [(kind.to_owned(), hex.to_owned())].into() }
    }
}

impl Provenance {
    /// The statement in its signed envelope.
    ///
    /// # Errors
    /// When it is about nothing, or something in it is not what it must be.
    pub fn sign(&self, key: &StatementKey) -> Result<Vec<u8>> {
        self.check()?;
        Ok(key.seal(statement::TYPE, &statement::json(self)?)?)
    }

    fn check(&self) -> Result<()> {
        if self.subjects.is_empty() {
            return Err(ExportError::value("the provenance", &self.build_type, "it is about no artefact"));
        }
        let uris = self.dependencies.iter().map(|resource| &resource.uri);
        let is_uri =
            |uri: &str| uri.contains(':') && uri.chars().all(|sign| !sign.is_whitespace() && !sign.is_control());
        if let Some(uri) = uris.chain([&self.build_type, &self.builder]).find(|uri| !is_uri(uri)) {
            return Err(ExportError::value("the address", uri, "it is no URI"));
        }
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digests = self.dependencies.iter().flat_map(|resource| resource.digests.values());
        if let Some(digest) = digests.into_iter().find(|hex| hex.is_empty() || !hex.bytes().all(is_digit)) {
            return Err(ExportError::value("the sum", digest, "it is not in lower-case hexadecimal digits"));
        }
        let own = ["method", "executor"].into_iter().find(|name| self.internal.contains_key(*name));
        own.map_or(Ok(()), |name| Err(ExportError::value("the parameter", name, "it has a field of its own")))
    }
}
