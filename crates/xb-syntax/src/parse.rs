//! The way from text to tree.
//!
//! A scan of the bytes bounds what the grammar will see, the grammar reads the file in one go (a large one
//! part by part), and only when it stops is the file taken apart into items to be read one by one.

use std::ops::Range;

use pest::iterators::Pairs;
use xb_core::{Diagnostic, FileId, Span};

use crate::ast::{Expr, File, Item};
use crate::build::Builder;
use crate::codes;
use crate::diagnose;
use crate::grammar::{self, Rule};
use crate::recover;
use crate::scan::{self, Scan};

/// The size of the largest text that is read, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// The stack on which texts are read: enough for the deepest nesting, in debug builds, too.
const STACK: usize = 64 << 20;
/// When less than this is left of the present stack, [`STACK`] is used.
const RED_ZONE: usize = 4 << 20;

/// How many bytes a part of a file has at least.
const PART: usize = 64 << 10;

/// What a text says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// What could be read; what could not is [`Item::Error`] or invalid expressions.
    pub file: File,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file. Never fails: errors are in the diagnostics, and what could be read is in the tree.
pub fn parse(file: FileId, text: &str) -> Parsed {
    match admit(file, text) {
        Err(diagnostic) => Parsed {
            file: File { items: vec![Item::Error(whole(file, text))], value: None },
            diagnostics: vec![*diagnostic],
        },
        Ok(scan) => on_large_stack(|| parse_admitted(file, text, &scan)),
    }
}

/// Reads one expression, as after `xb eval -e`.
///
/// There is no expression when there are errors of syntax; for text that may have items before its
/// expression, use [`parse`].
pub fn parse_expression(file: FileId, text: &str) -> (Option<Expr>, Vec<Diagnostic>) {
    match admit(file, text) {
        Err(diagnostic) => (None, vec![*diagnostic]),
        Ok(scan) => on_large_stack(|| expression_admitted(file, text, &scan)),
    }
}

/// Runs `job` where it may recurse as deep as the limits allow.
pub(crate) fn on_large_stack<T>(job: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, STACK, job)
}

/// Refuses what is too large or nests too deeply to be read.
pub(crate) fn admit(file: FileId, text: &str) -> Result<Scan, Box<Diagnostic>> {
    if text.len() > MAX_TEXT {
        return Err(Box::new(
            Diagnostic::error(
                codes::TOO_LARGE,
                format!("this file has {} bytes; at most {MAX_TEXT} are read", text.len()),
            )
            .label(Span::new(file, 0, 0), "this file")
            .help("put data into files of their own and read them with `path.read`"),
        ));
    }
    let scan = scan::scan(text);
    match scan.too_deep {
        None => Ok(scan),
        Some(at) => {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            let place = Span::new(file, at, at.saturating_add(1));
            Err(Box::new(diagnose::too_deep(place)))
        }
    }
}

fn whole(file: FileId, text: &str) -> Span {
    Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX))
}

fn parse_admitted(file: FileId, text: &str, scan: &Scan) -> Parsed {
    if let Some(parsed) = parse_in_parts(file, text, scan) {
        return parsed;
    }
    match grammar::read(Rule::file, text) {
        Ok(pairs) => built(Builder::new(file, text, 0, &scan.comments), pairs),
        Err(stop) => recover::parse(file, text, scan, &stop),
    }
}

fn built<'t>(mut builder: Builder<'t>, mut pairs: Pairs<'t, Rule>) -> Parsed {
    let file = pairs.next().map(|node| builder.file(node)).unwrap_or_default();
    Parsed { file, diagnostics: builder.diagnostics }
}

/// Reads a large file part by part: what the grammar remembers of a text is many times its size.
///
/// None when there is one part only, or when a part is not a whole number of items after all; then the file
/// is read as one.
fn parse_in_parts(file: FileId, text: &str, scan: &Scan) -> Option<Parsed> {
    let parts = parts(text, scan);
    let last = parts.len().checked_sub(1).filter(|last| *last > 0)?;
    let mut whole = Parsed::default();
    for (index, part) in parts.into_iter().enumerate() {
        let start = part.start;
        let pairs = grammar::read(Rule::file, text.get(part)?).ok()?;
        let mut read = built(Builder::new(file, text, start, &scan.comments), pairs);
        if read.file.value.is_some() && index != last {
            return None;
        }
        whole.file.items.append(&mut read.file.items);
        whole.file.value = read.file.value;
        whole.diagnostics.append(&mut read.diagnostics);
    }
    Some(whole)
}

/// Parts of [`PART`] or a little more.
///
/// None starts at a `let`, as those before an `in` belong together.
fn parts(text: &str, scan: &Scan) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut last = 0;
    for start in scan.items.iter().copied().filter(|start| !text[*start..].starts_with("let")) {
        if start - last >= PART {
            parts.push(last..start);
            last = start;
        }
    }
    parts.push(last..text.len());
    parts
}

fn expression_admitted(file: FileId, text: &str, scan: &Scan) -> (Option<Expr>, Vec<Diagnostic>) {
    let mut builder = Builder::new(file, text, 0, &scan.comments);
    match grammar::read(Rule::one_expr, text) {
        Ok(pairs) => {
            let expr = pairs
                .flat_map(|node| node.into_inner())
                .next()
                .map(|node| builder.expr(node))
                .filter(|_| builder.diagnostics.is_empty());
            (expr, builder.diagnostics)
        }
        Err(stop) => (None, vec![diagnose::diagnose(file, text, 0..text.len(), &stop)]),
    }
}
