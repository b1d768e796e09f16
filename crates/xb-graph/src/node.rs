//! The nodes of the graph, as the evaluator emits them: they name other nodes, never contents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xb_core::{Arch, DirHash, RelPath, Sha256};

use crate::{Environment, Method};

/// A node, by its number in the [`Graph`](crate::Graph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// Something that can be realised to one or more trees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Node {
    /// Something from outside, pinned by the lock.
    Fetch(Box<Fetch>),
    /// A folder or a file of the project.
    Folder(Box<Folder>),
    /// A set of Debian packages and their closure, pinned by the lock, as one tree.
    Debian(Box<DebianRoot>),
    /// Files and links written in the description itself.
    Files(Files),
    /// Several trees laid over each other.
    Compose {
        /// From the lowest to the uppermost.
        layers: Vec<Layer>,
    },
    /// One hermetic run.
    Run(Box<Run>),
    /// A package for an architecture, by the first method that leads to a result.
    Choice(Choice),
}

/// Something from outside, named by where it can be found; its digest is in the lock unless given here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fetch {
    /// `debian:pool/...`, `crate:...`, `pypi:...`, `rock:...`, `go:...`, `https://...`, or a git address.
    pub url: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub how: FetchKind,
    /// The digest, when the description gives it itself.
    pub sha256: Option<Sha256>,
}

/// What becomes of fetched bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "kebab-case")]
pub enum FetchKind {
    /// A tree that holds the one file, under its name.
    File {
        /// The name of the file in the tree.
        name: String,
        /// Whether it can be executed.
        executable: bool,
    },
    /// The unpacked archive.
    Archive {
        /// How many leading folders of each path are dropped.
        strip: u32,
    },
    /// A commit's tree.
    Git {
        /// Branch, tag or commit.
        revision: String,
    },
    /// The source that a rock of LuaRocks' has in it, ready to be built by its rockspec.
    Rock,
    /// A line of `go.sum`, `go:MODULE@VERSION` or `go:MODULE@VERSION/go.mod`, as a folder of Go's module cache that
    /// holds what the line names. The lock has no entry for it: the hash is that of what is in the tree.
    GoModule {
        /// What the line says that it hashes to.
        h1: DirHash,
    },
}

/// A folder (or a single file) of the project, without what its `.gitignore` ignores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Folder {
    /// Where it is, beneath the project's folder.
    pub path: RelPath,
    /// When not empty: only what matches one of these patterns (`*.c`, `src/**`).
    pub only: Vec<String>,
    /// What matches one of these is left out.
    pub except: Vec<String>,
}

/// Debian packages with everything that they depend on, unpacked and configured to one tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DebianRoot {
    /// The suite: `trixie`.
    pub suite: String,
    /// Names of packages, by architecture; both architectures share one root (multiarch).
    pub packages: BTreeMap<Arch, BTreeSet<String>>,
    /// With dpkg's own records, so that dpkg and apt know what lies where. The packages are the same either way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub database: bool,
}

/// Files and links whose contents are in the description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Files {
    /// Sorted by path, each once.
    pub entries: Box<[(RelPath, FileEntry)]>,
}

/// One entry of [`Files`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileEntry {
    /// A file.
    File {
        /// Its text.
        text: Arc<str>,
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points to.
        target: String,
    },
    /// An empty folder.
    Directory,
}

/// One tree that a node leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Input {
    /// The node.
    pub node: NodeId,
    /// Which of its outputs; everything but a [`Run`] and a [`Choice`] has only `out`.
    pub output: Arc<str>,
}

/// A tree and how it is laid over those below.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Layer {
    /// The tree.
    pub input: Input,
    /// Where its root comes to lie.
    pub at: RelPath,
    /// When given: only what matches one of these patterns, before it is placed at `at`.
    pub select: Option<Vec<String>>,
    /// What happens where a layer below has something else at the same path.
    pub conflict: Conflict,
    /// How it is called in an error about a conflict: `openssl (arm64)`.
    pub name: Arc<str>,
}

/// What happens where two layers differ at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// An error that names both.
    Refuse,
    /// The upper one counts.
    Replace,
}

/// One hermetic run: a root, a command, an environment, outputs and limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// The package, for a person and for remembered durations: never part of a key.
    pub package: String,
    /// What the result is for: never part of a key.
    pub arch: Arch,
    /// `build` or `check`: never part of a key.
    pub step: String,
    /// How: never part of a key, since the root says it all.
    pub method: Method,
    /// The architecture of the building processes, and what `uname -m` says.
    pub platform: Arch,
    /// The root, from the lowest layer to the uppermost.
    pub root: Vec<Layer>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The whole environment.
    pub env: Environment,
    /// The working folder, beneath the root.
    pub cwd: RelPath,
    /// What is kept: a folder beneath the root for each name; `out` is the result. An executor may make them before the
    /// command starts, but need not.
    pub outputs: Arc<BTreeMap<String, RelPath>>,
    /// Limits.
    pub limits: Limits,
    /// The tree that holds the emulator as `usr/bin/qemu-<machine>`, for an executor whose machine cannot run
    /// `platform` itself: recorded in the provenance, never part of a key.
    pub emulator: Option<Input>,
    /// For which architectures code may be in its result: part of the key where it is not its own alone, so that what
    /// was held to less is not found by who holds it to more.
    pub code_for: CodeFor,
}

/// For which architectures a result may have code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeFor {
    /// For its own.
    #[default]
    Own,
    /// It is for every architecture, so that there is no code for any in it.
    Every,
    /// For whichever: the package says that this is meant.
    Any,
}

impl CodeFor {
    /// The architectures for which all code has to be, where the result is for `own`.
    pub fn held_to(self, own: Arch) -> Vec<Arch> {
        match self {
            Self::Own => vec![own],
            Self::Every => Arch::ALL.to_vec(),
            Self::Any => Vec::new(),
        }
    }
}

/// Limits of a run; zero is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of all processes together, in bytes: resident, or held in files without a name.
    pub memory: u64,
    /// Processes and threads at one time.
    pub processes: u64,
    /// Wall time, in seconds.
    pub seconds: u64,
    /// What the run may write to its root, in bytes.
    pub disk: u64,
    /// What is kept of its log, in bytes: a longer log loses its middle.
    pub log: u64,
    /// CPUs that the run may use and sees; zero is all.
    pub cpus: u32,
    /// How many users and groups there are; with one, everything belongs to it. No limit that can only make a run fail,
    /// but one that changes what programs see: part of the key when it is more.
    #[serde(default = "one")]
    pub users: u32,
    /// What a machine must have on which it runs, by names that say nothing to xb. Where it runs changes no result, so
    /// it is no part of the key.
    #[serde(default)]
    pub features: BTreeSet<String>,
}

const fn one() -> u32 {
    1
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 16 << 30,
            processes: 4096,
            seconds: 4 * 3600,
            disk: 32 << 30,
            log: 16 << 20,
            cpus: 0,
            users: 1,
            features: BTreeSet::new(),
        }
    }
}

/// A package for an architecture, by the first method that leads to a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// The package.
    pub package: String,
    /// What the result is for.
    pub arch: Arch,
    /// The ways, best first; every node is a [`Run`] with the same outputs.
    pub options: Vec<(Method, NodeId)>,
}

impl Run {
    /// `curl (arm64, build)`: for logs.
    pub fn title(&self) -> String {
        format!("{} ({}, {})", self.package, self.arch, self.step)
    }
}

impl Node {
    /// The nodes that this one names, in order, possibly several times.
    pub fn inputs(&self) -> impl Iterator<Item = NodeId> {
        let options: &[_] = match self {
            Self::Choice(choice) => &choice.options,
            _ => &[],
        };
        self.named_outputs().map(|input| input.node).chain(options.iter().map(|(_, node)| *node))
    }

    /// The outputs of other nodes that this one is made of, in order, possibly several times; a choice, which is one of
    /// its options, is made of none.
    pub fn named_outputs(&self) -> impl Iterator<Item = &Input> {
        let (layers, emulator): (&[Layer], _) = match self {
            Self::Fetch(_) | Self::Folder(_) | Self::Debian(_) | Self::Files(_) | Self::Choice(_) => (&[], None),
            Self::Compose { layers } => (layers, None),
            Self::Run(run) => (&run.root, run.emulator.as_ref()),
        };
        layers.iter().map(|layer| &layer.input).chain(emulator)
    }

    /// Gives back the room for what is not there: a graph holds many short lists.
    pub(crate) fn fit(&mut self) {
        match self {
            Self::Fetch(_) | Self::Folder(_) | Self::Debian(_) | Self::Files(_) => {}
            Self::Compose { layers } => layers.shrink_to_fit(),
            Self::Run(run) => {
                run.root.shrink_to_fit();
                run.command.shrink_to_fit();
                run.env.fit();
            }
            Self::Choice(choice) => choice.options.shrink_to_fit(),
        }
    }

    /// Gives every node that this one names another number.
    pub fn renumber(&mut self, number: impl Fn(NodeId) -> NodeId) {
        let (layers, emulator, options): (&mut [Layer], _, &mut [_]) = match self {
            Self::Fetch(_) | Self::Folder(_) | Self::Debian(_) | Self::Files(_) => return,
            Self::Compose { layers } => (layers, None, &mut []),
            Self::Run(run) => (&mut run.root, run.emulator.as_mut(), &mut []),
            Self::Choice(choice) => (&mut [], None, &mut choice.options),
        };
        for input in layers.iter_mut().map(|layer| &mut layer.input).chain(emulator) {
            input.node = number(input.node);
        }
        for (_, node) in options {
            *node = number(*node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_says_that_it_has_dpkgs_records_only_where_it_has() {
        let without = r#"{"suite":"trixie","packages":{"amd64":["gcc"]}}"#;
        let mut root: DebianRoot = serde_json::from_str(without).unwrap();
        assert!(!root.database);
        assert_eq!(serde_json::to_string(&root).unwrap(), without);
        root.database = true;
        let text = serde_json::to_string(&root).unwrap();
        assert_eq!(text, without.replace("]}}", r#"]},"database":true}"#));
        assert_eq!(serde_json::from_str::<DebianRoot>(&text).unwrap(), root);
    }
}
