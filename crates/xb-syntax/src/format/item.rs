//! Files and items.

use super::doc::Doc;
use super::sequence::RECORD;
use super::{Formatter, Node, end, start};
use crate::grammar::Rule;

impl<'t> Formatter<'t> {
    /// The rule `file`.
    pub(super) fn file(&mut self, node: Node<'t>) -> Doc<'t> {
        let close = end(&node);
        let mut docs = Vec::new();
        let mut last = 0;
        for part in node.into_inner().filter(|part| part.as_rule() != Rule::EOI) {
            let after = end(&part);
            let first = docs.is_empty();
            docs.push(self.between_items(last, start(&part), first));
            docs.push(self.item(part));
            docs.push(self.trailing(after).unwrap_or(Doc::Empty));
            last = after;
        }
        if let Some((comments, blank)) = self.dangling(last, close) {
            let gap = match (docs.is_empty(), blank) {
                (true, _) => Doc::Empty,
                (false, true) => Doc::Blank,
                (false, false) => Doc::Hard,
            };
            docs.extend([gap, comments]);
        }
        Doc::Concat(docs)
    }

    fn between_items(&mut self, last: usize, to: usize, first: bool) -> Doc<'t> {
        let (comments, blank) = self.leading(last, to);
        let gap = match (first, blank) {
            (true, _) => Doc::Empty,
            (false, true) => Doc::Blank,
            (false, false) => Doc::Hard,
        };
        Doc::from([gap, comments])
    }

    fn item(&mut self, node: Node<'t>) -> Doc<'t> {
        match node.as_rule() {
            Rule::use_item => self.use_item(node),
            Rule::let_item => self.let_item(node),
            Rule::package_item => self.package(node, "package "),
            Rule::release_item => self.package(node, "release "),
            Rule::let_body => {
                let (from, mut inner) = (start(&node) + 2, node.into_inner());
                let Some(body) = inner.next() else {
                    return Doc::Empty;
                };
                let gap = if self.newline(from, start(&body)) { Doc::Hard } else { Doc::Text(" ") };
                Doc::from([Doc::Text("in"), gap, self.expr(body)])
            }
            _ => self.expr(node),
        }
    }

    fn use_item(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = vec![Doc::Text("use ")];
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::use_names => {
                    let (open, close) = (start(&part), end(&part) - 1);
                    let names = part.into_inner().collect();
                    docs.extend([Doc::Text(" "), self.sequence(RECORD, open, close, names, Self::use_name)]);
                }
                Rule::name => docs.extend([Doc::Text(" as "), self.leaf(&part)]),
                _ => docs.push(self.leaf(&part)),
            }
        }
        Doc::Concat(docs)
    }

    fn use_name(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for name in node.into_inner() {
            if !docs.is_empty() {
                docs.push(Doc::Text(" as "));
            }
            docs.push(self.leaf(&name));
        }
        Doc::Concat(docs)
    }

    fn let_item(&mut self, node: Node<'t>) -> Doc<'t> {
        let binding = node.into_inner().next().map_or(Doc::Empty, |binding| self.binding(binding));
        Doc::from([Doc::Text("let "), binding])
    }

    /// The rules `binding` and `field`.
    pub(super) fn binding(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = vec![self.before(start(&node))];
        let mut last = start(&node);
        for part in node.into_inner() {
            let (from, to) = (last, start(&part));
            last = end(&part);
            match part.as_rule() {
                Rule::annotation => docs.push(self.annotation(part)),
                Rule::expr => docs.extend([Doc::Text(" ="), self.body(from, to, |this| this.expr(part))]),
                _ => docs.push(Doc::Text(part.as_str())),
            }
        }
        Doc::Concat(docs)
    }

    fn package(&mut self, node: Node<'t>, keyword: &'static str) -> Doc<'t> {
        let close = end(&node) - 1;
        let mut docs = vec![Doc::Text(keyword)];
        let mut head = start(&node) + keyword.len();
        let mut body = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => {
                    head = end(&part);
                    docs.push(self.leaf(&part));
                }
                Rule::group => {
                    head = end(&part);
                    docs.push(self.group(part));
                }
                _ => body.push(part),
            }
        }
        let brace = self.code_from(head, '{').unwrap_or(head);
        docs.extend([Doc::Text(" "), self.sequence(RECORD, brace, close, body, Self::body_item)]);
        Doc::Concat(docs)
    }

    fn body_item(&mut self, node: Node<'t>) -> Doc<'t> {
        if node.as_rule() == Rule::let_item { self.let_item(node) } else { self.binding(node) }
    }
}
