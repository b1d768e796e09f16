//! `json`: data from texts, and back.

use super::{Builtin, Constant, Invocation, optional, value};
use crate::failure::Result;
use crate::record::Record;
use crate::value::Value;

/// What one more part of a tree of parsed data takes at most, with what its container grows by.
const NODE: usize = 256;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "json.parse",
        params: &[value("text")],
        doc: "The value that a JSON text stands for, which may be nested 127 levels deep.\n\n```xb\njson.parse(\"{\\\"a\\\": [1, 2.5, null]}\")\n```\n```value\n{ a = [1, 2.5, null] }\n```",
        run: |call| {
            let text = call.string(0)?;
            call.reserve(bytes_to_parse(text, b"[{,:", NODE))?;
            let parsed = serde_json::from_str(text).map_err(|error| call.refuse(error.to_string()))?;
            to_value(call, parsed)
        },
    },
    Builtin {
        path: "json.print",
        params: &[value("x"), optional("pretty", Constant::Bool(false))],
        doc: "A value as JSON; the fields of records are sorted by name.\n\n```xb\njson.print({ b = [true], a = \"x\" })\n```\n```value\n\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":[true]}\"\n```",
        run: |call| call.eval.json(call.args[0], call.bool(1)?, call.span)?.into_value(),
    },
];

/// What parsing a text takes at most outside of the arena: where these bytes stand, there is one more part.
pub(super) fn bytes_to_parse(text: &str, marks: &[u8], each: usize) -> usize {
    let parts = 1 + text.bytes().filter(|byte| marks.contains(byte)).count();
    parts.saturating_mul(each).saturating_add(text.len().saturating_mul(4))
}

/// Parsed data as a value. The depth is bounded by serde_json's own limit.
fn to_value<'v>(call: &Invocation<'_, 'v>, json: serde_json::Value) -> Result<Value<'v>> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(float)) if float.is_finite() && !number.is_u64() => Value::Float(float),
            _ => return Err(call.refuse(format!("{number} does not fit into 64 bits"))),
        },
        Json::String(text) => call.eval.string(&text),
        Json::Array(items) => {
            let items: Result<Vec<_>> = items.into_iter().map(|item| to_value(call, item)).collect();
            call.eval.list(&items?)
        }
        Json::Object(fields) => {
            let fields: Result<Vec<_>> =
                fields.into_iter().map(|(name, item)| Ok((call.eval.symbol(&name), to_value(call, item)?))).collect();
            call.eval.record(Record::new(call.eval.arena, fields?))
        }
    })
}
