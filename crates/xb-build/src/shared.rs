//! What others have built, and what they are told of what was built here.

use std::sync::Arc;

use xb_core::{ActionId, Digest, RecipeId};
use xb_graph::{ActionResult, Graph, Node, NodeId, Run};

use crate::BoxFuture;

/// What a result is shared under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedKey {
    /// What it was made of: known before any of that is here.
    Recipe(RecipeId),
    /// The action that it was resolved to: what is made of other things may be the same action.
    Action(ActionId),
}

/// A result that somebody may have.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it is shared under.
    pub key: SharedKey,
    /// What would run otherwise.
    pub run: &'a Run,
}

/// A result that somebody has and whose word is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is shared under.
    pub key: SharedKey,
    /// The action that led to it.
    pub action: ActionId,
    /// What that left, as an entry of an action cache has it: outputs by their paths. Outputs whose trees are not to be
    /// had are not in it.
    pub result: ActionResult,
    /// Who has it, for a person: `team`.
    pub from: String,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// Everything of it is here.
    Here,
    /// It is not to be had after all; who is responsible was told about.
    Gone,
    /// It is there, and nothing is to be brought now.
    Left,
}

/// A result to share.
#[derive(Clone, Debug)]
pub struct Made {
    /// The graph that the run is in.
    pub graph: Arc<Graph>,
    /// The run.
    pub node: NodeId,
    /// What it is made of, where that is known.
    pub recipe: Option<RecipeId>,
    /// The action.
    pub action: ActionId,
    /// What it left, with outputs by their paths.
    pub result: ActionResult,
}

impl Made {
    /// What the result is shared under. What ran under an emulator is not shared as an action, which does not say under
    /// which one.
    pub fn keys(&self) -> impl Iterator<Item = SharedKey> {
        let by_action = matches!(self.graph.node(self.node), Node::Run(run) if is_shared_as_action(run));
        let action = by_action.then_some(SharedKey::Action(self.action));
        self.recipe.map(SharedKey::Recipe).into_iter().chain(action)
    }
}

/// Whether an action says all of a run that others have to know.
pub(crate) fn is_shared_as_action(run: &Run) -> bool {
    run.emulator.is_none()
}

/// Results that are shared between machines. Whatever goes wrong with it, the build goes on: so nothing here fails, and
/// what a person should know is told by other ways.
pub trait SharedCache: Send + Sync {
    /// What is offered for each of these, in their order.
    fn offers<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Vec<Option<Offer>>>;

    /// Brings everything that an offer names into the store.
    fn bring<'a>(&'a self, offer: &'a Offer) -> BoxFuture<'a, Brought>;

    /// Whether a result counts for which others vouch, by their public keys: one that was brought under another trust
    /// may not.
    fn believes(&self, run: &Run, vouched: &[String]) -> bool;

    /// What tells this trust from another one: what is known of recipes under one trust is not under another.
    fn scope(&self) -> Digest;

    /// Shares a result.
    fn publish<'a>(&'a self, made: &'a Made) -> BoxFuture<'a, ()>;
}

/// A result with a run's names for the outputs that it has.
pub(crate) fn by_names(run: &Run, result: &ActionResult) -> ActionResult {
    let outputs =
        run.outputs.iter().filter_map(|(name, path)| Some((name.clone(), *result.outputs.get(path.as_str())?)));
    ActionResult { outputs: outputs.collect(), ..result.clone() }
}

/// A result with the paths of the outputs in place of a run's names for them.
pub(crate) fn by_paths(run: &Run, result: &ActionResult) -> ActionResult {
    let outputs = run.outputs.iter().filter_map(|(name, path)| Some((path.to_string(), *result.outputs.get(name)?)));
    ActionResult { outputs: outputs.collect(), ..result.clone() }
}
