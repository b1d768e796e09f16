//! `xb man`: the manual pages, made from the same words as the help.

use clap::CommandFactory;

use crate::args::{Cli, ManArgs};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::say;
use crate::project::without_dots;

/// Runs the command.
///
/// # Errors
/// When the pages cannot be written.
pub fn run(here: &Invocation, args: &ManArgs) -> Result<(), Failure> {
    let folder = without_dots(&here.folder.join(&args.folder));
    let failed = |error: std::io::Error| {
        Failure::environment(format!("cannot write manual pages to `{}`: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &folder).map_err(failed)?;
    if !here.is_quiet() {
        say(format!("manual pages are in `{}`", folder.display()));
    }
    Ok(())
}
