//! `xb test`: the checks of packages, run again.

use super::build::{Again, Job};
use crate::args::TestArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::request::Request;

/// Runs the command.
///
/// # Errors
/// When something could not be built, or a check failed.
pub fn run(here: &Invocation, args: &TestArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &args.wanted.targets, &args.wanted.how)?;
    let job = Job {
        request: Request { audit: request.project.config.audit, ..request },
        work: &args.wanted.work,
        manners: args.wanted.lock,
        checks: true,
        again: if args.cached { Again::Nothing } else { Again::Checks },
        sharing: args.wanted.sharing(),
        json: args.json,
    };
    job.run(here, None)
}
