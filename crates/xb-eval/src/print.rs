//! How values read: the printed form, short glimpses for messages, and JSON.

use std::fmt::Write;

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::value::{Base, PathValue, Value};

/// How many characters of a value a message shows.
const GLIMPSE: usize = 60;

impl<'v> Evaluator<'v> {
    /// The printed form of a value, all of it evaluated.
    ///
    /// # Errors
    /// What evaluating a part of it fails with.
    pub fn print(&self, value: Value<'v>) -> Result<String> {
        let mut text = String::new();
        self.write(value, &mut text)?;
        Ok(text)
    }

    fn write(&self, value: Value<'v>, out: &mut String) -> Result<()> {
        match self.force(value)? {
            Value::List(items) => self.deeper(|| self.write_list(items, out)),
            Value::Record(record) => {
                let fields = self.sorted(record);
                self.deeper(|| self.write_fields(&fields, out))
            }
            Value::Release(release) => {
                let _ = write!(out, "<release {}>", release.name);
                Ok(())
            }
            value => {
                self.write_atom(value, out);
                Ok(())
            }
        }
    }

    fn write_list(&self, items: &[Value<'v>], out: &mut String) -> Result<()> {
        out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.write(*item, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn write_fields(&self, fields: &[(&str, Value<'v>)], out: &mut String) -> Result<()> {
        if fields.is_empty() {
            out.push_str("{}");
            return Ok(());
        }
        out.push_str("{ ");
        for (at, (name, value)) in fields.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            write_name(out, name);
            out.push_str(" = ");
            self.write(*value, out)?;
        }
        out.push_str(" }");
        Ok(())
    }

    /// Everything that has no parts to evaluate.
    fn write_atom(&self, value: Value<'v>, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Value::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Value::Float(value) => write_float(out, value),
            Value::String(text) => write_string(out, text),
            Value::Script(text) => write_script(out, text),
            Value::Path(path) => out.push_str(&path_text(path)),
            Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) => out.push_str("<function>"),
            Value::Package(package) => {
                let _ = write!(out, "<package {}>", package.code.title);
            }
            Value::Instance(instance) => {
                let _ = write!(out, "<package {} for {}>", instance.package.code.title, instance.arch);
            }
            Value::Release(release) => {
                let _ = write!(out, "<release {}>", release.name);
            }
            Value::Arch(arch) => out.push_str(arch.debian()),
            Value::Tree(_) => out.push_str("<tree>"),
            Value::Layer(layer) => {
                let _ = write!(out, "<layer {}>", layer.name);
            }
            Value::Run(run) => {
                let title = match self.graph.borrow().node(run.node) {
                    xb_graph::Node::Run(run) => run.title(),
                    _ => String::new(),
                };
                let _ = write!(out, "<run {title}>");
            }
            Value::List(_) => out.push_str("[...]"),
            Value::Record(_) => out.push_str("{ ... }"),
            Value::Thunk(_) => out.push_str("..."),
        }
    }

    /// A short form that evaluates nothing, for messages.
    pub fn glimpse(&self, value: Value<'v>) -> String {
        let mut text = String::new();
        self.write_glimpse(value, 2, &mut text);
        if text.chars().count() <= GLIMPSE {
            return text;
        }
        text.chars().take(GLIMPSE - 3).chain("...".chars()).collect()
    }

    fn write_glimpse(&self, value: Value<'v>, depth: u32, out: &mut String) {
        match self.peek(value) {
            Some(Value::List(items)) if depth > 0 => {
                out.push('[');
                for (at, item) in items.iter().take(8).enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    self.write_glimpse(*item, depth - 1, out);
                }
                out.push_str(if items.len() > 8 { ", ...]" } else { "]" });
            }
            Some(Value::Record(record)) if depth > 0 && record.len() <= 64 => {
                out.push('{');
                for (at, (name, value)) in self.sorted(record).into_iter().take(8).enumerate() {
                    out.push_str(if at > 0 { ", " } else { " " });
                    write_name(out, name);
                    out.push_str(" = ");
                    self.write_glimpse(value, depth - 1, out);
                }
                out.push_str(if record.len() > 8 {
                    ", ... }"
                } else if record.is_empty() {
                    "}"
                } else {
                    " }"
                });
            }
            Some(Value::String(text)) => write_string(out, &text.chars().take(GLIMPSE).collect::<String>()),
            Some(value) => self.write_atom(value, out),
            None => out.push_str("..."),
        }
    }

    /// A value as JSON, all of it evaluated; the fields of records are sorted by name.
    ///
    /// # Errors
    /// When a part of it is no plain data, or fails to evaluate.
    pub fn to_json(&self, value: Value<'v>) -> Result<serde_json::Value> {
        use serde_json::Value as Json;
        Ok(match self.force(value)? {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(value) => Json::from(value),
            Value::Float(value) => Json::from(value),
            Value::String(text) | Value::Script(text) => Json::from(*text),
            Value::Arch(arch) => Json::from(arch.debian()),
            Value::Path(path) => Json::from(path_text(path)),
            Value::List(items) => self.deeper(|| {
                let items: Result<Vec<Json>> = items.iter().map(|item| self.to_json(*item)).collect();
                items.map(Json::Array)
            })?,
            Value::Record(record) => self.deeper(|| {
                let mut map = serde_json::Map::new();
                for (name, value) in self.sorted(record) {
                    map.insert(name.to_owned(), self.to_json(value)?);
                }
                Ok(Json::Object(map))
            })?,
            other => {
                return Err(Failure::new(codes::NO_DATA, format!("{} is not plain data", other.kind()))
                    .note("null, bools, numbers, strings, lists and records of them can be written as JSON"));
            }
        })
    }

    /// Evaluates a value and everything in it.
    ///
    /// # Errors
    /// What evaluating a part of it fails with.
    pub fn force_deep(&self, value: Value<'v>) -> Result<Value<'v>> {
        let value = self.force(value)?;
        match value {
            Value::List(items) => self.deeper(|| items.iter().try_for_each(|item| self.force_deep(*item).map(drop)))?,
            Value::Record(record) => self.deeper(|| {
                let mut fields = record.fields().into_iter();
                fields.try_for_each(|field| self.force_deep(field.1).map(drop))
            })?,
            _ => {}
        }
        Ok(value)
    }

    /// Deep equality; numbers by their value, whatever their kind.
    pub(crate) fn equal(&self, left: Value<'v>, right: Value<'v>, span: xb_core::Span) -> Result<bool> {
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

    fn equal_lists(&self, a: &[Value<'v>], b: &[Value<'v>], span: xb_core::Span) -> Result<bool> {
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

    fn equal_kinds(&self, a: Value<'v>, b: Value<'v>, span: xb_core::Span) -> Result<bool> {
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
pub(crate) fn write_float(out: &mut String, value: f64) {
    let _ = write!(out, "{value:?}");
}

pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if characters.peek() == Some(&'{') => out.push_str("\\$"),
            character if character.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
}

/// A script as it is written, where there is a way to write it: nothing in a script is escaped.
fn write_script(out: &mut String, text: &str) {
    if !text.contains(['"', '\n']) {
        let _ = write!(out, "sh\"{text}\"");
    } else if fits_a_block(text) {
        let _ = write!(out, "sh\"\"\"\n{text}\"\"\"");
    } else {
        out.push_str("sh");
        write_string(out, text);
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

fn write_name(out: &mut String, name: &str) {
    let mut characters = name.chars();
    let plain = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_');
    if plain {
        out.push_str(name);
    } else {
        write_string(out, name);
    }
}
