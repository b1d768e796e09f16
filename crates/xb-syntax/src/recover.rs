//! Reading on after the grammar has stopped: item by item, and in packages field by field.
//!
//! An item starts where a line starts with its keyword. A field starts where a line of a package's body is
//! indented like the body's first line and starts with a name. Each piece is read by itself, and says at
//! most one thing of its own, so that independent mistakes are told in one run and one mistake is told once.

use std::ops::Range;

use xb_core::{Diagnostic, FileId, Span};

use crate::ast::{Binding, Expr, ExprKind, File, Item, Name, Package, Release};
use crate::build::{BodyItem, Builder};
use crate::codes;
use crate::diagnose::diagnose;
use crate::grammar::{self, Rule, Stop};
use crate::parse::Parsed;
use crate::scan::{self, Scan};

/// How many pieces may be wrong before the rest is left alone.
const MAX_WRONG: usize = 100;

/// Reads a text that the grammar did not read as a whole.
pub(crate) fn parse(file: FileId, text: &str, scan: &Scan, stop: &Stop) -> Parsed {
    let mut recovery = Recovery { file, text, scan, parsed: Parsed::default(), wrong: 0 };
    let pieces = recovery.pieces();
    let count = pieces.len();
    for (index, piece) in pieces.into_iter().enumerate() {
        recovery.piece(piece, index + 1 == count);
    }
    let mut parsed = recovery.parsed;
    if parsed.diagnostics.is_empty() {
        parsed.diagnostics.push(diagnose(file, text, 0..text.len(), stop));
    }
    parsed
}

struct Recovery<'t> {
    file: FileId,
    text: &'t str,
    scan: &'t Scan,
    parsed: Parsed,
    wrong: usize,
}

impl<'t> Recovery<'t> {
    /// The text up to its first item, and each item up to the next.
    fn pieces(&self) -> Vec<Range<usize>> {
        let mut starts = vec![0];
        starts.extend(self.scan.items.iter().copied().filter(|start| *start > 0));
        ranges(&starts, self.text.len())
    }

    fn span(&self, range: &Range<usize>) -> Span {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, byte(range.start), byte(range.end))
    }

    fn builder(&self, base: usize) -> Builder<'t> {
        Builder::new(self.file, self.text, base, &self.scan.comments)
    }

    fn piece(&mut self, piece: Range<usize>, last: bool) {
        match grammar::read(Rule::file, &self.text[piece.clone()]) {
            Ok(mut pairs) => {
                let mut builder = self.builder(piece.start);
                let read = pairs.next().map(|node| builder.file(node));
                let clean = builder.diagnostics.is_empty();
                self.parsed.diagnostics.append(&mut builder.diagnostics);
                self.add(read.unwrap_or_default(), last || !clean);
            }
            Err(stop) => self.broken(piece, &stop, last),
        }
    }

    fn add(&mut self, mut read: File, last: bool) {
        self.parsed.file.items.append(&mut read.items);
        let Some(value) = read.value else {
            return;
        };
        if !last {
            self.parsed.diagnostics.push(
                Diagnostic::error(codes::ITEM_AFTER_VALUE, "an item follows the value of the file")
                    .label(value.span, "this is the value, and items follow it")
                    .help("put the value last, or name it with `let`"),
            );
        }
        self.parsed.file.value = Some(value);
    }

    fn broken(&mut self, piece: Range<usize>, stop: &Stop, last: bool) {
        self.wrong += 1;
        if self.wrong > MAX_WRONG {
            return;
        }
        let said = self.parsed.diagnostics.len();
        if !self.body(&piece, last) {
            let span = self.span(&piece);
            self.parsed.file.items.push(Item::Error(span));
        }
        if self.parsed.diagnostics.len() == said {
            let diagnostic = diagnose(self.file, self.text, piece, stop);
            self.parsed.diagnostics.push(diagnostic);
        }
    }

    /// Reads a package or release field by field; false when its head is not one.
    fn body(&mut self, piece: &Range<usize>, last: bool) -> bool {
        let text = &self.text[piece.clone()];
        let scan = scan::scan(text);
        let Some(brace) = scan.first_brace.filter(|_| scan.cut.is_empty()) else {
            return false;
        };
        let Some(item) = self.head(piece.start, &text[..=brace]) else {
            return false;
        };
        let Some(end) = body_end(text, brace, &scan) else {
            return false;
        };
        let mut bindings = (Vec::new(), Vec::new());
        for field in fields(text, brace + 1..end, &scan) {
            self.field(piece.start + field.start..piece.start + field.end, &mut bindings);
        }
        self.parsed.file.items.push(match item {
            Item::Package(package) => {
                Item::Package(Package { lets: bindings.0, fields: bindings.1, span: self.span(piece), ..package })
            }
            Item::Release(release) => Item::Release(Release { fields: bindings.1, span: self.span(piece), ..release }),
            other => other,
        });
        let rest = piece.start + end + 1..piece.end;
        if !self.text[rest.clone()].trim().is_empty() {
            self.piece(rest, last);
        }
        true
    }

    /// The item that a head such as `package p(arch) {` begins.
    fn head(&mut self, base: usize, text: &str) -> Option<Item> {
        let package = grammar::read(Rule::package_head, text);
        let release = || grammar::read(Rule::release_head, text);
        let (node, is_package) = match package {
            Ok(mut pairs) => (pairs.next()?, true),
            Err(_) => (release().ok()?.next()?, false),
        };
        let mut builder = Builder::new(self.file, self.text, base, &self.scan.comments);
        let item = if is_package {
            builder.package(node).map(Item::Package)
        } else {
            builder.release(node).map(Item::Release)
        };
        self.parsed.diagnostics.append(&mut builder.diagnostics);
        item
    }

    fn field(&mut self, piece: Range<usize>, bindings: &mut (Vec<Binding>, Vec<Binding>)) {
        let text = &self.text[piece.clone()];
        let read = match grammar::read(Rule::one_body_item, text) {
            Ok(pairs) => pairs,
            Err(stop) => {
                let diagnostic = diagnose(self.file, self.text, piece.clone(), &stop);
                self.parsed.diagnostics.push(diagnostic);
                return self.broken_field(&piece, bindings);
            }
        };
        let mut builder = self.builder(piece.start);
        let node = read.flat_map(|node| node.into_inner()).next();
        let item = node.and_then(|node| builder.body_item(node));
        self.parsed.diagnostics.append(&mut builder.diagnostics);
        match item {
            Some(BodyItem::Let(binding)) => bindings.0.push(binding),
            Some(BodyItem::Field(binding)) => bindings.1.push(binding),
            None => {}
        }
    }

    /// The name of what could not be read stays known, so that what uses it is not called wrong.
    fn broken_field(&self, piece: &Range<usize>, bindings: &mut (Vec<Binding>, Vec<Binding>)) {
        let text = &self.text[piece.clone()];
        let (is_let, rest) = match text.strip_prefix("let ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let length = word(rest).len();
        if length == 0 {
            return;
        }
        let start = piece.start + text.len() - rest.len();
        let span = self.span(piece);
        let binding = Binding {
            name: Name { text: rest[..length].into(), span: self.span(&(start..start + length)) },
            annotation: None,
            value: Expr { kind: ExprKind::Invalid, span },
            doc: None,
        };
        if is_let {
            bindings.0.push(binding);
        } else {
            bindings.1.push(binding);
        }
    }
}

/// From each start to the next, and from the last to the end.
fn ranges(starts: &[usize], end: usize) -> Vec<Range<usize>> {
    let ends = starts.iter().skip(1).copied().chain([end]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The name or keyword that a text starts with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The `}` of a body whose `{` is at `brace`: the first that starts a line of its own, else the last of all.
fn body_end(text: &str, brace: usize, scan: &Scan) -> Option<usize> {
    let at_line_start = text[brace..]
        .match_indices("\n}")
        .map(|(at, _)| brace + at + 1)
        .find(|at| scan.text_lines.binary_search(at).is_err());
    at_line_start.or_else(|| {
        let before = text.trim_end().strip_suffix('}')?;
        (before.len() > brace).then_some(before.len())
    })
}

/// The fields of a body: the lines that are indented like the first one and start with a name.
fn fields(text: &str, body: Range<usize>, scan: &Scan) -> Vec<Range<usize>> {
    let mut indentation = None;
    let mut starts = Vec::new();
    let mut line_start = body.start;
    for line in text[body.clone()].split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        let start = line_start + indent;
        if !word(content).is_empty() && scan.text_lines.binary_search(&line_start).is_err() {
            let first = line_start == body.start;
            if first || *indentation.get_or_insert(indent) == indent {
                starts.push(start);
            }
        }
        line_start += line.len();
    }
    ranges(&starts, body.end)
}
