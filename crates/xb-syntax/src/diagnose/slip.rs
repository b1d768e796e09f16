//! The usual slips of the pen.

use xb_core::{Diagnostic, Span};

use super::{Place, words};
use crate::codes;
use crate::grammar::Rule;
use crate::scan::Opener;

/// `;` anywhere.
pub(super) fn semicolon(place: &Place<'_>) -> Option<Diagnostic> {
    (place.token() == ";").then(|| {
        Diagnostic::error(codes::SEMICOLON, "`;` separates nothing in xb")
            .label(place.here(), "this `;`")
            .help("remove it: fields and items are separated by newlines or commas")
    })
}

/// `f (x)`.
pub(super) fn spaced_call(place: &Place<'_>) -> Option<Diagnostic> {
    let calls = place.whole.spaced_calls.iter().copied();
    let at = calls.filter(|at| *at <= place.at).find(|at| !is_head(&place.text[..*at]))?;
    let callee = place.text[..at].trim_end();
    let start = callee.rfind(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c)).map_or(0, |end| end + 1);
    let callee = &callee[start..];
    Some(apart(place.span(at, 1), callee))
}

/// A `(` that stands apart from what it calls.
pub(super) fn apart(span: Span, callee: &str) -> Diagnostic {
    Diagnostic::error(codes::CALL_SPACE, "a space before the arguments of a call")
        .label(span, "this `(` stands apart from what it calls")
        .help(format!("write `{callee}(...)` without the space"))
}

/// Whether the text ends with `package name`.
fn is_head(before: &str) -> bool {
    let name = before.trim_end();
    let start = name.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    start.trim_end().ends_with("package")
}

/// `a: 1` and `a == 1` where `a = 1` is meant.
pub(super) fn field_sign(place: &Place<'_>) -> Option<Diagnostic> {
    let typed = place.wants(Rule::r#type) || place.wants(Rule::type_list) || place.wants(Rule::type_op);
    if place.rest().starts_with("==") && is_key(place.line_prefix()) {
        return Some(sign(place, place.at, "=="));
    }
    let prefix = place.prefix();
    let colon = prefix.rfind(':').filter(|_| typed)?;
    (prefix.len() - colon < 200).then(|| sign(place, colon, ":"))
}

fn sign(place: &Place<'_>, at: usize, sign: &str) -> Diagnostic {
    let note = match sign {
        ":" => "after `:` stands a type: `name: Type = value`",
        _ => "`==` compares",
    };
    Diagnostic::error(codes::FIELD_SIGN, format!("a value is given by `=`, not by `{sign}`"))
        .label(place.span(at, sign.len()), "here")
        .note(note)
        .help("write `name = value`")
}

/// Whether a line up to some place is nothing but a name that could be given a value there.
fn is_key(line: &str) -> bool {
    let key = line.rsplit(['{', ',']).next().unwrap_or(line).trim();
    let key = key.strip_prefix("let ").unwrap_or(key).trim_matches('"');
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
}

/// `package p(arch): {`, `package p(arch) = {`.
pub(super) fn after_parameters(place: &Place<'_>) -> Option<Diagnostic> {
    let after = place.rest().strip_prefix(')')?;
    let blank = after.len() - after.trim_start().len();
    let open = place.innermost().filter(|open| is_head(&place.text[..open.at]))?;
    let start = place.at + 1 + blank;
    let sign = ["=>", ":", "="].into_iter().find(|sign| place.text[start..].starts_with(sign))?;
    let message = format!("expected `{{` after the parameters of a package, found `{sign}`");
    let head = &place.text[..=place.at];
    let head = head[..open.at].rfind("package").map_or(head, |at| &head[at..]);
    Some(
        Diagnostic::error(codes::UNEXPECTED, message)
            .label(place.span(start, sign.len()), "remove this")
            .help(format!("write `{head} {{ ... }}`")),
    )
}

/// A keyword where a name must be.
pub(super) fn keyword(place: &Place<'_>) -> Option<Diagnostic> {
    let word = place.token();
    let name = place.wants(Rule::name) || place.wants(Rule::binding);
    (name && words::is_keyword(word) && !place.wants_operand() && !place.after_operand()).then(|| {
        Diagnostic::error(codes::KEYWORD, format!("`{word}` is a keyword and cannot be a name"))
            .label(place.here(), "a name is expected here")
            .help(format!("choose another name, such as `{word}_`"))
    })
}

/// Two values side by side in a list or in arguments.
pub(super) fn separator(place: &Place<'_>) -> Option<Diagnostic> {
    let open = place.innermost()?;
    let what = match open.opener {
        Opener::List => "items of a list",
        Opener::Group => "arguments",
        _ => return None,
    };
    (place.after_operand() && place.begins_operand()).then(|| {
        Diagnostic::error(codes::MISSING_SEPARATOR, format!("{what} need a comma between them"))
            .label(place.here(), "a comma is missing before this")
            .label(place.span(open.at, 1), "inside this")
            .help("write `,` between the two")
    })
}

/// `f x` where `f(x)` is meant.
pub(super) fn application(place: &Place<'_>) -> Option<Diagnostic> {
    let line = place.line_prefix();
    let callee = line.trim_end();
    let apart = callee.len() < line.len();
    let named = callee.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (apart && named && place.after_operand() && place.begins_operand()).then(|| side_by_side(place.here()))
}

/// A value that follows another on its line.
pub(super) fn side_by_side(span: Span) -> Diagnostic {
    Diagnostic::error(codes::CALL_SPACE, "two values stand side by side")
        .label(span, "this does not continue what is before it")
        .help("a call needs parentheses, `f(x)`; fields and items need a newline or a comma")
}

/// `a = 1` outside of any record.
pub(super) fn binding_without_let(place: &Place<'_>) -> Option<Diagnostic> {
    let outside = place.innermost().is_none();
    (outside && place.token() == "=" && is_key(place.line_prefix())).then(|| {
        let name = place.line_prefix().trim();
        Diagnostic::error(codes::UNEXPECTED, "a name is bound by `let`")
            .label(place.here(), "nothing to give a value to")
            .help(format!("write `let {name} = ...`"))
    })
}

/// An item that is no item because a value stands before it.
pub(super) fn late_item(place: &Place<'_>) -> Option<Diagnostic> {
    let item = matches!(place.token(), "use" | "let" | "package" | "release");
    let outside = place.innermost().is_none() && place.after_operand();
    (item && outside).then(|| {
        Diagnostic::error(codes::ITEM_AFTER_VALUE, "an item follows the value of the file")
            .label(place.here(), "this item")
            .note("a file is items and then at most one expression, its value")
            .help("put the value last, or name it with `let`")
    })
}

/// Characters that mean nothing.
pub(super) fn character(place: &Place<'_>) -> Option<Diagnostic> {
    let character = place.rest().chars().next()?;
    let help = match character {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '`' => "strings stand in `\"`",
        '&' => "\"and\" is written `&&`",
        '|' => "\"or\" is written `||`; an arm of a `match` that starts with `-` follows a comma",
        '$' => "interpolation, `${name}`, stands in strings; outside write the name alone",
        '@' | '^' | '~' | '\\' => "remove it",
        '\u{a0}' | '\u{feff}' | '\u{200b}' => "this is an invisible character: remove it or write a blank",
        _ if !character.is_ascii() || character.is_control() => {
            "outside of strings and comments, xb is written in ASCII"
        }
        _ => return None,
    };
    let shown = character.escape_debug();
    Some(
        Diagnostic::error(codes::CHARACTER, format!("`{shown}` means nothing here"))
            .label(place.here(), "this character")
            .help(help),
    )
}
