//! The formatter: from what the grammar read, with its comments, back to text in the house's style.
//!
//! It works on the grammar's pairs and not on the tree, so that parentheses, the way numbers and strings are
//! written and the lines that the writer chose are still known. A list or record that was broken after its
//! opening bracket stays broken, and the items of such a list that were on one line stay there as far as they
//! fit; a line that was broken before an operator, `then` or a body stays broken, too. Apart from that, what
//! fits in the width is on one line.
//!
//! Invariants: formatting does not change what a text means, loses no comment, and formatting the result
//! again changes nothing.

mod comments;
mod doc;
mod expr;
mod item;
mod leaf;
mod sequence;

use std::ops::Range;

use pest::iterators::Pair;
use xb_core::{Diagnostic, FileId};

use crate::grammar::{self, Rule};
use crate::parse::{admit, on_large_stack};
use crate::scan::Scan;
use doc::Doc;

/// One node of what the grammar read.
type Node<'t> = Pair<'t, Rule>;

/// Formats the text of a file.
///
/// # Errors
/// When the text has errors of syntax: they are the same that [`crate::parse()`] tells, in file 0.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let file = FileId(0);
    let diagnostics = crate::parse(file, text).diagnostics;
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let scan = admit(file, text).map_err(|diagnostic| vec![*diagnostic])?;
    on_large_stack(|| Ok(format_admitted(text, &scan)))
}

fn format_admitted(text: &str, scan: &Scan) -> String {
    let Ok(mut pairs) = grammar::read(Rule::file, text) else {
        return text.to_owned();
    };
    let mut formatter = Formatter { text, comments: &scan.comments, next: 0 };
    let doc = pairs.next().map_or(Doc::Empty, |node| formatter.file(node));
    let mut out = doc::print(&doc);
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Makes documents of nodes, in the order of the text, and puts the comments where they were.
struct Formatter<'t> {
    text: &'t str,
    comments: &'t [Range<usize>],
    /// The first comment that is not in a document yet.
    next: usize,
}

/// Where a node starts.
fn start(node: &Node<'_>) -> usize {
    node.as_span().start()
}

/// Where a node ends.
fn end(node: &Node<'_>) -> usize {
    node.as_span().end()
}
