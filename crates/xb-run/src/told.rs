//! What a server of ours tells of a run beside what the Remote Execution API has words for.

use serde::{Deserialize, Serialize};
use xb_graph::Cause;

/// What is told of a run that ended: JSON, as auxiliary metadata of the API's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Why it ended so, as far as the server knows.
    pub cause: Cause,
    /// The most memory of all processes together that was seen, in bytes.
    pub peak_memory: u64,
    /// What the outputs had and trees cannot hold.
    #[serde(default)]
    pub left_out: Vec<String>,
}

impl Told {
    /// How metadata of this kind is told from others.
    pub const TYPE: &str = "xb/ended-v1";

    /// The cause, where it is one that nobody can see from outside of the sandbox.
    pub fn seen_inside(&self) -> Option<&Cause> {
        match self.cause {
            Cause::OutOfMemory
            | Cause::TooManyProcesses
            | Cause::DiskFull
            | Cause::ForeignProgram { .. }
            | Cause::MissingOutput { .. }
            | Cause::RefusedOutput { .. } => Some(&self.cause),
            Cause::Success
            | Cause::Failed
            | Cause::CompileError
            | Cause::EmulatorLacks { .. }
            | Cause::TimedOut
            | Cause::TestFailure
            | Cause::ForeignCode { .. }
            | Cause::Cancelled => None,
        }
    }
}
