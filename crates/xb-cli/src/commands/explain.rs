//! `xb explain`: what an error code means, with an example.

use xb_core::nearest;
use xb_syntax::Explained;

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output::{print_line, style, styled};

/// Runs the command.
///
/// # Errors
/// When there is no such code.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    match &args.code {
        Some(code) => explain(code),
        None => list(),
    }
}

/// Every code of the language, in order.
fn codes() -> Vec<&'static Explained> {
    let mut codes: Vec<_> = xb_syntax::CODES.iter().chain(xb_eval::CODES).collect();
    codes.sort_by_key(|explained| explained.code);
    codes
}

fn explain(code: &str) -> Result<(), Failure> {
    let wanted = code.trim().to_ascii_uppercase();
    let codes = codes();
    let found = codes.iter().find(|explained| explained.code.0 == wanted);
    let Some(explained) = found else {
        return Err(unknown(&wanted, &codes));
    };
    let title = format!("{}: {}", explained.code, explained.title);
    print_line(format_args!("{}\n\n{}", styled(style::STRONG, title), explained.text.trim()))
}

fn unknown(wanted: &str, codes: &[&Explained]) -> Failure {
    let failure = Failure::user(format!("there is no code `{wanted}`"));
    match nearest(wanted, codes.iter().map(|explained| explained.code.0)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`? `xb explain` lists all of them")),
        None => failure.help("`xb explain` lists all of them"),
    }
}

fn list() -> Result<(), Failure> {
    codes().iter().try_for_each(|explained| print_line(format_args!("{}  {}", explained.code, explained.title)))
}
