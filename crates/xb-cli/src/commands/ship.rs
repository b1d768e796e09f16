//! `xb ship`: what people install.

use xb_eval::Product;

use super::build::{Again, Job};
use crate::args::ShipArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::request::Request;

/// Runs the command.
///
/// # Errors
/// When something could not be built, packed or installed.
pub fn run(here: &Invocation, args: &ShipArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &args.wanted.targets, &args.wanted.how)?;
    let job = Job {
        request: Request { product: Product::Shipped, ..request },
        work: &args.wanted.work,
        manners: args.wanted.lock,
        checks: !args.no_check,
        again: if args.rebuild { Again::Builds } else { Again::Nothing },
        sharing: args.wanted.sharing(),
        json: args.json,
    };
    let out = args.out.as_ref().map(|out| here.folder.join(out));
    job.run(here, out.as_deref())
}
