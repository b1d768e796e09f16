//! Expressions.

use std::iter::Peekable;

use pest::iterators::Pairs;

use super::doc::Doc;
use super::sequence::{GROUP, LIST, RECORD};
use super::{Formatter, Node, end, start};
use crate::grammar::Rule;

type Parts<'t> = Peekable<Pairs<'t, Rule>>;

impl<'t> Formatter<'t> {
    /// The rules `expr` and `plain`.
    pub(super) fn expr(&mut self, node: Node<'t>) -> Doc<'t> {
        let from = start(&node);
        self.chain(&mut node.into_inner().peekable(), from)
    }

    /// What is left of a flat expression; `from` is where the last token ended.
    fn chain(&mut self, parts: &mut Parts<'t>, mut from: usize) -> Doc<'t> {
        let mut head = Vec::new();
        let mut tail = Vec::new();
        while let Some(part) = parts.next() {
            let docs = if tail.is_empty() { &mut head } else { &mut tail };
            let after = end(&part);
            match part.as_rule() {
                Rule::prefix => docs.extend([self.before(start(&part)), Doc::Text(part.as_str())]),
                Rule::op => {
                    let to = parts.peek().map_or(after, start);
                    let gap = self.gap(from, to);
                    tail.extend([gap, self.before(start(&part)), Doc::Text(part.as_str()), Doc::Text(" ")]);
                }
                Rule::arrow => docs.push(self.arrow(part, parts)),
                Rule::operand | Rule::plain_operand => docs.push(self.operand(part)),
                _ => docs.push(self.lead(part, parts)),
            }
            from = after;
        }
        if tail.is_empty() {
            return Doc::Concat(head);
        }
        head.push(Doc::Concat(tail).nest());
        Doc::Concat(head)
    }

    fn arrow(&mut self, arrow: Node<'t>, parts: &mut Parts<'t>) -> Doc<'t> {
        let after = end(&arrow);
        let result = match arrow.into_inner().next() {
            Some(result) => Doc::from([Doc::Text(": "), self.type_doc(result)]),
            None => Doc::Empty,
        };
        Doc::from([result, Doc::Text(" =>"), self.rest(after, parts)])
    }

    /// All that follows a token that takes it as its body.
    fn rest(&mut self, after: usize, parts: &mut Parts<'t>) -> Doc<'t> {
        let to = parts.peek().map_or(after, start);
        self.body(after, to, |this| this.chain(parts, after))
    }

    /// A form that takes what follows.
    fn lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>) -> Doc<'t> {
        let comments = self.before(start(&lead));
        let doc = match lead.as_rule() {
            Rule::if_lead => self.if_lead(lead, parts),
            Rule::let_lead => self.let_lead(lead, parts),
            Rule::assert_lead => self.assert_lead(lead, parts),
            _ => Doc::from([Doc::Text("error"), self.rest(end(&lead), parts)]),
        };
        Doc::from([comments, doc])
    }

    fn if_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>) -> Doc<'t> {
        let after = end(&lead);
        let mut inner = lead.into_inner();
        let (Some(condition), Some(then)) = (inner.next(), inner.next()) else {
            return Doc::Empty;
        };
        let place = (end(&condition), start(&then), end(&then));
        let condition = self.expr(condition);
        // `then` stands on a new line if a newline is on either side of it, the branch beside it.
        let before_then = self.line(place.0, place.1);
        let comments = self.before(place.1);
        let then = self.expr(then);
        let before_else = self.line(place.2, after);
        let dangling = self.before(after);
        let otherwise = match parts.peek().map(Node::as_rule) {
            Some(Rule::if_lead) => Doc::from([Doc::Text(" "), self.chain(parts, after)]),
            _ => self.rest(after, parts),
        };
        let broken = before_then.has_hard() || before_else.has_hard();
        let head = Doc::from([
            Doc::Text("if "),
            condition,
            before_then,
            Doc::Text("then "),
            comments,
            then.nest(),
            before_else,
            dangling,
            Doc::Text("else"),
        ]);
        Doc::from([Doc::Group(Box::new(head), broken), otherwise])
    }

    fn let_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>) -> Doc<'t> {
        let after = end(&lead);
        let mut docs = Vec::new();
        let mut last = None;
        for binding in lead.into_inner() {
            if let Some(last) = last {
                docs.push(self.between_lets(last, start(&binding)));
            }
            last = Some(end(&binding));
            docs.extend([Doc::Text("let "), self.binding(binding)]);
        }
        let last = last.unwrap_or(after);
        docs.push(self.trailing(last).map_or(Doc::Empty, |comment| Doc::from([comment, Doc::Break])));
        docs.push(self.in_body(last, after, parts));
        Doc::Concat(docs)
    }

    /// `in` and what follows it, after a binding or a condition that ended at `last`.
    fn in_body(&mut self, last: usize, after: usize, parts: &mut Parts<'t>) -> Doc<'t> {
        let before_in = self.before_in(last, after);
        let to = parts.peek().map_or(after, start);
        let gap = if self.newline(after, to) { Doc::Hard } else { Doc::Text(" ") };
        Doc::from([before_in, Doc::Text("in"), gap, self.chain(parts, after)])
    }

    fn before_in(&mut self, last: usize, after: usize) -> Doc<'t> {
        let (comments, _) = self.leading(last, after);
        match comments {
            Doc::Empty => self.gap(last, after),
            comments => Doc::from([Doc::Hard, comments]),
        }
    }

    /// Between two bindings of a `let`.
    pub(super) fn between_lets(&mut self, last: usize, to: usize) -> Doc<'t> {
        let trailing = self.trailing(last).unwrap_or(Doc::Empty);
        let (comments, blank) = self.leading(last, to);
        let gap = match (self.newline(last, to), blank) {
            (_, true) => Doc::Blank,
            (true, false) => Doc::Hard,
            (false, false) => Doc::Text(" "),
        };
        Doc::from([trailing, gap, comments])
    }

    fn assert_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>) -> Doc<'t> {
        let after = end(&lead);
        let mut inner = lead.into_inner();
        let Some(condition) = inner.next() else {
            return Doc::Empty;
        };
        let mut last = end(&condition);
        let mut docs = vec![Doc::Text("assert "), self.expr(condition)];
        if let Some(message) = inner.next() {
            let gap = self.gap(last, start(&message));
            last = end(&message);
            docs.extend([Doc::Text(","), Doc::from([gap, self.expr(message)]).nest()]);
        }
        docs.push(self.in_body(last, after, parts));
        Doc::Concat(docs)
    }

    /// The rules `operand` and `plain_operand`.
    fn operand(&mut self, node: Node<'t>) -> Doc<'t> {
        let comments = self.before(start(&node));
        let mut last = start(&node);
        let mut docs = Vec::new();
        let mut nested = Vec::new();
        let (mut hangs, mut is_path) = (false, false);
        for (index, part) in node.into_inner().enumerate() {
            let (from, to) = (last, start(&part));
            last = end(&part);
            match part.as_rule() {
                _ if index == 0 => {
                    is_path = part.as_rule() == Rule::path;
                    docs.push(self.primary(part));
                }
                Rule::dot => {
                    if self.newline(from, to) {
                        hangs = true;
                        nested.extend([Doc::Hard, self.before(to)]);
                    } else if index == 1 && is_path {
                        // Beside a path the dot and the name would be a part of it.
                        nested.push(Doc::Text(" "));
                    }
                    nested.push(Doc::Text(part.as_str()));
                }
                Rule::call => nested.push(self.call(part)),
                Rule::record => nested.extend([Doc::Text(" "), self.record(part)]),
                _ => nested.push(self.leaf(&part)),
            }
        }
        let postfixes = Doc::Concat(nested);
        docs.push(if hangs { postfixes.nest() } else { postfixes });
        Doc::from([comments, Doc::Concat(docs)])
    }

    fn call(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        let arguments: Vec<Node<'t>> = node.into_inner().collect();
        if let [only] = arguments.as_slice()
            && !self.newline(open, start(only))
        {
            let argument = self.argument(only.clone());
            let closing = self.before_closing(close);
            return Doc::from([Doc::Text("("), argument, closing, Doc::Text(")")]);
        }
        self.sequence(GROUP, open, close, arguments, Self::argument)
    }

    fn argument(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for part in node.into_inner() {
            if part.as_rule() == Rule::key_name {
                docs.extend([self.before(start(&part)), Doc::Text(part.as_str()), Doc::Text(" = ")]);
            } else {
                docs.push(self.expr(part));
            }
        }
        Doc::Concat(docs)
    }

    fn primary(&mut self, node: Node<'t>) -> Doc<'t> {
        match node.as_rule() {
            Rule::group => self.group(node),
            Rule::list => self.list(node),
            Rule::record => self.record(node),
            Rule::match_expr => self.match_expr(node),
            _ => self.leaf(&node),
        }
    }

    /// The rule `group`: an expression in parentheses, or parameters.
    pub(super) fn group(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        let items: Vec<Node<'t>> = node.into_inner().collect();
        let [only] = items.as_slice() else {
            return self.sequence(GROUP, open, close, items, Self::group_item);
        };
        let (first, last) = (start(only), end(only));
        if self.newline(open, first) {
            let comments = Doc::from([Doc::Hard, self.before(first)]);
            let inner = Doc::from([comments, self.group_item(only.clone())]).nest();
            let trailing = self.trailing(last).unwrap_or(Doc::Empty);
            let comments = self.dangling(last, close).map_or(Doc::Empty, |(doc, _)| Doc::from([Doc::Hard, doc]).nest());
            return Doc::from([Doc::Text("("), inner, trailing, comments, Doc::Hard, Doc::Text(")")]);
        }
        let inner = self.group_item(only.clone());
        let closing = self.before_closing(close);
        Doc::from([Doc::Text("("), inner, closing, Doc::Text(")")])
    }

    fn group_item(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for part in node.into_inner() {
            docs.push(match part.as_rule() {
                Rule::annotation => self.annotation(part),
                Rule::default => match part.into_inner().next() {
                    Some(value) => Doc::from([Doc::Text(" = "), self.expr(value)]),
                    None => Doc::Empty,
                },
                _ => self.expr(part),
            });
        }
        Doc::Concat(docs)
    }

    fn list(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        let parts: Vec<Node<'t>> = node.into_inner().collect();
        if parts.iter().any(|part| is_clause(part)) {
            return self.comprehension(LIST, open, close, parts);
        }
        if let [only] = parts.as_slice()
            && !self.newline(open, start(only))
            && is_bracketed(only)
        {
            let item = self.list_item(only.clone());
            let closing = self.before_closing(close);
            return Doc::from([Doc::Text("["), item, closing, Doc::Text("]")]);
        }
        self.sequence(LIST, open, close, parts, Self::list_item)
    }

    fn list_item(&mut self, node: Node<'t>) -> Doc<'t> {
        if node.as_rule() == Rule::spread { self.spread(node) } else { self.expr(node) }
    }

    fn spread(&mut self, node: Node<'t>) -> Doc<'t> {
        let comments = self.before(start(&node));
        let value = node.into_inner().next().map_or(Doc::Empty, |value| self.expr(value));
        Doc::from([comments, Doc::Text("..."), value])
    }

    pub(super) fn record(&mut self, node: Node<'t>) -> Doc<'t> {
        let (open, close) = (start(&node), end(&node) - 1);
        let parts: Vec<Node<'t>> = node.into_inner().collect();
        if parts.iter().any(|part| is_clause(part)) {
            return self.comprehension(RECORD, open, close, parts);
        }
        self.sequence(RECORD, open, close, parts, Self::record_item)
    }

    fn record_item(&mut self, node: Node<'t>) -> Doc<'t> {
        match node.as_rule() {
            Rule::record_field => self.record_field(node),
            Rule::spread => self.spread(node),
            _ => {
                let comments = self.before(start(&node));
                Doc::from([comments, Doc::Text(node.as_str())])
            }
        }
    }

    fn record_field(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = vec![self.before(start(&node))];
        let mut last = start(&node);
        for part in node.into_inner() {
            let (from, to) = (last, start(&part));
            last = end(&part);
            match part.as_rule() {
                Rule::key_path => docs.push(self.key_path(part)),
                Rule::annotation => docs.push(self.annotation(part)),
                _ => docs.extend([Doc::Text(" ="), self.body(from, to, |this| this.expr(part))]),
            }
        }
        Doc::Concat(docs)
    }

    fn key_path(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = Vec::new();
        for key in node.into_inner() {
            if !docs.is_empty() {
                docs.push(Doc::Text("."));
            }
            docs.push(match key.as_rule() {
                Rule::computed => {
                    let close = end(&key) - 1;
                    let value = key.into_inner().next().map_or(Doc::Empty, |value| self.expr(value));
                    Doc::from([Doc::Text("("), value, self.before_closing(close), Doc::Text(")")])
                }
                _ => self.leaf(&key),
            });
        }
        Doc::Concat(docs)
    }

    /// A list or record with `for`: the value and each clause may have a line of their own.
    fn comprehension(
        &mut self,
        style: super::sequence::Style,
        open: usize,
        close: usize,
        parts: Vec<Node<'t>>,
    ) -> Doc<'t> {
        let (opening, closing) = style.brackets;
        let forced = parts.first().is_some_and(|first| self.newline(open, start(first)));
        let mut docs = Vec::new();
        for part in parts {
            docs.push(Doc::Line(style.padded || !docs.is_empty()));
            docs.push(self.before(start(&part)));
            docs.push(match part.as_rule() {
                Rule::for_clause | Rule::if_clause => self.clause(part),
                Rule::record_field | Rule::short | Rule::rest => self.record_item(part),
                _ => self.list_item(part),
            });
        }
        let dangling = self.before_closing(close);
        let end = if dangling.has_hard() { Doc::Empty } else { Doc::Line(style.padded) };
        let doc = Doc::from([Doc::Text(opening), Doc::Concat(docs).nest(), dangling, end, Doc::Text(closing)]);
        let broken = forced || doc.has_hard();
        Doc::Group(Box::new(doc), broken)
    }

    fn clause(&mut self, node: Node<'t>) -> Doc<'t> {
        let is_for = node.as_rule() == Rule::for_clause;
        let mut docs = vec![Doc::Text(if is_for { "for " } else { "if " })];
        for part in node.into_inner() {
            if part.as_rule() == Rule::pattern {
                docs.extend([self.pattern(part), Doc::Text(" in ")]);
            } else {
                docs.push(self.expr(part));
            }
        }
        Doc::Concat(docs)
    }

    fn match_expr(&mut self, node: Node<'t>) -> Doc<'t> {
        let close = end(&node) - 1;
        let mut inner = node.into_inner();
        let Some(value) = inner.next() else {
            return Doc::Empty;
        };
        let last = end(&value);
        let value = self.expr(value);
        let brace = self.code_from(last, '{').unwrap_or(last);
        let arms = self.sequence(RECORD, brace, close, inner.collect(), Self::arm);
        Doc::from([Doc::Text("match "), value, Doc::Text(" "), arms])
    }

    fn arm(&mut self, node: Node<'t>) -> Doc<'t> {
        let mut docs = vec![self.before(start(&node))];
        let mut last = start(&node);
        for part in node.into_inner() {
            let (from, to) = (last, start(&part));
            last = end(&part);
            match part.as_rule() {
                Rule::pattern => docs.push(self.pattern(part)),
                Rule::guard => {
                    let guard = part.into_inner().next();
                    let guard = guard.map_or(Doc::Empty, |guard| self.expr(guard));
                    docs.extend([Doc::Text(" if "), guard]);
                }
                _ => docs.extend([Doc::Text(" =>"), self.body(from, to, |this| this.expr(part))]),
            }
        }
        Doc::Concat(docs)
    }

    /// The first `wanted` of the code after a place, outside of comments.
    pub(super) fn code_from(&self, from: usize, wanted: char) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.text.get(at..)?;
            let next = rest.find([wanted, '#'])?;
            if rest[next..].starts_with(wanted) {
                return Some(at + next);
            }
            at += next + rest[next..].find('\n')?;
        }
    }
}

/// Whether an expression has no operators and ends with a bracket, within which it can be broken.
fn is_bracketed(node: &Node<'_>) -> bool {
    let mut parts = node.clone().into_inner();
    let is_operand = parts.next().is_some_and(|part| part.as_rule() == Rule::operand);
    is_operand && parts.next().is_none() && node.as_str().trim_end().ends_with([']', ')', '}'])
}

fn is_clause(node: &Node<'_>) -> bool {
    matches!(node.as_rule(), Rule::for_clause | Rule::if_clause)
}
