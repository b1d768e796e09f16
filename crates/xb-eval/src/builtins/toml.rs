//! `toml`: data from texts, and back.

use serde_json::Value as Json;

use super::json::bytes_to_parse;
use super::{Builtin, Invocation, value};
use crate::failure::Result;
use crate::held::Held;
use crate::print::path_text;
use crate::record::Record;
use crate::value::Value;

/// What one more part of a tree of data takes at most, with what its container grows by.
const NODE: usize = 256;
/// What one more part of a TOML text takes while it is parsed: the events, and the tree twice.
const PARSED: usize = 512;
/// What one more part of a name takes, which is a table of its own.
const NAME: usize = 1280;
/// How deep data that is written as TOML may be nested: as deep as the parser reads.
const DEPTH: usize = 80;
/// How much native stack the writing of that takes at most.
const STACK: usize = 4 << 20;
/// How much native stack one level takes that is parsed.
const LEVEL: usize = 16 << 10;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "toml.parse",
        params: &[value("text")],
        doc: "The value that a TOML text stands for; dates become strings.\n\n```xb\ntoml.parse(\"[a]\\nb = 1\")\n```\n```value\n{ a = { b = 1 } }\n```",
        run: |call| parse(call, call.string(0)?),
    },
    Builtin {
        path: "toml.print",
        params: &[value("x")],
        doc: "A record as TOML; the fields are sorted by name. It may be nested 80 levels deep, as in a text that is parsed.\n\n```xb\ntoml.print({ a = 1 })\n```\n```value\n\"a = 1\\n\"\n```",
        run: print,
    },
];

/// The parser bounds how deep brackets and the parts of one name are nested; names within brackets multiply.
fn parse<'v>(call: &Invocation<'_, 'v>, text: &str) -> Result<Value<'v>> {
    call.reserve(bytes_to_parse(text, b"[{,=\n", PARSED).saturating_add(bytes_to_parse(text, b".", NAME)))?;
    // Each level needs two bytes.
    let levels = (text.len() / 2).min(DEPTH * (DEPTH + 1));
    let stack = STACK + levels * LEVEL;
    stacker::maybe_grow(stack, stack, || {
        let parsed: toml::Value = toml::from_str(text).map_err(|error| call.refuse(error.to_string()))?;
        to_value(call, parsed)
    })
}

/// Dates become strings; floats that are no numbers are refused: the language has neither.
fn to_value<'v>(call: &Invocation<'_, 'v>, parsed: toml::Value) -> Result<Value<'v>> {
    Ok(match parsed {
        toml::Value::String(text) => call.eval.string(&text),
        toml::Value::Integer(int) => Value::Int(int),
        toml::Value::Float(float) if float.is_finite() => Value::Float(float),
        toml::Value::Float(float) => return Err(call.refuse(format!("{float} is not a number that xb has"))),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Datetime(date) => call.eval.string(&date.to_string()),
        toml::Value::Array(items) => {
            let items: Result<Vec<_>> = items.into_iter().map(|item| to_value(call, item)).collect();
            call.eval.list(&items?)
        }
        toml::Value::Table(fields) => {
            let fields: Result<Vec<_>> =
                fields.into_iter().map(|(name, item)| Ok((call.eval.symbol(&name), to_value(call, item)?))).collect();
            call.eval.record(Record::new(call.eval.arena, fields?))
        }
    })
}

fn print<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let mut tree = Tree { call, held: Held::new(call.eval, call.span), above: 0 };
    let json = tree.node(call.args[0], 0)?;
    let printed = stacker::maybe_grow(STACK, STACK, || toml::to_string(&json));
    let printed = printed.map_err(|error| call.refuse(error.to_string()))?;
    call.reserve(printed.len())?;
    Ok(call.eval.string(&printed))
}

/// Data on the way to TOML: counted as it grows, with the text that will be written.
struct Tree<'c, 'a, 'v> {
    call: &'c Invocation<'a, 'v>,
    held: Held<'a, 'v>,
    /// How long the names are that lead to the current part: every table is written with all of them.
    above: usize,
}

impl<'v> Tree<'_, '_, 'v> {
    fn node(&mut self, value: Value<'v>, depth: usize) -> Result<Json> {
        if depth > DEPTH {
            return Err(self
                .call
                .refuse(format!("nested more than {DEPTH} levels deep, which TOML is not read back from")));
        }
        self.held.more(NODE + self.above)?;
        let eval = self.call.eval;
        Ok(match eval.force(value)? {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(value) => Json::from(value),
            Value::Float(value) => Json::from(value),
            Value::String(text) | Value::Script(text) => self.text(text)?.into(),
            Value::Arch(arch) => Json::from(arch.debian()),
            Value::Path(path) => self.text(&path_text(path))?.into(),
            Value::List(items) => {
                let mut nodes = Vec::new();
                for item in *items {
                    nodes.push(eval.enter(self.call.span, || self.node(*item, depth + 1))?);
                }
                Json::Array(nodes)
            }
            Value::Record(record) => {
                let mut nodes = serde_json::Map::new();
                for (name, value) in eval.sorted(record) {
                    let (name, above) = (self.text(name)?, self.above);
                    self.above = above.saturating_add(name.len());
                    let node = eval.enter(self.call.span, || self.node(value, depth + 1))?;
                    self.above = above;
                    nodes.insert(name, node);
                }
                Json::Object(nodes)
            }
            other => return Err(eval.no_data(other, self.call.span)),
        })
    }

    /// A text is in the tree, and then escaped in what is written.
    fn text(&mut self, text: &str) -> Result<String> {
        let escaped = text.bytes().filter(u8::is_ascii_control).count();
        self.held.more(text.len().saturating_mul(3).saturating_add(escaped.saturating_mul(5)))?;
        Ok(text.to_owned())
    }
}
