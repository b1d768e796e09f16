//! Things in brackets: items of lists, fields, arguments, arms.

use super::doc::Doc;
use super::{Formatter, Node, end, start};

/// How a bracketed sequence looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// The brackets.
    pub(super) brackets: (&'static str, &'static str),
    /// Whether blanks stand inside the brackets on one line.
    pub(super) padded: bool,
    /// Whether commas separate the things on lines of their own, too.
    pub(super) commas: bool,
}

/// `[a, b]`.
pub(super) const LIST: Style = Style { brackets: ("[", "]"), padded: false, commas: true };
/// `(a, b)`.
pub(super) const GROUP: Style = Style { brackets: ("(", ")"), padded: false, commas: true };
/// `{ a = 1, b = 2 }`.
pub(super) const RECORD: Style = Style { brackets: ("{", "}"), padded: true, commas: false };

impl<'t> Formatter<'t> {
    /// A sequence between an opening and a closing bracket, whose places in the text are given.
    pub(super) fn sequence(
        &mut self,
        style: Style,
        open: usize,
        close: usize,
        nodes: Vec<Node<'t>>,
        mut make: impl FnMut(&mut Self, Node<'t>) -> Doc<'t>,
    ) -> Doc<'t> {
        let (opening, closing) = style.brackets;
        let inside = open + opening.len();
        let first = nodes.first().map_or(close, start);
        let forced = self.newline(inside, first) && (!nodes.is_empty() || self.comments_before(close));
        let mut docs = Vec::new();
        let mut last = inside;
        let count = nodes.len();
        for (index, node) in nodes.into_iter().enumerate() {
            let after = end(&node);
            docs.push(self.separator(style, forced, last, index == 0, &node));
            docs.push(make(self, node));
            if style.commas {
                docs.push(if index + 1 < count { Doc::Text(",") } else { Doc::IfBroken(",") });
            }
            last = after;
            if let Some(comment) = self.trailing(last) {
                docs.push(comment);
                docs.push(Doc::Break);
            }
        }
        if let Some((comments, blank)) = self.dangling(last, close) {
            docs.push(match (count, blank) {
                (0, _) => Doc::Break,
                (_, true) => Doc::Blank,
                (_, false) => Doc::Hard,
            });
            docs.push(comments);
        }
        if docs.is_empty() {
            return Doc::from([Doc::Text(opening), Doc::Text(closing)]);
        }
        let body = Doc::from([Doc::Line(style.padded), Doc::Concat(docs)]);
        let doc = Doc::from([Doc::Text(opening), body.nest(), Doc::Line(style.padded), Doc::Text(closing)]);
        let broken = forced || doc.has_hard();
        Doc::Group(Box::new(doc), broken)
    }

    /// What stands before a thing: its separation from the last one, and its own comments.
    fn separator(&mut self, style: Style, forced: bool, last: usize, first: bool, node: &Node<'t>) -> Doc<'t> {
        let to = start(node);
        let (comments, blank) = self.leading(last, to);
        if first {
            return comments;
        }
        // A `-` at the start of a line would continue the arm before it.
        let negative = !style.commas && node.as_str().starts_with('-');
        let comma = Doc::Text(if negative { "," } else { "" });
        let between = match blank {
            true => Doc::Blank,
            false if style.commas && forced && !self.newline(last, to) => Doc::Fill,
            false if style.commas || negative => Doc::Line(true),
            false => Doc::Separator,
        };
        Doc::from([comma, between, comments])
    }
}
