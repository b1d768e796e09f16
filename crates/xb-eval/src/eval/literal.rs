//! Lists, records and strings.

use std::fmt::Write;

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, Frame};
use crate::failure::{Failure, Result};
use crate::ir::{Delayed, Kind, ListPart, Node, Piece, RecordPart};
use crate::record::{Field, Record};
use crate::symbol::Symbol;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    pub(super) fn make_list(&self, items: &'v [Delayed<'v>], frame: &Frame<'_, 'v>) -> Value<'v> {
        let items: &'v [Value<'v>] = self.arena.alloc_slice_fill_with(items.len(), |at| self.delay(&items[at], frame));
        Value::List(self.arena.alloc(items))
    }

    pub(super) fn make_record(&self, fields: &'v [(Symbol, Delayed<'v>)], frame: &Frame<'_, 'v>) -> Value<'v> {
        let fields =
            self.arena.alloc_slice_fill_with(fields.len(), |at| (fields[at].0, self.delay(&fields[at].1, frame)));
        self.record(Record::from_slice(self.arena, fields))
    }

    /// The value; a record that is written there has its fields evaluated.
    pub(crate) fn eval_fields(&self, delayed: &Delayed<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let Delayed::Ready(Node { kind: Kind::Record(fields), .. }) = delayed else {
            return self.eval_delayed(delayed, frame);
        };
        let mut evaluated: smallvec::SmallVec<[Field<'v>; 12]> = smallvec::SmallVec::new();
        for (name, value) in *fields {
            evaluated.push((*name, self.eval_delayed(value, frame)?));
        }
        Ok(self.record(Record::from_sorted(self.arena, &evaluated)))
    }

    pub(super) fn list_parts(&self, parts: &'v [ListPart<'v>], frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let mut items = Vec::new();
        for part in parts {
            match part {
                ListPart::Value(value) => items.push(self.delay(value, frame)),
                ListPart::Spread(node) => match self.eval(node, frame)? {
                    Value::List(more) => {
                        self.reserve(2 * (size_of_val(&*items) + size_of_val(*more)), node.span)?;
                        items.extend_from_slice(more);
                    }
                    other => return Err(self.not_spreadable("list", other, node)),
                },
            }
        }
        Ok(self.list(&items))
    }

    fn not_spreadable(&self, expected: &str, found: Value<'v>, node: &Node<'v>) -> Failure {
        Failure::new(codes::KIND, format!("`...` in a {expected} needs a {expected}, found {}", found.kind()))
            .at(node.span, format!("this is {}", self.glimpse(found)))
    }

    /// Later items win over spreads before them; a name that is written twice is an error.
    pub(super) fn record_parts(&self, parts: &'v [RecordPart<'v>], frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let mut record = Record::EMPTY;
        let mut named: Vec<Field<'v>> = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        for part in parts {
            match part {
                RecordPart::Spread(node) => match self.eval(node, frame)? {
                    Value::Record(more) => {
                        self.reserve(record.bytes_to_merge(more), node.span)?;
                        let below = Record::new(self.arena, std::mem::take(&mut named));
                        record = record.merge(self.arena, &below).merge(self.arena, more);
                    }
                    other => return Err(self.not_spreadable("record", other, node)),
                },
                RecordPart::Field(name, span, value) => {
                    self.only_once(&mut seen, *name, *span)?;
                    named.push((*name, self.delay(value, frame)));
                }
                RecordPart::Computed(key, value) => {
                    let name = self.key(key, frame)?;
                    self.only_once(&mut seen, name, key.span)?;
                    named.push((name, self.delay(value, frame)));
                }
            }
        }
        let named = Record::new(self.arena, named);
        Ok(self.record(record.merge(self.arena, &named)))
    }

    pub(super) fn only_once(&self, seen: &mut rustc_hash::FxHashSet<Symbol>, name: Symbol, span: Span) -> Result<()> {
        if seen.insert(name) {
            return Ok(());
        }
        let name = self.symbols.name(name);
        Err(Failure::new(codes::DUPLICATE, format!("the field `{name}` is given twice")).at(span, "the second time"))
    }

    /// The name that a computed key gives.
    pub(super) fn key(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Symbol> {
        match self.eval(node, frame)? {
            Value::String(name) => Ok(self.symbols.intern(name)),
            Value::Arch(arch) => Ok(self.symbols.intern(arch.debian())),
            other => Err(Failure::new(codes::KIND, format!("the name of a field is a string, found {}", other.kind()))
                .at(node.span, format!("this is {}", self.glimpse(other)))),
        }
    }

    /// The pieces are evaluated before any is written, so that the text is written once, where room is reserved for it.
    pub(super) fn interpolate(&self, pieces: &'v [Piece<'v>], frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let mut values: smallvec::SmallVec<[Value<'v>; 6]> = smallvec::SmallVec::new();
        let mut length = 0_usize;
        for piece in pieces {
            match piece {
                Piece::Text(part) => length = length.saturating_add(part.len()),
                Piece::Expr(node) => {
                    let value = self.eval(node, frame)?;
                    length = length.saturating_add(self.length_in_text(value, node.span)?);
                    self.reserve(length, node.span)?;
                    values.push(value);
                }
            }
        }
        let mut values = values.into_iter();
        Ok(self.written(length, |text| {
            for piece in pieces {
                match piece {
                    Piece::Text(part) => text.push_str(part),
                    Piece::Expr(_) => values.by_ref().take(1).for_each(|value| write_in_text(text, value)),
                }
            }
        }))
    }

    /// What a value reads like inside a string.
    pub(crate) fn in_text(&self, value: Value<'v>, span: Span) -> Result<&'v str> {
        if let Value::String(text) = value {
            return Ok(text);
        }
        let length = self.length_in_text(value, span)?;
        let mut text = bumpalo::collections::String::with_capacity_in(length, self.arena);
        write_in_text(&mut text, value);
        Ok(text.into_bump_str())
    }

    /// How many bytes a value takes inside a string, or may take where it is a float.
    fn length_in_text(&self, value: Value<'v>, span: Span) -> Result<usize> {
        match value {
            Value::String(text) => Ok(text.len()),
            Value::Int(number) => {
                let digits = number.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
                Ok(digits as usize + usize::from(number < 0))
            }
            Value::Float(_) => Ok(24),
            Value::Bool(_) => Ok(5),
            Value::Arch(arch) => Ok(arch.debian().len()),
            other => Err(self.not_text(other, span)),
        }
    }

    #[cold]
    fn not_text(&self, value: Value<'v>, span: Span) -> Failure {
        let failure = Failure::new(codes::KIND, format!("{} cannot be put into a string", value.kind()))
            .at(span, format!("this is {}", self.glimpse(value)));
        match value {
            Value::Null => failure.help("give a text for the case that there is none: `${x ?? \"\"}`"),
            Value::List(_) => failure.help("join its elements: `${string.join(xs, \" \")}`"),
            Value::Record(_) => failure.help("print it as JSON: `${json.print(x)}`"),
            Value::Path(_) | Value::Instance(_) | Value::Tree(_) => {
                failure.note("strings carry no dependencies: trees come into a build by `source`, `needs` and `tools`")
            }
            _ => failure,
        }
    }
}

/// Appends what a value reads like inside a string.
fn write_in_text(out: &mut bumpalo::collections::String<'_>, value: Value<'_>) {
    // A text in the arena takes whatever is written.
    let _ = match value {
        Value::String(text) => out.write_str(text),
        Value::Int(number) => write!(out, "{number}"),
        Value::Float(number) => crate::print::write_float(out, number),
        Value::Bool(value) => out.write_str(if value { "true" } else { "false" }),
        Value::Arch(arch) => out.write_str(arch.debian()),
        _ => Ok(()),
    };
}
