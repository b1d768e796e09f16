//! Patterns of `match` and `for`.

use xb_core::Span;
use xb_syntax::ast::{self, Expr, ExprKind, PatternKind};

use super::Lowering;
use crate::codes;
use crate::ir::{Arm, Kind, Match, Pattern};
use crate::value::Value;

impl<'v> Lowering<'_, 'v> {
    pub(super) fn match_arms(&mut self, subject: &Expr, arms: &[ast::Arm]) -> Kind<'v> {
        let subject = self.expr(subject);
        let arms = arms
            .iter()
            .map(|arm| {
                let mark = self.mark();
                let pattern = self.pattern(&arm.pattern);
                let guard = arm.guard.as_ref().map(|guard| self.expr(guard));
                let value = self.expr(&arm.value);
                self.hide(mark);
                Arm { pattern, guard, value }
            })
            .collect();
        let arms = self.slice(arms);
        Kind::Match(self.alloc(Match { subject, arms }))
    }

    pub(super) fn pattern(&mut self, pattern: &ast::Pattern) -> Pattern<'v> {
        let mark = self.mark();
        self.part(pattern, mark)
    }

    /// A part of a pattern whose names are shown from `mark` on.
    fn part(&mut self, pattern: &ast::Pattern, mark: usize) -> Pattern<'v> {
        match &pattern.kind {
            PatternKind::Any => Pattern::Any,
            PatternKind::Bind(name) => Pattern::Bind(self.bind(name, pattern.span, mark)),
            PatternKind::Literal(literal) => Pattern::Literal(self.literal(literal)),
            PatternKind::List(items, rest) => {
                let items = items.iter().map(|item| self.part(item, mark)).collect();
                let items = self.slice(items);
                let rest = rest.as_ref().map(|name| name.as_ref().map(|name| self.bind(&name.text, name.span, mark)));
                Pattern::List(items, rest)
            }
            PatternKind::Record(fields, open) => {
                let fields = fields
                    .iter()
                    .map(|(name, pattern)| {
                        let inner = match pattern {
                            Some(pattern) => self.part(pattern, mark),
                            None => Pattern::Bind(self.bind(&name.text, name.span, mark)),
                        };
                        (self.symbol(&name.text), inner)
                    })
                    .collect();
                Pattern::Record(self.slice(fields), *open)
            }
            PatternKind::Or(patterns) => {
                let patterns = patterns.iter().map(|pattern| self.part(pattern, mark)).collect();
                Pattern::Or(self.slice(patterns))
            }
        }
    }

    fn bind(&mut self, name: &str, span: Span, mark: usize) -> u32 {
        let slot = self.slot();
        let symbol = self.symbol(name);
        if name != "_" && self.is_shown_since(mark, symbol) {
            self.report_twice(codes::BOUND_TWICE, "the name", name, span);
        }
        self.show(symbol, slot);
        slot
    }

    fn literal(&mut self, literal: &Expr) -> Value<'v> {
        match (&literal.kind, self.expr(literal).kind) {
            (ExprKind::Invalid, _) => Value::Null,
            (_, Kind::Const(value)) => value,
            _ => Value::Null,
        }
    }
}
