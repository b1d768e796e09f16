//! What an action left behind, as data: an executor classifies, the planner decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_core::{ContentId, TreeId};

/// What an action left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionResult {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
    /// The trees, by the outputs' names; an output that was not made is not here.
    pub outputs: BTreeMap<String, TreeId>,
    /// Standard output and standard error, as they came.
    pub log: Option<ContentId>,
    /// Why it ended so.
    pub cause: Cause,
    /// Wall time, in milliseconds.
    pub milliseconds: u64,
    /// The most memory of all processes together that was seen, in bytes: mapped, or held in files without a name.
    pub peak_memory: u64,
    /// Which executor ran it: `local`.
    pub executor: String,
    /// What the outputs had and trees cannot hold, pipes and sockets: some of them, by their paths beneath the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// The root that the command saw, where the result was kept: should a part of it turn out to be damaged, the result
    /// is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<TreeId>,
    /// Who vouches for it, by their public keys, where it was not made here: it counts only where their word does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vouched: Vec<String>,
}

/// Why a run ended as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// It did what it should.
    Success,
    /// The command failed, and nothing more is known.
    Failed,
    /// A compiler or linker reported an error.
    CompileError,
    /// A program of another architecture was started where nothing can run it.
    ForeignProgram {
        /// The program.
        program: String,
    },
    /// The emulator lacks a system call or an instruction.
    EmulatorLacks {
        /// What it said.
        what: String,
    },
    /// It used more memory than it may.
    OutOfMemory,
    /// It took longer than it may.
    TimedOut,
    /// It started more processes than it may.
    TooManyProcesses,
    /// It wrote more than it may.
    DiskFull,
    /// Tests ran and failed.
    TestFailure,
    /// A declared output was not made.
    MissingOutput {
        /// Its path.
        path: String,
    },
    /// An output holds what no tree can: a name that is not UTF-8, a path that is too long.
    RefusedOutput {
        /// The output's path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its result has code for another architecture.
    ForeignCode {
        /// The first file with such code, beneath the result.
        path: String,
        /// What the code is for.
        found: String,
    },
    /// Somebody asked for it to stop.
    Cancelled,
}

impl ActionResult {
    /// Whether it did what it should.
    pub fn succeeded(&self) -> bool {
        self.cause == Cause::Success
    }
}
