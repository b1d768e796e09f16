//! What every command works with: where it was started, and how much it says.

use std::path::PathBuf;

use crate::args::Global;
use crate::failure::Failure;
use crate::progress::Verbosity;
use crate::project::canonical;

/// How xb was called, apart from the command.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The folder that typed paths are relative to.
    pub folder: PathBuf,
    /// How much is said.
    pub verbosity: Verbosity,
}

impl Invocation {
    /// From the options of every command.
    ///
    /// # Errors
    /// When the folder of `--directory` does not exist, or the working folder is gone.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::environment(format!("the working folder cannot be found: {error}")))?;
        let folder = match &global.directory {
            Some(folder) => canonical(&here.join(folder))?,
            None => here,
        };
        Ok(Self { folder, verbosity: verbosity(global) })
    }

    /// Whether remarks beside the result are wanted.
    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }
}

fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}
