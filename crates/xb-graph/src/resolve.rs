//! From a run whose inputs are known trees to an action whose digest covers only contents.
//!
//! What is in the key: the merged root, the command, the environment, the working folder, the paths of the outputs,
//! the platform, the number of users where there are several, and the time limit (the API has a field for it). What is
//! not: names of packages, steps and outputs, the method, the emulator, where layers came from, and limits that can only
//! make a run fail; failures are no results, so these cannot change what a key stands for. (That an action fails by one
//! method and is mended by the next is remembered by `xb-build`, by the key and the limits.)

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xb_core::{ActionId, Arch, RelPath, TreeId};

use crate::compose::Composed;
use crate::node::{CodeFor, Limits, Run};
use crate::reapi;
use crate::result::ActionResult;

/// A run whose inputs are trees: everything an executor needs, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedAction {
    /// The digest of the `Action` message: the key of the action cache.
    pub id: ActionId,
    /// The canonical bytes of the `Command` message.
    pub command_bytes: Vec<u8>,
    /// The canonical bytes of the `Action` message.
    pub action_bytes: Vec<u8>,
    /// The whole root as one tree.
    pub root: TreeId,
    /// The root as layers, from the lowest: what a sandbox mounts.
    pub layers: Vec<TreeId>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The working folder, beneath the root.
    pub cwd: RelPath,
    /// What is kept.
    pub outputs: BTreeMap<String, RelPath>,
    /// The architecture of the building processes.
    pub platform: Arch,
    /// Whether only the executor's twins and the emulator may run (`emulate`), or foreign programs fail (`cross`).
    pub method: crate::Method,
    /// Limits.
    pub limits: Limits,
    /// The tree with the emulator, for an executor that needs it.
    pub emulator: Option<TreeId>,
    /// `curl (arm64, build)`: for logs.
    pub title: String,
    /// `build` or `check`, for an executor that explains failures: never part of the key.
    pub step: String,
}

impl ResolvedAction {
    /// A result as this action's cache entry has it: outputs by their paths, since names are not in the key, and with the
    /// root that it was made from.
    #[must_use]
    pub fn to_cache(&self, result: &ActionResult) -> ActionResult {
        let by_path = self.outputs.iter().filter_map(|(name, path)| {
            let tree = result.outputs.get(name)?;
            Some((path.to_string(), *tree))
        });
        ActionResult { outputs: by_path.collect(), root: Some(self.root), ..result.clone() }
    }
}

impl Run {
    /// A cache entry's result with this run's names for the outputs; none when an output is not there.
    pub fn from_cache(&self, cached: &ActionResult) -> Option<ActionResult> {
        let mut outputs = BTreeMap::new();
        for (name, path) in self.outputs.iter() {
            outputs.insert(name.clone(), *cached.outputs.get(path.as_str())?);
        }
        Some(ActionResult { outputs, ..cached.clone() })
    }
}

/// The canonical bytes of a run's messages over a root, and the key that they make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionKey {
    /// The digest of the `Action` message.
    pub id: ActionId,
    /// The canonical bytes of the `Command` message.
    pub command_bytes: Vec<u8>,
    /// The canonical bytes of the `Action` message.
    pub action_bytes: Vec<u8>,
}

/// The key of a run over a root.
pub fn action_key(run: &Run, root: TreeId) -> ActionKey {
    let (command_bytes, command) = reapi::encode(&command(run));
    let (action_bytes, action) = reapi::encode(&reapi::Action {
        command_digest: Some(command.into()),
        input_root_digest: Some(root.0.into()),
        timeout: timeout(&run.limits),
        platform: Some(platform(run)),
    });
    ActionKey { id: ActionId(action), command_bytes, action_bytes }
}

/// Resolves a run.
pub fn resolve(run: &Run, root: &Composed, emulator: Option<TreeId>) -> ResolvedAction {
    let key = action_key(run, root.merged);
    ResolvedAction {
        id: key.id,
        command_bytes: key.command_bytes,
        action_bytes: key.action_bytes,
        root: root.merged,
        layers: root.layers.clone(),
        command: run.command.clone(),
        env: run.env.variables().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        cwd: run.cwd.clone(),
        outputs: BTreeMap::clone(&run.outputs),
        platform: run.platform,
        method: run.method,
        limits: run.limits.clone(),
        emulator,
        title: run.title(),
        step: run.step.clone(),
    }
}

fn command(run: &Run) -> reapi::Command {
    let env = run.env.variables().into_iter().map(|(name, value)| property(name, value));
    let outputs = run.outputs.values();
    let outputs: BTreeSet<String> = outputs.map(|path| relative(&run.cwd, path)).collect();
    reapi::Command {
        arguments: run.command.clone(),
        environment_variables: env.collect(),
        working_directory: run.cwd.to_string(),
        output_paths: outputs.into_iter().collect(),
    }
}

/// `path` as it is written from the folder `from`: the API's output paths are relative to the working folder.
pub fn relative(from: &RelPath, path: &RelPath) -> String {
    let from: Vec<&str> = from.components().collect();
    let path: Vec<&str> = path.components().collect();
    let shared = from.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    let parts: Vec<&str> = up.chain(path[shared..].iter().copied()).collect();
    parts.join("/")
}

fn timeout(limits: &Limits) -> Option<reapi::Duration> {
    (limits.seconds > 0).then(|| reapi::Duration { seconds: i64::try_from(limits.seconds).unwrap_or(i64::MAX) })
}

/// The platform in the words of the API's lexicon, with two of ours: names are in the order of their bytes.
fn platform(run: &Run) -> reapi::Platform {
    let isa = match run.platform {
        Arch::Amd64 => "x86-64",
        Arch::Arm64 => "arm-a64",
    };
    let mut properties = vec![property("ISA", isa), property("OSFamily", "linux")];
    match run.code_for {
        CodeFor::Own => {}
        CodeFor::Every => properties.push(property("code", "every")),
        CodeFor::Any => properties.push(property("code", "any")),
    }
    if run.limits.users > 1 {
        properties.push(property("users", &run.limits.users.to_string()));
    }
    reapi::Platform { properties }
}

fn property(name: &str, value: &str) -> reapi::NameValue {
    reapi::NameValue { name: name.to_owned(), value: value.to_owned() }
}
