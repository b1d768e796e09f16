//! `xb log`: the log of the last time that a package was built or checked.

use std::io::{IsTerminal, Read};

use xb_graph::Method;
use xb_store::Contents;

use crate::args::{How, LogArgs};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::logs::last_run;
use crate::output::{print_bytes, print_line, printable};
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
    let graph = &emit(&request)?.graph;
    for target in &graph.targets {
        let last = last_run(&store, &request.project, graph, target, step, args.method)?;
        if let Some(log) = last.and_then(|last| last.log)
            && let Ok(mut file) = store.open_content(log)
        {
            print_log(&mut file)?;
            printed = true;
        }
    }
    if printed {
        return Ok(());
    }
    let arch = request.one_arch()?;
    let by = args.method.map(|method| format!(" by {method}")).unwrap_or_default();
    let failure = Failure::user(format!("there is no log of the {step} of `{}` for {arch}{by}", args.target));
    let method = match args.method {
        None | Some(Method::Native) => "",
        Some(Method::Cross) => " --method cross",
        Some(Method::Emulate) => " --method emulate",
        Some(Method::PureEmulate) => " --method emulate --pure-emulation",
    };
    Err(failure.help(format!("`xb build {} --arch {arch}{method}` makes one; `--arch` asks for another", args.target)))
}

/// Bytes as they are, but for a terminal, which they could drive.
fn print_log(log: &mut dyn Read) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        return print_bytes(log);
    }
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes).map_err(|error| Failure::environment(format!("cannot read the log: {error}")))?;
    String::from_utf8_lossy(&bytes).lines().try_for_each(|line| print_line(printable(line)))
}
