//! What somebody wants to have run, as an executor takes it.

use std::collections::{BTreeMap, HashSet};

use bazel_remote_apis::build::bazel::remote::execution::v2::{Action, Command, Digest, Platform};
use xb_core::{ActionId, Arch, RelPath, TreeId};
use xb_graph::{Limits, Method, ResolvedAction};
use xb_run::clash;

use super::Trouble;
use crate::Shelf;
use crate::shelf::{Name, blob};

/// Nobody wants outputs whose paths, from the root, are longer than this together, in bytes.
const MOST_PATHS: usize = 32 << 20;

/// No action or command is longer, in bytes: Linux starts no program with more than 6 MiB of arguments and environment.
const MOST_MESSAGE: u64 = 6 << 20;

/// An order, of which everything was looked at but the tree of its inputs.
#[derive(Debug)]
pub(super) struct Order {
    /// The action; its outputs are named as whoever wants them has called them, and it has no root yet.
    pub action: ResolvedAction,
    /// As what the outputs were asked for.
    pub asked: Asked,
    /// What the root is called.
    pub root: Digest,
    /// Whether what it leaves may be remembered.
    pub is_kept: bool,
}

/// As what outputs were asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// As whatever lies there.
    Paths,
    /// As folders, those that are named here, and as files, all others: so asks who speaks the API of before 2.1.
    Kinds(HashSet<String>),
}

impl Order {
    /// Reads the action of a digest, and its command, for a machine of an architecture.
    pub fn read(shelf: &Shelf, named: &Digest, arch: Arch, limits: &Limits) -> Result<Self, Trouble> {
        let action: Action = message(shelf, named)?;
        let wanted = action.command_digest.as_ref().ok_or_else(|| wrong("the action names no command"))?;
        let command: Command = message(shelf, wanted)?;
        let root = action.input_root_digest.ok_or_else(|| wrong("the action names no root"))?;
        #[expect(deprecated, reason = "older clients tell the platform here")]
        let platforms = [&action.platform, &command.platform];
        platforms.into_iter().flatten().try_for_each(|platform| suits(platform, arch))?;
        check(&command)?;
        let cwd = RelPath::normalise(&command.working_directory).map_err(|error| wrong(&error.to_string()))?;
        let mut limits = limits.clone();
        if let Some(timeout) = &action.timeout {
            let seconds = u64::try_from(timeout.seconds).unwrap_or(0) + u64::from(timeout.nanos > 0);
            // None is as long as everybody has.
            limits.seconds = if seconds > 0 { seconds.min(limits.seconds) } else { limits.seconds };
        }
        #[expect(deprecated, reason = "older clients tell the outputs here")]
        let asked = match command.output_paths.is_empty() {
            true => Asked::Kinds(command.output_directories.iter().cloned().collect()),
            false => Asked::Paths,
        };
        let outputs = outputs(&cwd, &command)?;
        if let Some((inside, outer)) = clash(&outputs) {
            return Err(wrong(&format!("the output `{inside}` lies in the output `{outer}`")));
        }
        let resolved = ResolvedAction {
            id: ActionId(xb_core::Digest::of(named.hash.as_bytes())),
            command_bytes: Vec::new(),
            action_bytes: Vec::new(),
            root: TreeId(xb_core::Digest::of(b"")),
            layers: Vec::new(),
            title: title(&command),
            outputs,
            command: command.arguments,
            env: command.environment_variables.into_iter().map(|variable| (variable.name, variable.value)).collect(),
            cwd,
            platform: arch,
            method: Method::Native,
            limits,
            emulator: None,
            step: "build".to_owned(),
        };
        Ok(Self { action: resolved, asked, root, is_kept: !action.do_not_cache })
    }
}

/// Refuses what no program can be started with.
fn check(command: &Command) -> Result<(), Trouble> {
    if command.arguments.is_empty() {
        return Err(wrong("the command is empty"));
    }
    let variables = &command.environment_variables;
    if let Some(variable) = variables.iter().find(|variable| variable.name.is_empty() || variable.name.contains('=')) {
        return Err(wrong(&format!("`{}` is no name of a variable", variable.name)));
    }
    let words = variables.iter().flat_map(|variable| [&variable.name, &variable.value]).chain(&command.arguments);
    match words.into_iter().any(|word| word.contains('\0')) {
        true => Err(wrong("a NUL is in an argument, or in a variable")),
        false => Ok(()),
    }
}

fn wrong(why: &str) -> Trouble {
    Trouble::Wrong(why.to_owned())
}

/// A message that is here, and is what its digest says.
fn message<M: prost::Message + Default>(shelf: &Shelf, named: &Digest) -> Result<M, Trouble> {
    let blob = blob(named).ok_or_else(|| wrong("a digest is no SHA-256"))?;
    if blob.size > MOST_MESSAGE {
        return Err(wrong("the action, or its command, is too long"));
    }
    let bytes = shelf.bytes(Name::blob(blob.sha256), blob.size)?;
    let bytes = bytes.filter(|bytes| bytes.len() as u64 == blob.size);
    let bytes = bytes.ok_or_else(|| Trouble::Lacks(vec![named.clone()]))?;
    M::decode(&*bytes).map_err(|error| wrong(&format!("{} cannot be read: {error}", named.hash)))
}

/// A machine is of one architecture and runs Linux; what else somebody wants of it nobody can promise.
fn suits(platform: &Platform, arch: Arch) -> Result<(), Trouble> {
    let isa = match arch {
        Arch::Amd64 => ["amd64", "x86-64", "x86_64"],
        Arch::Arm64 => ["arm64", "aarch64", "armv8"],
    };
    for property in &platform.properties {
        let is_so = match property.name.to_ascii_lowercase().as_str() {
            "osfamily" => property.value.eq_ignore_ascii_case("linux"),
            "isa" | "arch" => isa.contains(&property.value.to_ascii_lowercase().as_str()),
            _ => false,
        };
        if !is_so {
            let (name, value) = (&property.name, &property.value);
            return Err(wrong(&format!(
                "a worker with `{name}` = `{value}` is asked for, and this one has `OSFamily` = `linux` and `ISA` = \
                 `{arch}` and nothing else"
            )));
        }
    }
    Ok(())
}

/// The outputs by what they are called, from the working folder.
fn outputs(cwd: &RelPath, command: &Command) -> Result<BTreeMap<String, RelPath>, Trouble> {
    #[expect(deprecated, reason = "older clients tell the outputs here")]
    let asked = match command.output_paths.is_empty() {
        true => command.output_directories.iter().chain(&command.output_files),
        false => command.output_paths.iter().chain(&[]),
    };
    let paths: usize = asked.clone().map(|asked| cwd.as_str().len() + asked.len()).sum();
    if paths > MOST_PATHS {
        return Err(wrong(&format!("the paths of its outputs are {paths} bytes long, and {MOST_PATHS} are allowed")));
    }
    let placed = asked.map(|asked| match RelPath::normalise(&format!("{cwd}/{asked}")) {
        Ok(path) => Ok((asked.clone(), path)),
        Err(error) => Err(wrong(&format!("`{asked}` is no place of an output: {error}"))),
    });
    placed.collect()
}

/// What errors call it: its program and the first of its arguments.
fn title(command: &Command) -> String {
    const LONGEST: usize = 60;
    let words = command.arguments.join(" ");
    let line = words.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
    format!("`{}`", &line[..end])
}
