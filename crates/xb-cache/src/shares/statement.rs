//! What a signer says of a result: a statement of in-toto, in a DSSE envelope.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_build::{Made, SharedKey};
use xb_core::{ActionId, Arch, Sha256};
use xb_graph::{ActionResult, Method, Run};
use xb_sign::{SignError, StatementKey, StatementPublicKey};

use crate::Blob;

/// The type of what is signed.
const TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "urn:xb:result:v1";

/// The names under which keys of results are in a statement.
const RECIPE: &str = "xbRecipe";
const ACTION: &str = "xbAction";

/// What a signer says of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Predicate {
    arch: Arch,
    step: String,
    method: Method,
    action: ActionId,
    result: ActionResult,
    pack: PackedIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PackedIn {
    #[serde(with = "hex")]
    sha256: Sha256,
    size: u64,
}

/// Why a statement is not used, as half a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The signer did not say it of what was asked for: whoever has it is not to be asked again.
    Foul(String),
    /// The signer said it, and this xb has no use for it.
    Strange(String),
}

impl Statement {
    /// What is said of a result of which the trees lie in a pack.
    pub fn new(run: &Run, made: &Made, result: ActionResult, pack: Blob) -> Self {
        let recipe = made.recipe.map(|recipe| (RECIPE.to_owned(), recipe.to_string()));
        let digest = recipe.into_iter().chain([(ACTION.to_owned(), made.action.to_string())]).collect();
        Self {
            kind: STATEMENT.to_owned(),
            subject: vec![Subject { name: run.title(), digest }],
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                arch: run.arch,
                step: run.step.clone(),
                method: run.method,
                action: made.action,
                result,
                pack: PackedIn { sha256: pack.sha256, size: pack.size },
            },
        }
    }

    /// The statement in its signed envelope.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn seal(&self, key: &StatementKey) -> Result<Vec<u8>, SignError> {
        key.seal(TYPE, &serde_json::to_vec(self)?)
    }

    /// Whether it says just this of what a run left.
    pub fn says(&self, run: &Run, made: &Made, result: &ActionResult) -> bool {
        let Predicate { method, action, result: said, .. } = &self.predicate;
        *method == run.method && *action == made.action && said.outputs == result.outputs
    }

    /// The statement in an envelope, if this key signed it and it is about what was asked for.
    pub fn open(envelope: &[u8], key: &StatementPublicKey, about: SharedKey) -> Result<Self, Doubt> {
        let payload = key.open(TYPE, envelope).map_err(|error| Doubt::Foul(error.to_string()))?;
        let statement: Self = serde_json::from_slice(&payload).map_err(|error| {
            Doubt::Strange(format!("it is signed, and this xb does not know what it says: {error}"))
        })?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            let why = format!("it is signed, and a `{}` and no result", statement.predicate_type);
            return Err(Doubt::Strange(why));
        }
        let (name, digest) = match about {
            SharedKey::Recipe(recipe) => (RECIPE, recipe.to_string()),
            SharedKey::Action(action) => (ACTION, action.to_string()),
        };
        if !statement.subject.iter().any(|subject| subject.digest.get(name) == Some(&digest)) {
            let subjects: Vec<_> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
            let why = format!("it is signed, and about something else: {}", subjects.join(", "));
            return Err(Doubt::Foul(why));
        }
        let action = statement.predicate.action.to_string();
        if statement.subject.iter().any(|subject| subject.digest.get(ACTION) != Some(&action)) {
            return Err(Doubt::Foul("it is signed, and names two actions".to_owned()));
        }
        if !statement.predicate.result.succeeded() {
            return Err(Doubt::Strange("it is signed, and about a failure".to_owned()));
        }
        Ok(statement)
    }

    pub fn action(&self) -> ActionId {
        self.predicate.action
    }

    /// How it was built.
    pub fn method(&self) -> Method {
        self.predicate.method
    }

    /// What the action left, with outputs by their paths.
    pub fn result(&self) -> &ActionResult {
        &self.predicate.result
    }

    /// The index of the pack in which the trees are.
    pub fn pack(&self) -> Blob {
        Blob { sha256: self.predicate.pack.sha256, size: self.predicate.pack.size }
    }
}

/// Sums as hexadecimal digits.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use xb_core::Sha256;

    pub fn serialize<S: Serializer>(sum: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(sum)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sha256, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
