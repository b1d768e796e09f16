//! Patterns of `match` and `for`.

use xb_core::{Diagnostic, Span};

use super::{Builder, Node};
use crate::ast::{Expr, ExprKind, Name, Pattern, PatternKind};
use crate::codes;
use crate::grammar::Rule;

impl<'t> Builder<'t> {
    /// Builds the rule `pattern`.
    pub(super) fn pattern(&mut self, node: Node<'t>) -> Pattern {
        let span = self.span(&node);
        let mut options: Vec<Pattern> = node.into_inner().map(|one| self.one_pattern(one)).collect();
        match (options.pop(), options.is_empty()) {
            (None, _) => Pattern { kind: PatternKind::Any, span },
            (Some(only), true) => only,
            (Some(last), false) => {
                options.push(last);
                self.no_names(&options);
                let kind = PatternKind::Or(options);
                Pattern { kind, span }
            }
        }
    }

    /// Alternatives bind no names, as only one of them matches.
    fn no_names(&mut self, options: &[Pattern]) {
        let Some(bound) = options.iter().find_map(first_name) else {
            return;
        };
        self.say(
            Diagnostic::error(codes::PATTERN, "alternatives of a pattern cannot bind names")
                .label(bound, "this would be bound by one of them only")
                .help("write one arm for each alternative, or `_` in place of the name"),
        );
    }

    fn one_pattern(&mut self, node: Node<'t>) -> Pattern {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::any => PatternKind::Any,
            Rule::name => PatternKind::Bind(node.as_str().into()),
            Rule::list_pattern => self.list_pattern(node),
            Rule::record_pattern => self.record_pattern(node),
            _ => PatternKind::Literal(self.literal_pattern(node)),
        };
        Pattern { kind, span }
    }

    fn literal_pattern(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let parts = match node.as_rule() {
            Rule::number => return self.number(&node),
            Rule::negative => return self.negative(node),
            Rule::text_line => self.text_line(node),
            Rule::text_block => self.text_block(node),
            _ => {
                let kind = Self::constant(node.as_str());
                return Expr { kind, span };
            }
        };
        if Self::plain_text(&parts).is_none() {
            self.say(
                Diagnostic::error(codes::PATTERN, "a string in a pattern cannot interpolate")
                    .label(span, "`${}` in here")
                    .help("bind a name and compare in a guard: `x if x == \"...\" => ...`"),
            );
        }
        let kind = ExprKind::String(parts);
        Expr { kind, span }
    }

    fn negative(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let Some(number) = node.into_inner().next() else {
            return Self::invalid(span);
        };
        if number.as_str() == super::literal::SMALLEST {
            let kind = ExprKind::Int(i64::MIN);
            return Expr { kind, span };
        }
        let kind = match self.number(&number).kind {
            ExprKind::Int(value) => ExprKind::Int(-value),
            ExprKind::Float(value) => ExprKind::Float(-value),
            other => other,
        };
        Expr { kind, span }
    }

    fn list_pattern(&mut self, node: Node<'t>) -> PatternKind {
        let mut items = Vec::new();
        let mut rest: Option<Option<Name>> = None;
        for part in node.into_inner() {
            let span = self.span(&part);
            if rest.is_some() {
                self.after_rest(span);
            } else if part.as_rule() == Rule::rest_pattern {
                rest = Some(part.into_inner().next().map(|name| self.name(&name)));
            } else {
                items.push(self.pattern(part));
            }
        }
        PatternKind::List(items, rest)
    }

    fn record_pattern(&mut self, node: Node<'t>) -> PatternKind {
        let mut fields = Vec::new();
        let mut open = false;
        let mut last: Option<Span> = None;
        for part in node.into_inner() {
            let span = self.span(&part);
            if let Some(last) = last.replace(span) {
                self.separated("fields", last, span);
            }
            if open {
                self.after_rest(span);
            } else if part.as_rule() == Rule::rest {
                open = true;
            } else {
                fields.extend(self.field_pattern(part));
            }
        }
        PatternKind::Record(fields, open)
    }

    fn field_pattern(&mut self, node: Node<'t>) -> Option<(Name, Option<Pattern>)> {
        let mut inner = node.into_inner();
        let name = inner.next().map(|name| self.name(&name))?;
        let pattern = inner.next().map(|pattern| self.pattern(pattern));
        Some((name, pattern))
    }

    fn after_rest(&mut self, span: Span) {
        self.say(
            Diagnostic::error(codes::PATTERN, "`...` is the last thing in a pattern")
                .label(span, "this follows `...`")
                .help("move `...` to the end"),
        );
    }
}

/// Where a pattern first binds a name.
fn first_name(pattern: &Pattern) -> Option<Span> {
    match &pattern.kind {
        PatternKind::Any | PatternKind::Literal(_) => None,
        PatternKind::Bind(_) => Some(pattern.span),
        PatternKind::List(items, rest) => {
            items.iter().find_map(first_name).or_else(|| rest.as_ref()?.as_ref().map(|name| name.span))
        }
        PatternKind::Record(fields, _) => {
            fields.iter().find_map(|(name, pattern)| pattern.as_ref().map_or(Some(name.span), first_name))
        }
        PatternKind::Or(options) => options.iter().find_map(first_name),
    }
}
