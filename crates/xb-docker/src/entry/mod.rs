//! The first process of a container whose programs are of another architecture: this program itself, started there.
//!
//! It is for such a container what init is for a sandbox. It needs nothing of the root: the loader and the libraries by
//! which it runs are those that it runs by here, and they lie in a folder beside it, with the emulator and with what is
//! to be done (`brought`). When all of that is open or in memory, and the command's process waits for its answer before
//! it executes anything, it removes the folder, and what Docker put into the root: the command finds the root as it is.

mod clean;
mod command;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::exit;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Pid, WaitOptions, set_dumpable_behavior, umask, waitpid};
use serde::{Deserialize, Serialize};
use xb_core::{Arch, RelPath};
use xb_interpose::emulator::cpu;
use xb_interpose::{Broken, Fork, Interposer, Means, Tried, exit_code, fork};

/// The first argument that makes a program with the executor the first process of a container; the folder follows.
pub const ARGUMENT: &str = "__container";

/// The file in the folder that says what is to be done.
pub const TASK: &str = "task";

/// The exit code where programs cannot be emulated: then the folder is still there.
const BROKEN: i32 = 125;

/// What is to be done in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Whose programs are emulated.
    pub arch: Arch,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub cwd: RelPath,
    /// What Docker put into the root.
    pub dockers: Dockers,
}

/// What Docker put into a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dockers {
    /// Files.
    pub files: Vec<String>,
    /// The folder of most of them.
    pub folder: String,
    /// Whether that is there because of them.
    pub is_theirs: bool,
}

/// Becomes the first process of a container when the program was started as one; returns at once otherwise.
///
/// Among the first things that `main` of a program with a [`DockerExecutor`](crate::DockerExecutor) does.
pub fn maybe_run_as_entry() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == ARGUMENT) {
        exit(
            run(&PathBuf::from(words.next().unwrap_or_default()))
                .unwrap_or_else(|broken| command::say(&broken, BROKEN)),
        )
    }
}

fn run(folder: &Path) -> Result<i32, Broken> {
    // The command may not look into this process, which has the same user and the same rights.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).tried("hide from the command")?;
    umask(Mode::from_raw_mode(0o022));
    let task = fs::read(folder.join(TASK)).tried("read what to do")?;
    let task: Task = serde_json::from_slice(&task).tried("read what to do")?;
    let model = cpu(task.arch);
    let means = Means::open(task.arch, folder.display().to_string(), model.to_owned(), Some(model));
    let means = means.tried("open the emulator")?;
    may_trace()?;
    let (interposer, line) = Interposer::new(vec![means], None)?;
    match fork().tried("start the command's process")? {
        Fork::Child => exit(command::execute(&task, line)),
        Fork::Parent(command) => {
            drop(line);
            follow(interposer, command, folder, &task.dockers)
        }
    }
}

/// Whether the machine lets a process trace those that it has started: that takes no privilege unless somebody says so.
fn may_trace() -> Result<(), Broken> {
    const SCOPE: &str = "/proc/sys/kernel/yama/ptrace_scope";
    const DESCENDANTS: u32 = 1;
    let scope = fs::read_to_string(SCOPE).ok().and_then(|scope| scope.trim().parse().ok()).unwrap_or(0);
    match scope {
        0..=DESCENDANTS => Ok(()),
        scope => {
            Err(Broken(format!("the machine lets nobody trace programs: its `kernel.yama.ptrace_scope` is {scope}")))
        }
    }
}

/// Answers until the command has ended, and gives its exit code.
fn follow(mut interposer: Interposer, command: Pid, folder: &Path, dockers: &Dockers) -> Result<i32, Broken> {
    if let Err(broken) = interposer.begin() {
        // A process that did not come as far has said why.
        let ended = waitpid(Some(command), WaitOptions::empty()).ok().flatten();
        return ended.map(|(_, status)| exit_code(status)).ok_or(broken);
    }
    clean::root(dockers);
    fs::remove_dir_all(folder).tried(format_args!("remove `{}`", folder.display()))?;
    Ok(exit_code(interposer.answer_until(command)?))
}
