//! Names, literals, patterns and types: what is written without line breaks of its own.

use super::doc::Doc;
use super::sequence::{LIST, RECORD};
use super::{Formatter, Node, end, start};
use crate::grammar::Rule;

impl<'t> Formatter<'t> {
    /// Text as it stands; comments in its interpolations are part of it.
    pub(super) fn leaf(&mut self, node: &Node<'t>) -> Doc<'t> {
        let comments = self.before(start(node));
        while self.comments.get(self.next).is_some_and(|comment| comment.start < end(node)) {
            self.next += 1;
        }
        Doc::from([comments, Doc::Verbatim(node.as_str())])
    }

    pub(super) fn pattern(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for one in node.into_inner() {
            if !docs.is_empty() {
                docs.push(Doc::Text(" | "));
            }
            docs.push(self.one_pattern(one));
        }
        Doc::Concat(docs)
    }

    fn one_pattern(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        match node.as_rule() {
            Rule::list_pattern => {
                self.sequence(LIST, open, close, node.into_inner().collect(), Self::list_pattern_item)
            }
            Rule::record_pattern => {
                self.sequence(RECORD, open, close, node.into_inner().collect(), Self::field_pattern)
            }
            Rule::negative => {
                let number = node.into_inner().next().map_or(Doc::Empty, |number| self.leaf(&number));
                Doc::from([Doc::Text("-"), number])
            }
            _ => self.leaf(&node),
        }
    }

    fn list_pattern_item(&mut self, node: Node<'t>) -> Doc<'t> {
        if node.as_rule() == Rule::rest_pattern { self.leaf(&node) } else { self.pattern(node) }
    }

    fn field_pattern(&mut self, node: Node<'t>) -> Doc<'t> {
        if node.as_rule() == Rule::rest {
            return self.leaf(&node);
        }
        let mut docs = Vec::new();
        for part in node.into_inner() {
            if part.as_rule() == Rule::key_name {
                docs.push(self.leaf(&part));
            } else {
                docs.extend([Doc::Text(" = "), self.pattern(part)]);
            }
        }
        Doc::Concat(docs)
    }

    /// `: Type`.
    pub(super) fn annotation(&mut self, node: Node<'t>) -> Doc<'t> {
        let annotation = node.into_inner().next().map_or(Doc::Empty, |node| self.type_doc(node));
        Doc::from([Doc::Text(": "), annotation])
    }

    pub(super) fn type_doc(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::type_op => docs.extend([Doc::Text(" "), Doc::Text(part.as_str()), Doc::Text(" ")]),
                Rule::optional => docs.push(Doc::Text("?")),
                _ => docs.push(self.one_type(part)),
            }
        }
        Doc::Concat(docs)
    }

    fn one_type(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        match node.as_rule() {
            Rule::type_group => {
                let inner = node.into_inner().collect();
                self.sequence(super::sequence::GROUP, open, close, inner, Self::type_doc)
            }
            Rule::type_list => {
                let inner = node.into_inner().next().map_or(Doc::Empty, |inner| self.type_doc(inner));
                Doc::from([Doc::Text("["), inner, self.before_closing(close), Doc::Text("]")])
            }
            Rule::type_map => {
                let inner = node.into_inner().next().map_or(Doc::Empty, |inner| self.type_doc(inner));
                Doc::from([Doc::Text("{ *: "), inner, self.before_closing(close), Doc::Text(" }")])
            }
            Rule::type_record => self.sequence(RECORD, open, close, node.into_inner().collect(), Self::type_field),
            _ => self.leaf(&node),
        }
    }

    fn type_field(&mut self, node: Node<'t>) -> Doc<'t> {
        if node.as_rule() == Rule::rest {
            return self.leaf(&node);
        }
        let mut docs = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::key_name => docs.push(self.leaf(&part)),
                Rule::optional_field => docs.push(Doc::Text("?")),
                _ => docs.extend([Doc::Text(": "), self.type_doc(part)]),
            }
        }
        Doc::Concat(docs)
    }
}
