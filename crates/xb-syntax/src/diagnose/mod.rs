//! From the place where the grammar stopped to something that helps a person.
//!
//! The usual slips are recognised one after another, each by a small function that looks at the text around
//! the place; what none of them knows is said in general: what was expected, what is there.

mod bracket;
mod foreign;
mod slip;
mod words;

use std::ops::Range;

use xb_core::{Diagnostic, FileId, Span};

use crate::codes;
use crate::grammar::{Rule, Stop};
use crate::scan::{self, Open, Scan};

pub(crate) use foreign::rec;

/// Too deep for the parser or for the tree.
pub(crate) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(codes::TOO_DEEP, "this is nested too deeply")
        .label(span, "the limit is reached here")
        .note("brackets nest 256 levels deep, chains of operators about a thousand")
        .help("bind parts of it to names with `let`")
}

/// Two things that follow each other on one line, with only what `between` holds between them.
pub(crate) fn not_separated(what: &str, text: &str, between: Range<usize>, before: Span, after: Span) -> Diagnostic {
    if text[..between.start].ends_with("inherit") {
        return foreign::otherwise(before, "`inherit`", foreign::INHERIT);
    }
    if text[..between.start].ends_with("import") {
        return foreign::otherwise(before, "`import`", foreign::IMPORT);
    }
    let line = text[..between.start].rsplit('\n').next().unwrap_or_default();
    if let Some(at) = line.rfind("//") {
        let start = before.end - u32::try_from(line.len() - at).unwrap_or(0);
        return foreign::slashes(Span::new(before.file, start, start + 2));
    }
    if text[between.end..].starts_with('(') {
        return slip::apart(Span::new(after.file, after.start, after.start + 1), "f");
    }
    let item = ["use ", "let ", "package ", "release "].iter().any(|word| text[between.end..].starts_with(word));
    if what == "items" && !item {
        return slip::side_by_side(after);
    }
    let message = format!("two {what} need a comma or a newline between them");
    Diagnostic::error(codes::MISSING_SEPARATOR, message)
        .label(after, "this follows on the same line")
        .label(before, "after this")
        .help("put a comma or start a new line here")
}

/// Says what is wrong in a piece of a text where the grammar stopped; the place is relative to the piece.
pub(crate) fn diagnose(file: FileId, text: &str, piece: Range<usize>, stop: &Stop) -> Diagnostic {
    let base = piece.start;
    let text = &text[piece];
    let at = skip_blank(text, stop.at);
    let place = Place {
        file,
        base,
        text,
        at,
        wanted: &stop.wanted,
        in_body: stop.rule == Rule::one_body_item,
        before: scan::scan(&text[..at]),
        whole: scan::scan(text),
    };
    SLIPS.iter().find_map(|slip| slip(&place)).unwrap_or_else(|| place.unexpected())
}

/// What may be the matter, the surest first.
const SLIPS: &[fn(&Place<'_>) -> Option<Diagnostic>] = &[
    bracket::cut_text,
    foreign::inherit,
    foreign::with,
    foreign::block_quotes,
    foreign::comment,
    foreign::import,
    slip::semicolon,
    slip::spaced_call,
    bracket::stray_closing,
    foreign::lambda,
    slip::field_sign,
    slip::after_parameters,
    slip::keyword,
    bracket::unclosed,
    slip::separator,
    slip::application,
    slip::binding_without_let,
    slip::late_item,
    slip::character,
];

/// Where the grammar stopped, and what is around.
struct Place<'t> {
    file: FileId,
    /// Where the piece starts in the text.
    base: usize,
    /// The piece.
    text: &'t str,
    /// The byte of the piece.
    at: usize,
    wanted: &'t [Rule],
    /// Whether the piece is a field of a package or release.
    in_body: bool,
    /// The scan of what is before.
    before: Scan,
    /// The scan of the piece.
    whole: Scan,
}

impl<'t> Place<'t> {
    fn span(&self, start: usize, length: usize) -> Span {
        let byte = |at: usize| u32::try_from(self.base + at).unwrap_or(u32::MAX);
        Span::new(self.file, byte(start), byte(start + length))
    }

    /// The token that stands here.
    fn here(&self) -> Span {
        self.span(self.at, self.token().len())
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn prefix(&self) -> &'t str {
        &self.text[..self.at]
    }

    /// What is before on the same line.
    fn line_prefix(&self) -> &'t str {
        let prefix = self.prefix();
        prefix.rsplit('\n').next().unwrap_or(prefix)
    }

    /// The innermost bracket that is open here.
    fn innermost(&self) -> Option<Open> {
        self.before.open.last().copied()
    }

    fn wants(&self, rule: Rule) -> bool {
        self.wanted.contains(&rule)
    }

    /// Whether an operand was just read, so that only what continues it can follow.
    fn after_operand(&self) -> bool {
        self.wants(Rule::op) || self.wants(Rule::arrow)
    }

    /// Whether an operand should be here.
    fn wants_operand(&self) -> bool {
        self.wants(Rule::list) || self.wants(Rule::expr)
    }

    /// The text of the token that stands here; empty at the end.
    fn token(&self) -> &'t str {
        let rest = self.rest();
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let first = rest.chars().next().map_or(0, char::len_utf8);
        &rest[..word.max(first)]
    }

    /// The token as it is called in a message.
    fn found(&self) -> String {
        match self.token() {
            "" => "the end of the text".to_owned(),
            "\n" => "the end of the line".to_owned(),
            "\"" => "a string".to_owned(),
            word if words::is_keyword(word) => format!("the keyword `{word}`"),
            token => format!("`{}`", token.escape_debug()),
        }
    }

    /// Whether the token can begin an operand.
    fn begins_operand(&self) -> bool {
        let token = self.token();
        let first = token.chars().next();
        let starts = first.is_some_and(|c| c.is_ascii_alphanumeric() || "_\"([{".contains(c));
        let path = self.rest().starts_with("./") || self.rest().starts_with("../");
        (starts || path) && !words::is_keyword(token)
    }

    fn unexpected(&self) -> Diagnostic {
        let expected = words::expected(self.wanted, self.innermost());
        let message = format!("expected {expected}, found {}", self.found());
        let diagnostic =
            Diagnostic::error(codes::UNEXPECTED, message).label(self.here(), format!("expected {expected}"));
        match self.innermost() {
            Some(open) => diagnostic.label(
                self.span(open.at, open.opener.opening().len()),
                format!("inside this `{}`", open.opener.opening()),
            ),
            None => diagnostic,
        }
    }
}

/// The first byte at or after `at` that is no blank, newline or comment; the end of the text if none is.
fn skip_blank(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        at += blank;
        if !text[at..].starts_with('#') {
            return at;
        }
        at = text[at..].find('\n').map_or(text.len(), |end| at + end);
    }
}
