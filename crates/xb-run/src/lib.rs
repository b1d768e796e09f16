//! What all runs of actions have in common, wherever they run: the log, what the end of a command means, which outputs
//! there can be, the folders that a command finds, and the system calls that a sandbox refuses.
//!
//! Executors of every kind use these, so that an action sees and leaves the same everywhere.

pub mod calls;
mod clash;
mod classify;
mod ended;
mod entry;
pub mod filter;
mod folders;
mod foreign;
mod layers;
mod log;
mod shell;
mod told;

pub use clash::clash;
pub use ended::{Ended, Exceeded, KILLED, cause};
pub use entry::ENTRY;
pub use folders::{Unfurnished, furnished};
pub use foreign::foreign;
pub use layers::layers;
pub use log::Log;
pub use shell::{SHELL, has_shell};
pub use told::Told;

/// The name of every sandbox's machine.
pub const HOST_NAME: &str = "xb";

/// Of what is left out of an output, no more is named.
pub const MOST_LEFT_OUT: usize = 10;

/// The line of a log that tells what is left out of an output.
pub fn is_left_out(path: &str) -> String {
    format!("[xb: `/{path}` is no file, folder or link, and is left out]\n")
}
