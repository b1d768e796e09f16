//! How a command ended, and what that means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xb_core::RelPath;
use xb_graph::{Cause, ResolvedAction};

use crate::classify::{Ending, classify};

/// The exit code of what had to be killed: that of `SIGKILL` in a shell.
pub const KILLED: i32 = 137;

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
    /// The limit that it was killed for.
    pub exceeded: Option<Exceeded>,
    /// The largest resident memory of all processes together that was seen, in bytes.
    pub peak_memory: u64,
    /// Whether hardly anything could be written at some time.
    pub nearly_full: bool,
    /// Whether it ended because a file would have become larger than the limit.
    pub too_large_a_file: bool,
    /// The program of another architecture that was refused last.
    pub foreign: Option<String>,
    /// Where each output that exists really is, every link on the way followed.
    pub outputs: BTreeMap<String, RelPath>,
}

/// A limit that is watched while a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    /// Memory.
    Memory,
    /// Disk space.
    Disk,
    /// Processes and their threads.
    Processes,
}

/// Why the command of an action ended as it did; nothing is known of one that took too long.
pub fn cause(action: &ResolvedAction, ended: Option<&Ended>, log: &[u8]) -> Cause {
    let Some(ended) = ended else {
        return Cause::TimedOut;
    };
    match (ended.exceeded, ended.exit_code) {
        (Some(Exceeded::Memory), _) => Cause::OutOfMemory,
        (Some(Exceeded::Disk), _) => Cause::DiskFull,
        (None, _) if ended.too_large_a_file => Cause::DiskFull,
        (Some(Exceeded::Processes), _) => Cause::TooManyProcesses,
        (None, 0) => Cause::Success,
        (None, _) => classify(&Ending {
            foreign: ended.foreign.as_deref(),
            emulated: action.emulator.is_some(),
            is_check: action.step == "check",
            nearly_full: ended.nearly_full,
            log,
        }),
    }
}
