//! From the grammar's pairs to the syntax tree.
//!
//! The grammar reads some forms in a shape that covers several; here it is decided which one it is, and
//! what the grammar cannot say is checked: separators, escapes, the size of numbers, operators that do not
//! chain. Nothing here fails: what cannot be built becomes [`ExprKind::Invalid`] with a diagnostic.
//!
//! Invariant: the depth of the tree is bounded by [`MAX_DEPTH`], so whatever walks it may recurse.

mod expr;
mod item;
mod literal;
mod operand;
mod params;
mod pattern;
mod types;

pub(crate) use item::BodyItem;

use std::ops::Range;
use std::sync::Arc;

use pest::iterators::Pair;
use xb_core::{Code, Diagnostic, FileId, Span};

use crate::ast::{Expr, ExprKind, Name};
use crate::grammar::Rule;

/// How deep the tree may be: a chain of operators counts with its length.
pub(crate) const MAX_DEPTH: usize = 2_000;

/// One node of what the grammar read.
pub(crate) type Node<'t> = Pair<'t, Rule>;

/// Builds trees from what the grammar read in one piece of a file.
pub(crate) struct Builder<'t> {
    file: FileId,
    /// The whole text.
    text: &'t str,
    /// Where the piece that was read starts in it.
    base: usize,
    /// The comments of the whole text, in order.
    comments: &'t [Range<usize>],
    depth: usize,
    /// What was found wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A list without room for more: trees of large files hold many short ones.
pub(super) fn fitted<T>(items: impl Into<Vec<T>>) -> Vec<T> {
    let mut items = items.into();
    items.shrink_to_fit();
    items
}

impl<'t> Builder<'t> {
    pub(crate) fn new(file: FileId, text: &'t str, base: usize, comments: &'t [Range<usize>]) -> Self {
        Self { file, text, base, comments, depth: 0, diagnostics: Vec::new() }
    }

    fn range(&self, start: usize, end: usize) -> Span {
        let byte = |at: usize| u32::try_from(self.base + at).unwrap_or(u32::MAX);
        Span::new(self.file, byte(start), byte(end))
    }

    fn span(&self, node: &Node<'_>) -> Span {
        let span = node.as_span();
        self.range(span.start(), span.end())
    }

    fn name(&self, node: &Node<'_>) -> Name {
        Name { text: Arc::from(node.as_str()), span: self.span(node) }
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn invalid(span: Span) -> Expr {
        Expr { kind: ExprKind::Invalid, span }
    }

    /// Reports an error and stands an invalid expression in its place.
    fn wrong(&mut self, code: Code, span: Span, message: &str, label: &str) -> Expr {
        self.say(Diagnostic::error(code, message).label(span, label));
        Self::invalid(span)
    }

    /// Runs `build` unless that would make the tree deeper than [`MAX_DEPTH`] by `levels`.
    fn deeper(&mut self, levels: usize, span: Span, build: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if self.depth + levels > MAX_DEPTH {
            self.say(crate::diagnose::too_deep(span));
            return Self::invalid(span);
        }
        self.depth += levels;
        let built = build(self);
        self.depth -= levels;
        built
    }

    /// Checks that a comma or a newline stands between the end of one thing and the start of the next.
    fn separated(&mut self, what: &str, before: Span, after: Span) {
        let between = self.text.get(before.end as usize..after.start as usize).unwrap_or("\n");
        if between.contains([',', '\n']) {
            return;
        }
        let place = before.end as usize..after.start as usize;
        self.say(crate::diagnose::not_separated(what, self.text, place, before, after));
    }

    /// The comment lines right above a byte of the piece, without `#`.
    fn doc(&self, start: usize) -> Option<Arc<str>> {
        let mut line = self.line_start(self.base + start)?;
        let above = self.comments.partition_point(|comment| comment.end < line);
        let mut lines: Vec<&str> = Vec::new();
        for comment in self.comments[..above].iter().rev() {
            let Some(start) = self.line_start(comment.start) else {
                break;
            };
            if comment.end + 1 != line {
                break;
            }
            let text = self.text.get(comment.clone())?.trim_end().trim_start_matches('#');
            lines.push(text.strip_prefix(' ').unwrap_or(text));
            line = start;
        }
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n").into())
    }

    /// The start of the line of a byte, if only blanks are before it there.
    fn line_start(&self, at: usize) -> Option<usize> {
        let before = self.text.get(..at)?;
        let start = before.trim_end_matches([' ', '\t']).len();
        (start == 0 || before[..start].ends_with('\n')).then_some(start)
    }
}
