//! How a command begins in a container.
//!
//! Where the root has a shell, that is the container's first process: both streams of what the command says become one,
//! what Docker put into the root goes, addresses are not random, and the environment is the action's alone. The command
//! is a process of its own, since the kernel keeps most signals from the first one; what the shell says of how it ended
//! is nobody's business.
//!
//! Programs of another architecture have none of this machine's shells to begin with: there, `brought` does the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use xb_core::TreeId;
use xb_graph::{MissingDirectory, ResolvedAction};
use xb_run::{SHELL, has_shell};
use xb_store::Contents;

use crate::brought::Brought;
use crate::folders::{OfDocker, of_docker};

/// What Docker sets in every environment.
const DOCKERS: [&str; 2] = ["PATH", "HOSTNAME"];

/// The time of all that is in a root.
pub const MTIME: u32 = 1;

/// What whoever starts the first process sets, where it is not set.
const HOME: &str = "HOME";

/// How many files a command may have open until it asks for more.
pub const FILES: u64 = 4096;

/// How large its stack may get until it asks for more, in bytes.
pub const STACK: u64 = 8 << 20;

/// The exit code of what cannot be started, as a shell has it.
pub const NOT_FOUND: i32 = 127;

/// What begins a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first process and its arguments.
    pub words: Vec<String>,
    /// Where it begins.
    pub folder: String,
    /// Its environment, as Docker is told: a name without a value is not set.
    pub env: Vec<String>,
    /// What is brought along, where that begins it.
    pub brought: Option<Brought>,
}

impl Start {
    /// How an action begins, with so many jobs.
    ///
    /// # Errors
    /// When a directory is not in the store.
    pub fn new(action: &ResolvedAction, jobs: u32, store: &dyn Contents) -> Result<Self, MissingDirectory> {
        let (words, folder) = match has_shell(action.root, store)? {
            true => (prepared(action, jobs, store)?, "/".to_owned()),
            false => (action.command.clone(), format!("/{}", action.cwd)),
        };
        Ok(Self { words, folder, env: env(action, jobs), brought: None })
    }
}

/// The shell, what it is given, and then the command: by way of `env`, which knows no names that it does not like.
fn prepared(action: &ResolvedAction, jobs: u32, store: &dyn Contents) -> Result<Vec<String>, MissingDirectory> {
    // `env` would take such a program for a variable.
    let is_program = action.command.first().is_some_and(|program| !program.contains('='));
    let exact = ["env", "-i"].map(str::to_owned).into_iter().chain(variables(action, jobs));
    let exact: Vec<_> = exact.take_while(|_| is_program).collect();
    let script = script(action, exact.len(), store)?;
    let shell = [&format!("/{SHELL}"), "-c", &script, "xb", action.cwd.as_str()].map(str::to_owned);
    Ok(shell.into_iter().chain(exact).chain(action.command.iter().cloned()).collect())
}

/// What the shell does. What it uses beside itself may be lacking: of what comes before the command, so many words are
/// of use only where there is `env`.
fn script(action: &ResolvedAction, words: usize, store: &dyn Contents) -> Result<String, MissingDirectory> {
    let mut script = "exec 3>&1 >/dev/null 2>&1\numask 022\n".to_owned();
    script += &clean(action.root, store)?;
    let _ = write!(script, "ulimit -S -n {FILES}\nulimit -S -s {}\n", STACK >> 10);
    script += "cd \"/$1\" || { echo \"xb: cannot enter the working folder\" >&3; exit 127; }\nshift\nunset OLDPWD\n";
    if !action.env.contains_key(HOME) {
        let _ = writeln!(script, "unset {HOME}");
    }
    let _ = writeln!(script, "command -v env || shift {words}");
    script += "command -v setarch && setarch -R true && set -- setarch -R \"$@\"\n";
    script += "(exec \"$@\") >&3 2>&3 3>&-\nexit $?\n";
    Ok(script)
}

/// Removes what Docker put into a root.
fn clean(root: TreeId, store: &dyn Contents) -> Result<String, MissingDirectory> {
    let (files, folder) = of_docker(root, store)?;
    let files = format!("rm -f /{}\n", files.join(" /"));
    Ok(match folder {
        OfDocker::All(folder) => format!("{files}rmdir /{folder}\n"),
        OfDocker::Inside(folder) => format!("{files}touch -d @{MTIME} /{folder}\n"),
    })
}

fn env(action: &ResolvedAction, jobs: u32) -> Vec<String> {
    let unset = DOCKERS.into_iter().filter(|name| !action.env.contains_key(*name)).map(str::to_owned);
    variables(action, jobs).into_iter().chain(unset).collect()
}

fn variables(action: &ResolvedAction, jobs: u32) -> Vec<String> {
    environment(action, jobs).iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// What a command finds in its environment: what an action says itself of jobs is part of its key.
pub fn environment(action: &ResolvedAction, jobs: u32) -> BTreeMap<String, String> {
    let mut env = action.env.clone();
    env.entry("jobs".to_owned()).or_insert_with(|| jobs.to_string());
    env
}
