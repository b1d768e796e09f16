//! `xb explain`: what an error code means, with an example, and what a kind of finding means.

use xb_audit::FindingKind;
use xb_core::nearest;
use xb_syntax::Explained;

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output::{print_line, style, styled};

/// Runs the command.
///
/// # Errors
/// When there is no such code or kind.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    match &args.code {
        Some(typed) => match FindingKind::ALL.iter().find(|kind| kind.code() == typed.trim().to_ascii_lowercase()) {
            Some(kind) => explain_kind(*kind),
            None => explain(typed),
        },
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

fn explain_kind(kind: FindingKind) -> Result<(), Failure> {
    let title = format!("{kind}: {}", kind.title());
    let level = format!("It is `{}`, unless the package's field `audit` says otherwise.", kind.level());
    print_line(format_args!("{}\n\n{}\n\n{level}", styled(style::STRONG, title), kind.text().trim()))
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
    let failure = Failure::user(format!("there is no code or kind of finding `{typed}`"));
    let kinds = FindingKind::ALL.iter().map(|kind| kind.code());
    let meant =
        nearest(wanted, codes.iter().map(|explained| explained.code.0)).or_else(|| nearest(typed.trim(), kinds));
    match meant {
        Some(meant) => failure.help(format!("did you mean `{meant}`? `xb explain` lists all of them")),
        None => failure.help("`xb explain` lists all of them"),
    }
}

fn list() -> Result<(), Failure> {
    codes().iter().try_for_each(|explained| print_line(format_args!("{}  {}", explained.code, explained.title)))?;
    FindingKind::ALL.iter().try_for_each(|kind| print_line(format_args!("{kind}  {}", kind.title())))
}
