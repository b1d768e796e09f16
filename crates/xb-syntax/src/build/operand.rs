//! Operands: literals, lists, records, `match`, and the calls and fields that follow them.

use pest::iterators::Pairs;
use xb_core::{Diagnostic, Span};

use super::{Builder, Node, fitted};
use crate::ast::{Argument, Arm, Clause, Expr, ExprKind, Key, ListItem, RecordItem, StringPart};
use crate::codes;
use crate::grammar::Rule;

impl<'t> Builder<'t> {
    /// Builds the rules `operand` and `plain_operand`.
    pub(super) fn operand(&mut self, node: Node<'t>) -> Expr {
        let whole = self.span(&node);
        let mut inner = node.into_inner();
        let levels = inner.len();
        self.deeper(levels, whole, |this| {
            let Some(first) = inner.next() else {
                return Self::invalid(whole);
            };
            let mut expr = this.primary(first);
            while let Some(postfix) = inner.next() {
                expr = this.postfix(expr, postfix, &mut inner);
            }
            expr
        })
    }

    fn primary(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::name => ExprKind::Name(node.as_str().into()),
            Rule::group => return self.group(node),
            Rule::text_line => ExprKind::String(self.text_line(node)),
            Rule::text_block => ExprKind::String(self.text_block(node)),
            Rule::script => ExprKind::Script(self.script(node)),
            Rule::list => return self.list(node),
            Rule::record => return self.record(node),
            Rule::number => return self.number(&node),
            Rule::path => ExprKind::Path(node.as_str().into()),
            Rule::match_expr => self.match_expr(node),
            _ => Self::constant(node.as_str()),
        };
        Expr { kind, span }
    }

    pub(super) fn constant(text: &str) -> ExprKind {
        match text {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ => ExprKind::Null,
        }
    }

    fn postfix(&mut self, base: Expr, node: Node<'t>, rest: &mut Pairs<'t, Rule>) -> Expr {
        let span = base.span.to(self.span(&node));
        let kind = match node.as_rule() {
            Rule::call => ExprKind::Call(Box::new(base), self.arguments(node)),
            Rule::record => {
                if matches!(&base.kind, ExprKind::Name(name) if &**name == "rec") {
                    self.say(crate::diagnose::rec(base.span));
                }
                let value = self.record(node);
                ExprKind::Call(Box::new(base), vec![Argument { name: None, value }])
            }
            _ => return self.member(base, &node, rest),
        };
        Expr { kind, span }
    }

    /// A dot and the key after it.
    fn member(&mut self, base: Expr, dot: &Node<'t>, rest: &mut Pairs<'t, Rule>) -> Expr {
        let maybe = dot.as_str() == "?.";
        let Some(key) = rest.next() else {
            return Self::invalid(base.span);
        };
        let span = base.span.to(self.span(&key));
        if !maybe && key.as_rule() == Rule::key_name && key.as_str() == "with" {
            return self.with(base, span, rest);
        }
        let key = Box::new(self.key(key));
        let base = Box::new(base);
        let kind = if maybe { ExprKind::MaybeField(base, key) } else { ExprKind::Field(base, key) };
        Expr { kind, span }
    }

    /// `base.with`, which takes the call that must follow.
    fn with(&mut self, base: Expr, span: Span, rest: &mut Pairs<'t, Rule>) -> Expr {
        let change = match rest.next() {
            Some(node) if node.as_rule() == Rule::record => Some(self.record(node)),
            Some(node) if node.as_rule() == Rule::call => {
                let mut arguments = self.arguments(node);
                let only = arguments.pop().filter(|last| last.name.is_none());
                only.filter(|_| arguments.is_empty()).map(|only| only.value)
            }
            _ => None,
        };
        let Some(change) = change else {
            self.say(
                Diagnostic::error(codes::BARE_WITH, "`.with` needs one record of fields")
                    .label(span, "here")
                    .help("write `.with { field = value }`"),
            );
            return Self::invalid(span);
        };
        let span = span.to(change.span);
        let kind = ExprKind::With(Box::new(base), Box::new(change));
        Expr { kind, span }
    }

    /// Builds `key_name`, `text_line` (where a key stands) and `computed`.
    pub(super) fn key(&mut self, node: Node<'t>) -> Key {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::key_name => Key::Name(self.name(&node)),
            Rule::computed => Key::Expr(self.next_expr(&mut node.into_inner(), span)),
            _ => {
                let kind = ExprKind::String(self.text_line(node));
                Key::Expr(Expr { kind, span })
            }
        }
    }

    fn arguments(&mut self, node: Node<'t>) -> Vec<Argument> {
        fitted(node.into_inner().map(|argument| self.argument(argument)).collect::<Vec<_>>())
    }

    fn argument(&mut self, node: Node<'t>) -> Argument {
        let span = self.span(&node);
        let mut inner = node.into_inner().peekable();
        let name = inner.next_if(|first| first.as_rule() == Rule::key_name).map(|name| self.name(&name));
        let value = match inner.next() {
            Some(value) => self.expr(value),
            None => Self::invalid(span),
        };
        Argument { name, value }
    }

    fn list(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let mut items = Vec::new();
        let mut clauses = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::expr => items.push(ListItem::Value(self.expr(part))),
                Rule::spread => items.push(ListItem::Spread(self.spread(part))),
                _ => clauses.extend(self.clause(part)),
            }
        }
        if clauses.is_empty() {
            let kind = ExprKind::List(fitted(items));
            return Expr { kind, span };
        }
        match (items.pop(), items.is_empty()) {
            (Some(ListItem::Value(value)), true) => {
                let kind = ExprKind::ListFor(Box::new(value), clauses);
                Expr { kind, span }
            }
            _ => self.comprehension(span, "[value for x in list]"),
        }
    }

    fn comprehension(&mut self, span: Span, form: &str) -> Expr {
        self.say(
            Diagnostic::error(codes::COMPREHENSION, "a comprehension has exactly one thing before `for`")
                .label(span, "this one")
                .help(format!("the form is `{form}`")),
        );
        Self::invalid(span)
    }

    fn spread(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        self.next_expr(&mut node.into_inner(), span)
    }

    fn clause(&mut self, node: Node<'t>) -> Option<Clause> {
        let span = self.span(&node);
        let is_for = node.as_rule() == Rule::for_clause;
        let mut inner = node.into_inner();
        if !is_for {
            return Some(Clause::If(self.next_expr(&mut inner, span)));
        }
        let pattern = self.pattern(inner.next()?);
        Some(Clause::For(pattern, self.next_expr(&mut inner, span)))
    }

    /// Builds the rule `record`, which covers comprehensions.
    pub(super) fn record(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let mut items = Vec::new();
        let mut clauses = Vec::new();
        let mut last: Option<Span> = None;
        for part in node.into_inner() {
            let place = self.span(&part);
            if matches!(part.as_rule(), Rule::for_clause | Rule::if_clause) {
                clauses.extend(self.clause(part));
                continue;
            }
            if let Some(last) = last.replace(place) {
                self.separated("fields", last, place);
            }
            items.extend(self.record_item(part));
        }
        if clauses.is_empty() {
            let kind = ExprKind::Record(fitted(items));
            return Expr { kind, span };
        }
        self.record_for(items, clauses, span)
    }

    fn record_for(&mut self, mut items: Vec<RecordItem>, clauses: Vec<Clause>, span: Span) -> Expr {
        match (items.pop(), items.is_empty()) {
            (Some(RecordItem::Field { key: Key::Expr(key), annotation: None, value }), true) => {
                let kind = ExprKind::RecordFor(Box::new(key), Box::new(value), clauses);
                Expr { kind, span }
            }
            _ => self.comprehension(span, "{ (key) = value for x in list }"),
        }
    }

    fn record_item(&mut self, node: Node<'t>) -> Option<RecordItem> {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::short => node.into_inner().next().map(|name| RecordItem::Short(self.name(&name))),
            Rule::spread => Some(RecordItem::Spread(self.spread(node))),
            Rule::rest => {
                self.say(
                    Diagnostic::error(codes::STRAY_REST, "`...` without a record to spread")
                        .label(span, "nothing follows")
                        .note("`...` alone stands in parameters and patterns: `({ a, ... }) => a`")
                        .help("write `...record`"),
                );
                None
            }
            _ => self.record_field(node),
        }
    }

    fn record_field(&mut self, node: Node<'t>) -> Option<RecordItem> {
        let span = self.span(&node);
        let mut inner = node.into_inner().peekable();
        let mut keys: Vec<Key> = inner.next()?.into_inner().map(|key| self.key(key)).collect();
        let annotation = inner.next_if(|part| part.as_rule() == Rule::annotation).map(|part| self.annotation(part));
        let value = match inner.next() {
            Some(value) => self.expr(value),
            None => Self::invalid(span),
        };
        if keys.len() > 1 {
            let value = Self::annotated(value, annotation);
            return Some(RecordItem::Nested { keys, value });
        }
        let key = keys.pop()?;
        Some(RecordItem::Field { key, annotation, value })
    }

    fn match_expr(&mut self, node: Node<'t>) -> ExprKind {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let value = self.next_expr(&mut inner, span);
        let mut arms = Vec::new();
        let mut last: Option<Span> = None;
        for node in inner {
            let place = self.span(&node);
            if let Some(last) = last.replace(place) {
                self.separated("arms", last, place);
            }
            arms.extend(self.arm(node));
        }
        ExprKind::Match(Box::new(value), arms)
    }

    fn arm(&mut self, node: Node<'t>) -> Option<Arm> {
        let span = self.span(&node);
        let mut inner = node.into_inner().peekable();
        let pattern = self.pattern(inner.next()?);
        let guard = inner
            .next_if(|part| part.as_rule() == Rule::guard)
            .and_then(|guard| guard.into_inner().next())
            .map(|guard| self.expr(guard));
        let value = match inner.next() {
            Some(value) => self.expr(value),
            None => Self::invalid(span),
        };
        Some(Arm { pattern, guard, value })
    }

    /// The text of a string without interpolation, if it is one.
    pub(super) fn plain_text(parts: &[StringPart]) -> Option<String> {
        parts
            .iter()
            .map(|part| match part {
                StringPart::Text(text) => Some(&**text),
                StringPart::Expr(_) => None,
            })
            .collect()
    }
}
