//! Numbers, strings and scripts.

use std::sync::Arc;

use xb_core::{Diagnostic, Span};

use super::{Builder, Node};
use crate::ast::{Expr, ExprKind, StringPart};
use crate::codes;
use crate::grammar::Rule;

/// What `-` makes the smallest integer, although it is no integer itself.
pub(super) const SMALLEST: &str = "9223372036854775808";

/// A piece of a string before its indentation is taken away.
enum Piece<'t> {
    /// As written.
    Raw(&'t str),
    /// What an escape stands for.
    Escaped(char),
    /// An interpolation.
    Expr(Expr),
}

impl<'t> Builder<'t> {
    pub(super) fn number(&mut self, node: &Node<'t>) -> Expr {
        let span = self.span(node);
        let written = node.as_str();
        let digits = written.replace('_', "");
        let kind = if written.contains(['.', 'e', 'E']) {
            digits.parse().ok().filter(|value: &f64| value.is_finite()).map(ExprKind::Float)
        } else {
            digits.parse().ok().map(ExprKind::Int)
        };
        match kind {
            Some(kind) => Expr { kind, span },
            None => self.wrong(
                codes::NUMBER,
                span,
                "this number is too large",
                "integers have 64 bits: up to 9223372036854775807",
            ),
        }
    }

    pub(super) fn text_line(&mut self, node: Node<'t>) -> Vec<StringPart> {
        let pieces = self.pieces(node);
        join(pieces)
    }

    pub(super) fn text_block(&mut self, node: Node<'t>) -> Vec<StringPart> {
        let pieces = self.pieces(node);
        join(strip(pieces))
    }

    /// The text of a string that may not interpolate: a path of a `use`, a literal type.
    pub(super) fn only_text(&mut self, node: Node<'t>) -> Arc<str> {
        let span = self.span(&node);
        let parts = self.text_line(node);
        match Self::plain_text(&parts) {
            Some(text) => text.into(),
            None => {
                self.say(
                    Diagnostic::error(codes::FIXED_TEXT, "this string cannot interpolate")
                        .label(span, "`${}` in here")
                        .note("paths of `use` and types are read before anything is evaluated"),
                );
                "".into()
            }
        }
    }

    pub(super) fn script(&mut self, node: Node<'t>) -> Arc<str> {
        let Some(body) = node.into_inner().next() else {
            return "".into();
        };
        if body.as_rule() == Rule::script_line {
            return body.as_str().into();
        }
        match join(strip(vec![Piece::Raw(body.as_str())])).pop() {
            Some(StringPart::Text(text)) => text,
            _ => "".into(),
        }
    }

    fn pieces(&mut self, node: Node<'t>) -> Vec<Piece<'t>> {
        node.into_inner().map(|part| self.piece(part)).collect()
    }

    fn piece(&mut self, part: Node<'t>) -> Piece<'t> {
        let span = self.span(&part);
        match part.as_rule() {
            Rule::escape => Piece::Escaped(self.escape(part.as_str(), span)),
            Rule::interpolation => Piece::Expr(self.next_expr(&mut part.into_inner(), span)),
            _ => Piece::Raw(part.as_str()),
        }
    }

    fn escape(&mut self, written: &str, span: Span) -> char {
        match written {
            "\\n" => '\n',
            "\\t" => '\t',
            "\\r" => '\r',
            "\\0" => '\0',
            "\\\\" => '\\',
            "\\\"" => '"',
            "\\$" => '$',
            _ => match unicode(written) {
                Some(char) => char,
                None => {
                    self.say(wrong_escape(written, span));
                    char::REPLACEMENT_CHARACTER
                }
            },
        }
    }
}

/// The character of `\u{...}`.
fn unicode(written: &str) -> Option<char> {
    let digits = written.strip_prefix("\\u{")?.strip_suffix('}')?;
    let valid = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| valid)?)
}

fn wrong_escape(written: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::ESCAPE, format!("unknown escape `{}`", written.escape_debug()))
        .label(span, "no character is written so")
        .note("known are \\n \\t \\r \\0 \\\\ \\\" \\$ and \\u{1F600}");
    if written.starts_with("\\u") {
        return diagnostic.help("write one to six hexadecimal digits of a character in braces");
    }
    diagnostic.help("for a backslash itself write `\\\\`; in `sh\"...\"` nothing is escaped")
}

/// Joins neighbouring text.
fn join(pieces: Vec<Piece<'_>>) -> Vec<StringPart> {
    let mut parts = Vec::new();
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Raw(raw) => text.push_str(raw),
            Piece::Escaped(char) => text.push(char),
            Piece::Expr(expr) => {
                if !text.is_empty() {
                    parts.push(StringPart::Text(std::mem::take(&mut text).into()));
                }
                parts.push(StringPart::Expr(expr));
            }
        }
    }
    if !text.is_empty() {
        parts.push(StringPart::Text(text.into()));
    }
    parts
}

/// Takes the first newline, the common indentation and the indentation of the last line away.
///
/// Lines are those of the text as written: a newline that an escape or an interpolation brings starts none,
/// and neither does the text on the line of the opening quotes. Carriage returns before newlines go, so
/// that a file gives the same value whatever its line ends are.
fn strip(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let margin = margin(&pieces);
    let count = pieces.len();
    let mut stripped = Vec::with_capacity(count);
    for (index, piece) in pieces.into_iter().enumerate() {
        let Piece::Raw(raw) = piece else {
            stripped.push(piece);
            continue;
        };
        let last = index + 1 == count;
        for (number, line) in raw.split_inclusive('\n').enumerate() {
            let starts_line = number > 0;
            stripped.extend(strip_line(line, starts_line, margin, index == 0 && number == 0));
        }
        if last {
            drop_last_indentation(&mut stripped, raw);
        }
    }
    stripped
}

/// One line without its margin; the opening line is dropped when it is blank.
fn strip_line(line: &str, starts_line: bool, margin: usize, opening: bool) -> Vec<Piece<'_>> {
    let (body, newline) = match line.strip_suffix('\n') {
        Some(body) => (body.strip_suffix('\r').unwrap_or(body), true),
        None => (line, false),
    };
    let blank = body.bytes().all(is_blank);
    if opening && newline && blank {
        return Vec::new();
    }
    let body = match (starts_line, blank && newline) {
        (true, true) => "",
        (true, false) => body.get(margin.min(indentation(body))..).unwrap_or(""),
        (false, _) => body,
    };
    let end = if newline { "\n" } else { "" };
    [body, end].into_iter().filter(|text| !text.is_empty()).map(Piece::Raw).collect()
}

/// The blanks before the closing quotes go, when they have a line of their own.
fn drop_last_indentation(stripped: &mut Vec<Piece<'_>>, raw: &str) {
    let Some((_, last)) = raw.rsplit_once('\n') else {
        return;
    };
    if last.bytes().all(is_blank) && matches!(stripped.last(), Some(Piece::Raw(text)) if text.bytes().all(is_blank)) {
        stripped.pop();
    }
}

/// The indentation that all lines with something on them share.
fn margin(pieces: &[Piece<'_>]) -> usize {
    let mut margin = usize::MAX;
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Raw(raw) = piece else {
            continue;
        };
        let continues = index + 1 < pieces.len();
        let mut lines = raw.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let filled = !line.bytes().all(|b| is_blank(b) || b == b'\r');
            if filled || (lines.peek().is_none() && continues) {
                margin = margin.min(indentation(line));
            }
        }
    }
    if margin == usize::MAX { 0 } else { margin }
}

fn indentation(line: &str) -> usize {
    line.bytes().take_while(|byte| is_blank(*byte)).count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
