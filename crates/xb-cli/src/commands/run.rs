//! `xb run`: a command of a result, in a sandbox of the result's architecture.

use xb_core::RelPath;
use xb_graph::{Conflict, Input, Layer, Run};

use super::sandbox::{Opened, open};
use crate::args::RunArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// Variables of a build that a program that runs may see, too.
const KEPT: [&str; 5] = ["PATH", "HOME", "TMPDIR", "LC_ALL", "TZ"];

/// Runs the command.
///
/// # Errors
/// When the package cannot be built, or the command fails.
pub fn run(here: &Invocation, args: &RunArgs) -> Result<(), Failure> {
    let opened = open(here, &args.one)?;
    let run = with_result(&opened, opened.own()?);
    let action = opened.action(&args.one.work, &run)?;
    opened.enter(&action, &args.command, false)
}

/// The root of the package's build with the result in place of the source.
fn with_result(opened: &Opened, run: &Run) -> Run {
    let mut run = run.clone();
    run.root.retain(|layer| layer.at.is_root());
    run.root.push(Layer {
        input: Input { node: opened.target.build, output: "out".into() },
        at: RelPath::root(),
        select: None,
        conflict: Conflict::Replace,
        name: opened.target.id.package.as_str().into(),
    });
    run.env.retain(|name| KEPT.contains(&name));
    run.cwd = RelPath::root();
    run.outputs = Default::default();
    run
}
