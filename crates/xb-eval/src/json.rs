//! Values as JSON: written directly, so that neither a tree of the data nor a recursion outside of the evaluator's
//! care is needed.

use std::fmt::Write as _;

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::print::path_text;
use crate::text::Text;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// A value as JSON, all of it evaluated; the fields of records are sorted by name.
    ///
    /// # Errors
    /// When a part of it is no plain data, or fails to evaluate, or when the text grows too large.
    pub(crate) fn json(&self, value: Value<'v>, pretty: bool, span: Span) -> Result<Text<'_, 'v>> {
        let mut writer = Writer { out: Text::new(self, span), indent: pretty.then_some(0) };
        writer.value(value)?;
        Ok(writer.out)
    }

    /// What is no plain data has no JSON.
    #[cold]
    pub(crate) fn no_data(&self, value: Value<'v>, span: Span) -> Failure {
        let failure = Failure::new(codes::NO_DATA, format!("{} is not plain data", value.kind()))
            .note("null, bools, numbers, strings, lists and records of them can be written as JSON");
        if span == NOWHERE { failure } else { failure.at(span, "written here") }
    }
}

struct Writer<'e, 'v> {
    out: Text<'e, 'v>,
    /// How deep the current line is, where lines are wanted.
    indent: Option<usize>,
}

impl<'v> Writer<'_, 'v> {
    fn value(&mut self, value: Value<'v>) -> Result<()> {
        let (eval, span) = (self.out.eval(), self.out.span());
        match eval.force(value)? {
            Value::Null => self.out.push("null"),
            Value::Bool(value) => self.out.push(if value { "true" } else { "false" }),
            Value::Int(value) => write!(self.out, "{value}").map_err(|_| self.out.too_large()),
            Value::Float(value) => self.out.push(&serde_json::Value::from(value).to_string()),
            Value::String(text) | Value::Script(text) => self.string(text),
            Value::Arch(arch) => self.string(arch.debian()),
            Value::Path(path) => self.string(&path_text(path)),
            Value::List([]) => self.out.push("[]"),
            Value::List(items) => eval.enter(span, || self.items(items)),
            Value::Record(record) if record.is_empty() => self.out.push("{}"),
            Value::Record(record) => {
                let fields = eval.sorted(record);
                eval.enter(span, || self.fields(&fields))
            }
            other => Err(eval.no_data(other, span)),
        }
    }

    fn items(&mut self, items: &[Value<'v>]) -> Result<()> {
        self.open("[")?;
        for (at, item) in items.iter().enumerate() {
            self.next(at)?;
            self.value(*item)?;
        }
        self.close("]")
    }

    fn fields(&mut self, fields: &[(&str, Value<'v>)]) -> Result<()> {
        self.open("{")?;
        for (at, (name, value)) in fields.iter().enumerate() {
            self.next(at)?;
            self.string(name)?;
            self.out.push(if self.indent.is_some() { ": " } else { ":" })?;
            self.value(*value)?;
        }
        self.close("}")
    }

    fn open(&mut self, bracket: &str) -> Result<()> {
        self.indent = self.indent.map(|indent| indent + 1);
        self.out.push(bracket)
    }

    fn next(&mut self, at: usize) -> Result<()> {
        if at > 0 {
            self.out.push(",")?;
        }
        self.line()
    }

    fn close(&mut self, bracket: &str) -> Result<()> {
        self.indent = self.indent.map(|indent| indent - 1);
        self.line()?;
        self.out.push(bracket)
    }

    fn line(&mut self) -> Result<()> {
        let Some(indent) = self.indent else {
            return Ok(());
        };
        self.out.push("\n")?;
        (0..indent).try_for_each(|_| self.out.push("  "))
    }

    fn string(&mut self, text: &str) -> Result<()> {
        write_string(&mut self.out, text).map_err(|_| self.out.too_large())
    }
}

/// A text as JSON has it, piece by piece: escaped as a whole, a long one would be in memory twice.
fn write_string(out: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    out.write_str("\"")?;
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| matches!(byte, ..b' ' | b'"' | b'\\')) {
        out.write_str(&text[written..at])?;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            8 => out.write_str("\\b")?,
            12 => out.write_str("\\f")?,
            byte => write!(out, "\\u{byte:04x}")?,
        }
        written = at + 1;
    }
    out.write_str(&text[written..])?;
    out.write_str("\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        let _ = write_string(&mut out, text);
        out
    }

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_json_does(text in "[\0-\u{ff}$é🦀]{0,40}") {
            prop_assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap_or_default());
        }
    }

    #[test]
    fn every_character_of_one_byte_is_escaped_as_serde_json_does() {
        for byte in 0..128_u8 {
            let text = char::from(byte).to_string();
            assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap_or_default(), "{byte}");
        }
    }
}
