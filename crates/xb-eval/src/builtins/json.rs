//! `json` and `toml`: data from texts, and back.

use super::{Builtin, Constant, Invocation, optional, value};
use crate::failure::Result;
use crate::record::Record;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "json.parse",
        params: &[value("text")],
        doc: "The value that a JSON text stands for.\n\n```xb\njson.parse(\"{\\\"a\\\": [1, 2.5, null]}\")\n```\n```value\n{ a = [1, 2.5, null] }\n```",
        run: |call| {
            let text = call.string(0)?;
            call.reserve(text.len().saturating_mul(8))?;
            let parsed = serde_json::from_str(text).map_err(|error| call.refuse(error.to_string()))?;
            to_value(call, parsed)
        },
    },
    Builtin {
        path: "json.print",
        params: &[value("x"), optional("pretty", Constant::Bool(false))],
        doc: "A value as JSON; the fields of records are sorted by name.\n\n```xb\njson.print({ b = [true], a = \"x\" })\n```\n```value\n\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":[true]}\"\n```",
        run: |call| {
            let json = call.eval.to_json(call.args[0])?;
            let printed =
                if call.bool(1)? { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let printed = printed.map_err(|error| call.refuse(error.to_string()))?;
            call.reserve(printed.len())?;
            Ok(call.eval.string(&printed))
        },
    },
];

pub(super) const TOML: &[Builtin] = &[
    Builtin {
        path: "toml.parse",
        params: &[value("text")],
        doc: "The value that a TOML text stands for; dates become strings.\n\n```xb\ntoml.parse(\"[a]\\nb = 1\")\n```\n```value\n{ a = { b = 1 } }\n```",
        run: |call| {
            let text = call.string(0)?;
            call.reserve(text.len().saturating_mul(8))?;
            let parsed: toml::Value = toml::from_str(text).map_err(|error| call.refuse(error.to_string()))?;
            to_value(call, plain(call, parsed)?)
        },
    },
    Builtin {
        path: "toml.print",
        params: &[value("x")],
        doc: "A record as TOML; the fields are sorted by name.\n\n```xb\ntoml.print({ a = 1 })\n```\n```value\n\"a = 1\\n\"\n```",
        run: |call| {
            let json = call.eval.to_json(call.args[0])?;
            let printed = toml::to_string(&json).map_err(|error| call.refuse(error.to_string()))?;
            call.reserve(printed.len())?;
            Ok(call.eval.string(&printed))
        },
    },
];

/// Parsed data as a value. The depth is bounded: by serde_json's own limit, and by TOML's grammar.
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

/// TOML without dates, and without floats that are no numbers: the language has neither.
fn plain(call: &Invocation<'_, '_>, value: toml::Value) -> Result<serde_json::Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(int) => int.into(),
        toml::Value::Float(float) if float.is_finite() => float.into(),
        toml::Value::Float(float) => return Err(call.refuse(format!("{float} is not a number that xb has"))),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => {
            items.into_iter().map(|item| plain(call, item)).collect::<Result<Vec<_>>>()?.into()
        }
        toml::Value::Table(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((name, plain(call, value)?)));
            serde_json::Value::Object(fields.collect::<Result<_>>()?)
        }
    })
}
