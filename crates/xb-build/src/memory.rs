//! What is remembered from build to build. Forgetting all of it costs time, never correctness.
//!
//! | kind | key | value |
//! |---|---|---|
//! | `shallow` | a run over its inputs' keys | the id of the resolved action |
//! | `recipe` | whose word counts, and what a run is made of | the id of the resolved action |
//! | `effort` | file, package, architecture, step, method | how long it took and how much memory it used |
//! | `mended` | the id of an action that failed, and its limits | why the next method was tried |
//! | `failed` | the same, its method and its emulator | what it left |
//!
//! The first is what makes a build with nothing to do quick: the root of a run is composed only when there is no
//! result for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_core::{ActionId, Digest, RecipeId};
use xb_graph::{ActionResult, Limits, Origin, ResolvedAction, Run};
use xb_store::Memory;

const SHALLOW: &str = "shallow-v1";
/// What is remembered of recipes. Whoever has something run again that was known has to forget it: what is made of that
/// is known by recipes, which are the same whatever came of it.
pub const RECIPES: &str = "recipe-v1";
const EFFORT: &str = "effort-v2";
const MENDED: &str = "mended-v2";
const FAILED: &str = "failed-v1";

/// What a run cost when it last succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effort {
    pub milliseconds: u64,
    pub peak_memory: u64,
}

/// The resolved actions of runs, by what the runs are over their inputs' keys.
pub(crate) fn known_actions(memory: &dyn Memory, shallow: &[ActionId]) -> Vec<Option<ActionId>> {
    let keys: Vec<_> = shallow.iter().map(|id| key_of(*id)).collect();
    let values = memory.recall(SHALLOW, &keys);
    values.into_iter().map(read_id).collect()
}

fn read_id(value: Option<Vec<u8>>) -> Option<ActionId> {
    std::str::from_utf8(&value?).ok()?.parse().ok()
}

pub(crate) fn remember_action(memory: &dyn Memory, shallow: ActionId, action: ActionId) {
    memory.remember(SHALLOW, &key_of(shallow), action.to_string().as_bytes());
}

/// The resolved actions of runs, by what the runs are made of.
pub(crate) fn known_by_recipe(
    memory: &dyn Memory,
    scope: Digest,
    recipes: impl Iterator<Item = RecipeId>,
) -> Vec<Option<ActionId>> {
    let keys: Vec<_> = recipes.map(|recipe| recipe_key(scope, recipe)).collect();
    memory.recall(RECIPES, &keys).into_iter().map(read_id).collect()
}

pub(crate) fn remember_recipe(memory: &dyn Memory, scope: Digest, recipe: RecipeId, action: ActionId) {
    memory.remember(RECIPES, &recipe_key(scope, recipe), action.to_string().as_bytes());
}

/// What a recipe leads to depends on what was believed of what it is made of.
fn recipe_key(scope: Digest, recipe: RecipeId) -> Vec<u8> {
    [scope.hash().as_slice(), recipe.0.hash()].concat()
}

/// What runs cost the last time.
pub(crate) fn efforts<'a>(
    memory: &dyn Memory,
    runs: impl Iterator<Item = (&'a Origin, &'a Run)>,
) -> Vec<Option<Effort>> {
    let keys: Vec<_> = runs.map(|(origin, run)| effort_key(origin, run)).collect();
    let values = memory.recall(EFFORT, &keys);
    let read = |value: Option<Vec<u8>>| serde_json::from_slice(&value?).ok();
    values.into_iter().map(read).collect()
}

pub(crate) fn remember_effort(memory: &dyn Memory, origin: &Origin, run: &Run, result: &ActionResult) {
    let effort = Effort { milliseconds: result.milliseconds, peak_memory: result.peak_memory };
    if let Ok(value) = serde_json::to_vec(&effort) {
        memory.remember(EFFORT, &effort_key(origin, run), &value);
    }
}

fn effort_key(origin: &Origin, run: &Run) -> Vec<u8> {
    format!("{}\0{}\0{}\0{}\0{}", origin.file, run.package, run.arch, run.step, run.method).into_bytes()
}

/// Why the next method was tried when this action failed under these limits.
pub(crate) fn mended(memory: &dyn Memory, action: ActionId, limits: &Limits) -> Option<String> {
    let value = memory.recall(MENDED, &[mended_key(action, limits)]).pop()?;
    String::from_utf8(value?).ok()
}

pub(crate) fn remember_mended(memory: &dyn Memory, action: ActionId, limits: &Limits, why: &str) {
    memory.remember(MENDED, &mended_key(action, limits), why.as_bytes());
}

/// What an action left when it failed for a reason of its own.
pub(crate) fn failed(memory: &dyn Memory, action: &ResolvedAction) -> Option<ActionResult> {
    let value = memory.recall(FAILED, &[failed_key(action)]).pop()?;
    serde_json::from_slice(&value?).ok()
}

/// Its outputs are nobody's, and not remembered.
pub(crate) fn remember_failed(memory: &dyn Memory, action: &ResolvedAction, result: &ActionResult) {
    let result = ActionResult { outputs: BTreeMap::new(), ..result.clone() };
    if let Ok(value) = serde_json::to_vec(&result) {
        memory.remember(FAILED, &failed_key(action), &value);
    }
}

/// What fails by one method or under one emulator, another may mend.
fn failed_key(action: &ResolvedAction) -> Vec<u8> {
    let mut key = mended_key(action.id, &action.limits);
    key.extend(action.method.name().as_bytes());
    key.extend(action.emulator.iter().flat_map(|emulator| *emulator.0.hash()));
    key
}

/// A command may fail by itself because it met a limit, as a compiler does that gets no memory.
fn mended_key(action: ActionId, limits: &Limits) -> Vec<u8> {
    let Limits { memory, processes, seconds, disk, log: _, cpus, users: _, features: _ } = limits;
    let numbers = [*memory, *processes, *seconds, *disk, u64::from(*cpus)];
    key_of(action).into_iter().chain(numbers.into_iter().flat_map(u64::to_le_bytes)).collect()
}

fn key_of(id: ActionId) -> Vec<u8> {
    id.0.hash().to_vec()
}
