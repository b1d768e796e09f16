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

fn explain(typed: &str) -> Result<(), Failure> {
    let wanted = typed.trim().to_ascii_uppercase();
    let codes = codes();
    let is_wanted = |code: &str| code == wanted || unpadded(&code[1..]) == unpadded(&wanted);
    let found = codes.iter().find(|explained| is_wanted(explained.code.0));
    let Some(explained) = found else {
        return Err(unknown(typed, &wanted, &codes));
    };
    let title = format!("{}: {}", explained.code, explained.title);
    print_line(format_args!("{}\n\n{}", styled(style::STRONG, title), indented(explained.text.trim())))
}

/// A number without the zeros before it.
fn unpadded(number: &str) -> &str {
    number.trim_start_matches('0')
}

/// The text with its examples set in, in place of the signs that enclose them.
fn indented(text: &str) -> String {
    let mut is_example = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        } else if is_example && !line.is_empty() {
            lines.push(format!("    {line}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

fn unknown(typed: &str, wanted: &str, codes: &[&Explained]) -> Failure {
    let failure = Failure::user(format!("there is no code `{typed}`"));
    match nearest(wanted, codes.iter().map(|explained| explained.code.0)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`? `xb explain` lists all of them")),
        None => failure.help("`xb explain` lists all of them"),
    }
}

fn list() -> Result<(), Failure> {
    codes().iter().try_for_each(|explained| print_line(format_args!("{}  {}", explained.code, explained.title)))
}
