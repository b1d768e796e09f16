//! Patterns of `match` and `for`.

use xb_syntax::ast::{self, Expr, ExprKind, PatternKind};

use super::Lowering;
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
        match &pattern.kind {
            PatternKind::Any => Pattern::Any,
            PatternKind::Bind(name) => Pattern::Bind(self.bind(name)),
            PatternKind::Literal(literal) => Pattern::Literal(self.literal(literal)),
            PatternKind::List(items, rest) => {
                let items = items.iter().map(|item| self.pattern(item)).collect();
                let items = self.slice(items);
                let rest = rest.as_ref().map(|name| name.as_ref().map(|name| self.bind(&name.text)));
                Pattern::List(items, rest)
            }
            PatternKind::Record(fields, open) => {
                let fields = fields
                    .iter()
                    .map(|(name, pattern)| {
                        let inner = match pattern {
                            Some(pattern) => self.pattern(pattern),
                            None => Pattern::Bind(self.bind(&name.text)),
                        };
                        (self.symbol(&name.text), inner)
                    })
                    .collect();
                Pattern::Record(self.slice(fields), *open)
            }
            PatternKind::Or(patterns) => {
                let patterns = patterns.iter().map(|pattern| self.pattern(pattern)).collect();
                Pattern::Or(self.slice(patterns))
            }
        }
    }

    fn bind(&mut self, name: &str) -> u32 {
        let slot = self.slot();
        let name = self.symbol(name);
        self.show(name, slot);
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
