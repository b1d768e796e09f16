//! The statement: who vouches for what, as in-toto and SLSA have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_core::Sha256;
use xb_sign::StatementPublicKey;

use super::Provenance;
use crate::error::{ExportError, Result};

/// The type of what is signed.
pub(super) const TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";

type Texts = BTreeMap<String, String>;

/// A statement of which the signature was checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    /// What it says, as SLSA has it.
    pub predicate: serde_json::Value,
}

impl Statement {
    /// The statement in an envelope, once its signature was found to be by this key.
    ///
    /// # Errors
    /// When it is not, or what was signed is no provenance.
    pub fn verified(envelope: &[u8], key: &StatementPublicKey) -> Result<Self> {
        Self::read(&key.open(TYPE, envelope)?)
    }

    fn read(payload: &[u8]) -> Result<Self> {
        let wrong = |reason: String| ExportError::Statement(reason);
        let statement: Self = serde_json::from_slice(payload)
            .map_err(|error| wrong(format!("it is signed, and no statement of in-toto: {error}")))?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            let Self { kind, predicate_type, .. } = statement;
            return Err(wrong(format!("it is signed, and says `{kind}` of `{predicate_type}`, not SLSA's provenance")));
        }
        Ok(statement)
    }

    /// Whether it vouches for an artefact of this sum.
    pub fn is_about(&self, artefact: Sha256) -> bool {
        let hex = artefact.to_string();
        self.subject.iter().any(|subject| subject.digest.get("sha256") == Some(&hex))
    }

    /// The names of the artefacts that it is about.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.subject.iter().map(|subject| subject.name.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Subject {
    #[serde(default)]
    name: String,
    digest: Texts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signed<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: BuildDefinition<'a>,
    run_details: RunDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: &'a str,
    external_parameters: &'a Texts,
    internal_parameters: Texts,
    resolved_dependencies: Vec<ResourceDescriptor<'a>>,
}

#[derive(Serialize)]
struct ResourceDescriptor<'a> {
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digest: &'a Texts,
}

#[derive(Serialize)]
struct RunDetails<'a> {
    builder: Builder<'a>,
}

#[derive(Serialize)]
struct Builder<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    version: &'a Texts,
}

/// What is signed; the order in which subjects and dependencies are given does not count.
pub(super) fn json(provenance: &Provenance) -> Result<Vec<u8>> {
    let subject = provenance.subjects.iter().map(|(name, sum)| {
        let digest = [("sha256".to_owned(), sum.to_string())].into();
        Subject { name: name.clone(), digest }
    });
    let mut subject: Vec<_> = subject.collect();
    subject.sort();
    let mut dependencies: Vec<_> = provenance.dependencies.iter().collect();
    dependencies.sort();
    dependencies.dedup();
    let mut internal_parameters = provenance.internal.clone();
    internal_parameters.extend(provenance.method.map(|method| ("method".to_owned(), method.name().to_owned())));
    internal_parameters.insert("executor".to_owned(), provenance.executor.clone());
    let build_definition = BuildDefinition {
        build_type: &provenance.build_type,
        external_parameters: &provenance.external,
        internal_parameters,
        resolved_dependencies: dependencies
            .into_iter()
            .map(|it| ResourceDescriptor { uri: &it.uri, name: it.name.as_deref(), digest: &it.digests })
            .collect(),
    };
    let run_details = RunDetails { builder: Builder { id: &provenance.builder, version: &provenance.versions } };
    crate::json::compact(&Signed {
        kind: STATEMENT,
        subject,
        predicate_type: PREDICATE,
        predicate: Predicate { build_definition, run_details },
    })
}
