//! `xb log`: the log of the last time that a package was built or checked.

use xb_store::Contents;

use crate::args::{How, LogArgs};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::logs::last_run;
use crate::output::print_bytes;
use crate::request::Request;
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When there is no log.
pub fn run(here: &Invocation, args: &LogArgs) -> Result<(), Failure> {
    let how = How { arch: args.arch.into_iter().collect(), ..How::default() };
    let request = Request::new(&here.folder, std::slice::from_ref(&args.target), &how)?;
    let store = open_store(&request.project.config)?;
    let step = if args.check { "check" } else { "build" };
    let mut printed = false;
    for target in &emit(&request)?.graph.targets {
        let last = last_run(&store, &request.project, &target.package, target.arch, step)?;
        if let Some(log) = last.and_then(|last| last.log)
            && let Ok(mut file) = store.open_content(log)
        {
            print_bytes(&mut file)?;
            printed = true;
        }
    }
    if printed {
        return Ok(());
    }
    let arch = request.one_arch()?;
    Err(Failure::user(format!("there is no log of the {step} of `{}` for {arch}", args.target))
        .help(format!("`xb build {} --arch {arch}` makes one", args.target)))
}
