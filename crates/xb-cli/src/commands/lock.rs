//! `xb lock`: the digests of everything that comes from outside, written down.

use xb_core::Arch;

use crate::args::{How, LockArgs};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::project::{LOCK_NAME, Project, xb_files};
use crate::request::{Request, host};
use crate::session::Session;
use crate::size::count;
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When something cannot be found, or the lock must not change.
pub fn run(here: &Invocation, args: &LockArgs) -> Result<(), Failure> {
    let how = everywhere(&args.how);
    let request = Request::new(&here.folder, &typed(here, args)?, &how)?;
    let store = open_store(&request.project.config)?;
    let project = request.project.clone();
    let session = Session::new(here, project, store, host()?, args.lock)?;
    if let Some(names) = &args.update {
        let changes = session.block_on_unless_interrupted(session.sources.update(names))??;
        changes.iter().try_for_each(|(what, old, new)| print_line(format_args!("{what}: {old} -> {new}")))?;
        if changes.is_empty() && !here.is_quiet() {
            say("everything is up to date");
        }
    }
    let emission = emit(&request)?;
    let nodes = || emission.graph.nodes().map(|(_, node)| node);
    let missing = session.sources.missing(nodes());
    session.complete(&emission.graph)?;
    session.progress.close();
    if !here.is_quiet() {
        say(match missing.len() {
            0 => format!("`{LOCK_NAME}` has everything"),
            number => format!("`{LOCK_NAME}`: {} added", count(number, "entry")),
        });
    }
    Ok(())
}

/// A lock serves every architecture, unless told otherwise.
fn everywhere(how: &How) -> How {
    let mut how = how.clone();
    if how.arch.is_empty() {
        how.arch = Arch::ALL.to_vec();
    }
    how
}

/// The targets; where the working folder is no package itself, every file of the project.
fn typed(here: &Invocation, args: &LockArgs) -> Result<Vec<String>, Failure> {
    let default = ["."];
    if args.targets != default || Request::new(&here.folder, &args.targets, &args.how).is_ok() {
        return Ok(args.targets.clone());
    }
    let project = Project::of(&here.folder)?;
    let files = xb_files(&[project.folder])?;
    Ok(files.into_iter().map(|file| file.display().to_string()).collect())
}
