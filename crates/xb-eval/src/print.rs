//! How values read: the printed form, and short glimpses for messages.

use std::fmt::{self, Write};

use rustc_hash::FxHashSet;
use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::text::Text;
use crate::value::{Base, PathValue, Value};

/// How many characters of a value a message shows.
const GLIMPSE: usize = 60;

impl<'v> Evaluator<'v> {
    /// The printed form of a value, all of it evaluated; what goes beyond the limits is blamed on `span`.
    ///
    /// # Errors
    /// What evaluating a part of it fails with, or that the text grows too large.
    pub fn print(&self, value: Value<'v>, span: Span) -> Result<String> {
        let mut text = Text::new(self, span);
        self.write(value, &mut text)?;
        Ok(text.into_string())
    }

    fn write(&self, value: Value<'v>, out: &mut Text<'_, 'v>) -> Result<()> {
        match self.force(value)? {
            Value::List(items) => self.enter(out.span(), || self.write_list(items, out)),
            Value::Record(record) => {
                let fields = self.sorted(record);
                self.enter(out.span(), || self.write_fields(&fields, out))
            }
            value => self.write_atom(value, out).map_err(|_| out.too_large()),
        }
    }

    fn write_list(&self, items: &[Value<'v>], out: &mut Text<'_, 'v>) -> Result<()> {
        out.push("[")?;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(", ")?;
            }
            self.write(*item, out)?;
        }
        out.push("]")
    }

    fn write_fields(&self, fields: &[(&str, Value<'v>)], out: &mut Text<'_, 'v>) -> Result<()> {
        if fields.is_empty() {
            return out.push("{}");
        }
        out.push("{ ")?;
        for (at, (name, value)) in fields.iter().enumerate() {
            if at > 0 {
                out.push(", ")?;
            }
            write_name(out, name).map_err(|_| out.too_large())?;
            out.push(" = ")?;
            self.write(*value, out)?;
        }
        out.push(" }")
    }

    /// Everything that has no parts to evaluate.
    fn write_atom(&self, value: Value<'v>, out: &mut impl Write) -> fmt::Result {
        match value {
            Value::Null => out.write_str("null"),
            Value::Bool(value) => out.write_str(if value { "true" } else { "false" }),
            Value::Int(value) => write!(out, "{value}"),
            Value::Float(value) => write_float(out, value),
            Value::String(text) => write_string(out, text),
            Value::Script(text) => write_script(out, text),
            Value::Path(path) => out.write_str(&path_text(path)),
            Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) => out.write_str("<function>"),
            Value::Package(package) => write!(out, "<package {}>", package.code.title),
            Value::Instance(instance) => write!(out, "<package {} for {}>", instance.package.code.title, instance.arch),
            Value::Release(release) => write!(out, "<release {}>", release.name),
            Value::Arch(arch) => out.write_str(arch.debian()),
            Value::Tree(_) => out.write_str("<tree>"),
            Value::Layer(layer) => write!(out, "<layer {}>", layer.name),
            Value::Run(run) => {
                let title = match self.graph.borrow().node(run.node) {
                    xb_graph::Node::Run(run) => run.title(),
                    _ => String::new(),
                };
                write!(out, "<run {title}>")
            }
            Value::List(_) => out.write_str("[...]"),
            Value::Record(_) => out.write_str("{ ... }"),
            Value::Thunk(_) => out.write_str("..."),
        }
    }

    /// A short form that evaluates nothing, for messages.
    pub fn glimpse(&self, value: Value<'v>) -> String {
        let mut short = Short { text: String::new(), left: GLIMPSE + 1 };
        // It fails where there is more than is shown.
        let _ = self.write_glimpse(value, 2, &mut short);
        if short.left > 0 {
            return short.text;
        }
        short.text.chars().take(GLIMPSE - 3).chain("...".chars()).collect()
    }

    fn write_glimpse(&self, value: Value<'v>, depth: u32, out: &mut Short) -> fmt::Result {
        match self.peek(value) {
            Some(Value::List(items)) if depth > 0 => {
                out.write_str("[")?;
                for (at, item) in items.iter().take(8).enumerate() {
                    if at > 0 {
                        out.write_str(", ")?;
                    }
                    self.write_glimpse(*item, depth - 1, out)?;
                }
                out.write_str(if items.len() > 8 { ", ...]" } else { "]" })
            }
            Some(Value::Record(record)) if depth > 0 && record.len() <= 64 => {
                out.write_str("{")?;
                for (at, (name, value)) in self.sorted(record).into_iter().take(8).enumerate() {
                    out.write_str(if at > 0 { ", " } else { " " })?;
                    write_name(out, name)?;
                    out.write_str(" = ")?;
                    self.write_glimpse(value, depth - 1, out)?;
                }
                out.write_str(if record.len() > 8 {
                    ", ... }"
                } else if record.is_empty() {
                    "}"
                } else {
                    " }"
                })
            }
            Some(Value::String(text)) => {
                let end = text.char_indices().nth(GLIMPSE).map_or(text.len(), |(at, _)| at);
                write_string(out, &text[..end])
            }
            Some(value) => self.write_atom(value, out),
            None => out.write_str("..."),
        }
    }

    /// Evaluates a value and everything in it.
    ///
    /// # Errors
    /// What evaluating a part of it fails with.
    pub fn force_deep(&self, value: Value<'v>) -> Result<Value<'v>> {
        self.force_within(value, &mut FxHashSet::default())
    }

    /// What is `done` is known by its address: a part that is shared is not evaluated again for each that shares it.
    fn force_within(&self, value: Value<'v>, done: &mut FxHashSet<usize>) -> Result<Value<'v>> {
        let value = self.force(value)?;
        let address = match value {
            Value::List(items) => std::ptr::from_ref(items).addr(),
            Value::Record(record) => std::ptr::from_ref(record).addr(),
            _ => return Ok(value),
        };
        if done.contains(&address) {
            return Ok(value);
        }
        match value {
            Value::List(items) => {
                self.deeper(|| items.iter().try_for_each(|item| self.force_within(*item, done).map(drop)))?
            }
            Value::Record(record) => self.deeper(|| {
                let mut fields = record.fields().into_iter();
                fields.try_for_each(|field| self.force_within(field.1, done).map(drop))
            })?,
            _ => {}
        }
        // Only now, so that a value that contains itself nests without end, as it does when it is printed.
        done.insert(address);
        Ok(value)
    }

    /// Deep equality; numbers by their value, whatever their kind.
    pub(crate) fn equal(&self, left: Value<'v>, right: Value<'v>, span: Span) -> Result<bool> {
        match (self.force(left)?, self.force(right)?) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            (Value::Int(a), Value::Int(b)) => Ok(a == b),
            (Value::Float(a), Value::Float(b)) => Ok(a == b),
            (a @ (Value::Int(_) | Value::Float(_)), b @ (Value::Int(_) | Value::Float(_))) => {
                self.order(a, b, span).map(crate::eval::Ordering::is_eq)
            }
            (Value::String(a), Value::String(b)) | (Value::Script(a), Value::Script(b)) => Ok(a == b),
            (Value::Path(a), Value::Path(b)) => Ok(a == b),
            (Value::Arch(a), Value::Arch(b)) => Ok(a == b),
            (Value::Arch(a), Value::String(b)) | (Value::String(b), Value::Arch(a)) => Ok(a.debian() == *b),
            (Value::List(a), Value::List(b)) => self.deeper(|| self.equal_lists(a, b, span)),
            (Value::Record(a), Value::Record(b)) => self.deeper(|| {
                let (a, b) = (a.fields(), b.fields());
                if !a.iter().map(|field| field.0).eq(b.iter().map(|field| field.0)) {
                    return Ok(false);
                }
                let values =
                    |fields: &[crate::record::Field<'v>]| fields.iter().map(|field| field.1).collect::<Vec<_>>();
                self.equal_lists(&values(&a), &values(&b), span)
            }),
            (Value::Instance(a), Value::Instance(b)) => Ok(a.id == b.id),
            (Value::Package(a), Value::Package(b)) => Ok(a.id == b.id),
            (a, b) => self.equal_kinds(a, b, span),
        }
    }

    fn equal_lists(&self, a: &[Value<'v>], b: &[Value<'v>], span: Span) -> Result<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b) {
            if !self.equal(*a, *b, span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_kinds(&self, a: Value<'v>, b: Value<'v>, span: Span) -> Result<bool> {
        let function = |value: &Value<'v>| matches!(value, Value::Closure(_) | Value::Builtin(_) | Value::Checked(_));
        if function(&a) && function(&b) {
            let failure = Failure::new(codes::COMPARE, "functions cannot be compared");
            return Err(if span == NOWHERE { failure } else { failure.at(span, "both sides are functions") });
        }
        Ok(false)
    }
}

/// A path as it reads: relative to the project.
pub(crate) fn path_text(path: &PathValue<'_>) -> String {
    match (path.base, path.path) {
        (Base::Project, "") => "./.".to_owned(),
        (Base::Project, path) => format!("./{path}"),
        (Base::Std, path) => format!("std:{path}"),
    }
}

/// A float, always with something that tells it from an int.
pub(crate) fn write_float(out: &mut impl Write, value: f64) -> fmt::Result {
    write!(out, "{value:?}")
}

fn write_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    let mut written = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let escaped = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '$' if characters.peek().is_some_and(|next| next.1 == '{') => "\\$",
            character if character.is_control() => "",
            _ => continue,
        };
        out.write_str(&text[written..at])?;
        match escaped {
            "" => write!(out, "\\u{{{:x}}}", u32::from(character))?,
            escaped => out.write_str(escaped)?,
        }
        written = at + character.len_utf8();
    }
    out.write_str(&text[written..])?;
    out.write_str("\"")
}

/// A script as it is written, where there is a way to write it: nothing in a script is escaped.
fn write_script(out: &mut impl Write, text: &str) -> fmt::Result {
    if !text.contains(['"', '\n']) {
        write!(out, "sh\"{text}\"")
    } else if fits_a_block(text) {
        write!(out, "sh\"\"\"\n{text}\"\"\"")
    } else {
        out.write_str("sh")?;
        write_string(out, text)
    }
}

/// Whether a text reads as it stands in a block, which loses indentation that all lines share, and blanks.
fn fits_a_block(text: &str) -> bool {
    let is_blank = |line: &str| line.trim_matches([' ', '\t']).is_empty();
    let quotes = text.contains("\"\"\"") || text.ends_with('"');
    let mut filled = text.split('\n').filter(|line| !is_blank(line));
    let some_at_the_margin = filled.any(|line| !line.starts_with([' ', '\t']));
    let blanks = text.split('\n').any(|line| is_blank(line) && !line.is_empty());
    !quotes && some_at_the_margin && !blanks && !text.contains('\r')
}

fn write_name(out: &mut impl Write, name: &str) -> fmt::Result {
    let mut characters = name.chars();
    let plain = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_');
    if plain { out.write_str(name) } else { write_string(out, name) }
}

/// The beginning of a text: so many characters, whatever is written.
struct Short {
    text: String,
    left: usize,
}

impl Write for Short {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = piece.char_indices().nth(self.left).map_or(piece.len(), |(at, _)| at);
        let taken = &piece[..end];
        self.text.push_str(taken);
        self.left -= taken.chars().count();
        if self.left == 0 { Err(fmt::Error) } else { Ok(()) }
    }
}
