//! Brackets and strings that are not closed, or closed too often.

use xb_core::Diagnostic;

use super::Place;
use crate::codes;
use crate::scan::{Open, Opener};

/// A string that was cut off before the grammar stopped.
pub(super) fn cut_text(place: &Place<'_>) -> Option<Diagnostic> {
    let open = place.whole.cut.iter().find(|open| open.at <= place.at)?;
    let opening = open.opener.opening();
    let what = if open.opener.closing().len() == 3 { "a block string" } else { "a string" };
    let diagnostic = Diagnostic::error(codes::UNCLOSED_TEXT, format!("{what} is not closed"))
        .label(place.span(open.at, opening.len()), "opened here");
    Some(match open.opener {
        Opener::Line => diagnostic
            .note("a string in `\"` ends on its line")
            .help("close it with `\"`, or write text of several lines in `\"\"\"`"),
        Opener::ScriptLine => diagnostic
            .note("a script in `sh\"` ends on its line and at its first `\"`")
            .help("write a script of several lines, or with quotes in it, in `sh\"\"\"`"),
        _ => diagnostic.help("close it with `\"\"\"`"),
    })
}

/// A closing bracket that does not close what is open.
pub(super) fn stray_closing(place: &Place<'_>) -> Option<Diagnostic> {
    let closing = place.token();
    if !matches!(closing, ")" | "]" | "}") {
        return None;
    }
    match place.innermost() {
        Some(open) if open.opener.closing() == closing => None,
        Some(open) => Some(not_closed(place, open)),
        None => Some(
            Diagnostic::error(codes::STRAY_CLOSING, format!("this `{closing}` closes nothing"))
                .label(place.here(), "no bracket is open here")
                .help("remove it, or look for the missing opening bracket before it"),
        ),
    }
}

/// Something is open where the text ends, or where a field begins that cannot be inside of it.
pub(super) fn unclosed(place: &Place<'_>) -> Option<Diagnostic> {
    let open = place.innermost().filter(|open| !open.opener.is_text())?;
    let at_end = place.rest().trim().is_empty();
    let new_line = place.line_prefix().trim().is_empty();
    let balanced = place.whole.open.is_empty() && place.whole.stray.is_empty();
    let field = matches!(open.opener, Opener::List | Opener::Group) && new_line && !balanced;
    (at_end || field).then(|| not_closed(place, open))
}

fn not_closed(place: &Place<'_>, open: Open) -> Diagnostic {
    let opening = open.opener.opening();
    let closing = open.opener.closing();
    Diagnostic::error(codes::UNCLOSED, format!("`{opening}` is not closed"))
        .label(place.span(open.at, opening.len()), "opened here")
        .label(place.here(), format!("still open here, at {}", place.found()))
        .help(format!("put the missing `{closing}` before this place"))
}
