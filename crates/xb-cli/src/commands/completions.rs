//! `xb completions`: what a shell reads to complete arguments.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::failure::Failure;
use crate::output::print_bytes;

/// Runs the command.
///
/// # Errors
/// When the standard output cannot be written to.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "xb", &mut script);
    print_bytes(&mut script.as_slice())
}
