//! `match` and its patterns.

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, Frame};
use crate::failure::{Failure, Result};
use crate::ir::{Match, Pattern};
use crate::record::Record;
use crate::symbol::Symbol;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    pub(super) fn eval_match(&self, parts: &'v Match<'v>, span: Span, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let subject = self.eval(&parts.subject, frame)?;
        for arm in parts.arms {
            if !self.matches(&arm.pattern, subject, frame)? {
                continue;
            }
            let holds = match &arm.guard {
                Some(guard) => self.condition(guard, frame)?,
                None => true,
            };
            if holds {
                return self.eval(&arm.value, frame);
            }
        }
        Err(Failure::new(codes::NO_MATCH, "no arm of this `match` fits the value")
            .at(parts.subject.span, format!("this is {}", self.glimpse(subject)))
            .at(span, "in this `match`")
            .help("add an arm `_ => ...` for all other values"))
    }

    /// Whether a value has a pattern's form; binds the pattern's names in `frame`.
    pub(super) fn matches(&self, pattern: &Pattern<'v>, value: Value<'v>, frame: &Frame<'_, 'v>) -> Result<bool> {
        match pattern {
            Pattern::Any => Ok(true),
            Pattern::Bind(slot) => {
                frame.locals[*slot as usize].set(value);
                Ok(true)
            }
            Pattern::Literal(literal) => {
                let value = self.force(value)?;
                Ok(same_literal(*literal, value))
            }
            Pattern::Or(patterns) => {
                for pattern in *patterns {
                    if self.matches(pattern, value, frame)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Pattern::List(patterns, rest) => match self.force(value)? {
                Value::List(items) => self.matches_list(patterns, *rest, items, frame),
                _ => Ok(false),
            },
            Pattern::Record(fields, open) => match self.force(value)? {
                Value::Record(record) => self.matches_record(fields, *open, record, frame),
                _ => Ok(false),
            },
        }
    }

    fn matches_list(
        &self,
        patterns: &[Pattern<'v>],
        rest: Option<Option<u32>>,
        items: &'v [Value<'v>],
        frame: &Frame<'_, 'v>,
    ) -> Result<bool> {
        if items.len() < patterns.len() || (rest.is_none() && items.len() > patterns.len()) {
            return Ok(false);
        }
        for (pattern, item) in patterns.iter().zip(items) {
            if !self.matches(pattern, *item, frame)? {
                return Ok(false);
            }
        }
        if let Some(Some(slot)) = rest {
            let tail = self.arena.alloc(&items[patterns.len()..]);
            frame.locals[slot as usize].set(Value::List(tail));
        }
        Ok(true)
    }

    fn matches_record(
        &self,
        fields: &[(Symbol, Pattern<'v>)],
        open: bool,
        record: &Record<'v>,
        frame: &Frame<'_, 'v>,
    ) -> Result<bool> {
        if !open && record.len() != fields.len() {
            return Ok(false);
        }
        for (name, pattern) in fields {
            let Some(value) = record.get(*name) else {
                return Ok(false);
            };
            if !self.matches(pattern, value, frame)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn same_literal(literal: Value<'_>, value: Value<'_>) -> bool {
    match (literal, value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => {
            super::operator::order_mixed(a, b).is_eq()
        }
        (Value::String(a), Value::String(b)) => a == b,
        (Value::String(a), Value::Arch(b)) => *a == b.debian(),
        _ => false,
    }
}
