//! `[value for x in list if condition]` and `{ key = value for ... }`.

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, Frame, NOWHERE};
use crate::failure::{Failure, Result};
use crate::ir::{Clause, ListFor, RecordFor};
use crate::record::Record;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    pub(super) fn list_for(&self, parts: &'v ListFor<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let mut items = Vec::new();
        let span = parts.clauses.first().map_or(NOWHERE, Clause::span);
        self.each(parts.clauses, frame, &mut || {
            items.push(self.delay(&parts.value, frame));
            self.reserve_now_and_then(&items, span)
        })?;
        Ok(self.list(&items))
    }

    pub(super) fn record_for(&self, parts: &'v RecordFor<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let mut fields = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        self.each(parts.clauses, frame, &mut || {
            let name = self.key(&parts.key, frame)?;
            self.only_once(&mut seen, name, parts.key.span)?;
            fields.push((name, self.delay(&parts.value, frame)));
            self.reserve_now_and_then(&fields, parts.key.span)
        })?;
        Ok(self.record(Record::new(self.arena, fields)))
    }

    /// Looks at the limit of memory each time that so many more have gathered outside of the arena, where they go next.
    fn reserve_now_and_then<T>(&self, gathered: &[T], span: Span) -> Result<()> {
        match gathered.len() & 0xfff {
            0xfff => self.reserve(2 * size_of_val(gathered), span),
            _ => Ok(()),
        }
    }

    /// Runs `body` for everything that the clauses lead to, with their names bound in `frame`.
    fn each(
        &self,
        clauses: &'v [Clause<'v>],
        frame: &Frame<'_, 'v>,
        body: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let Some((first, rest)) = clauses.split_first() else {
            return body();
        };
        match first {
            Clause::If(condition) if self.condition(condition, frame)? => self.each(rest, frame, body),
            Clause::If(_) => Ok(()),
            Clause::For(pattern, list) => {
                let items = match self.eval(list, frame)? {
                    Value::List(items) => items,
                    other => return Err(self.not_iterable(other, list)),
                };
                self.count_steps(items.len(), list.span)?;
                for (count, item) in items.iter().enumerate() {
                    if count & 0xfff == 0xfff {
                        self.reserve(0, list.span)?;
                    }
                    if !self.matches(pattern, *item, frame)? {
                        return Err(Failure::new(
                            codes::NO_MATCH,
                            "an element of the list does not have the form that `for` expects",
                        )
                        .at(list.span, format!("the element is {}", self.glimpse(*item))));
                    }
                    self.each(rest, frame, body)?;
                }
                Ok(())
            }
        }
    }

    fn not_iterable(&self, found: Value<'v>, list: &crate::ir::Node<'v>) -> Failure {
        let failure = Failure::new(codes::KIND, format!("`for` needs a list, found {}", found.kind()))
            .at(list.span, format!("this is {}", self.glimpse(found)));
        match found {
            Value::Record(_) => failure.help("go over its names with `record.names(r)`"),
            _ => failure,
        }
    }
}
