//! `record`: records.

use super::{Builtin, Invocation, lazy, value};
use crate::failure::Result;
use crate::record::Record;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "record.names",
        params: &[value("r")],
        doc: "The names of the fields, sorted.\n\n```xb\nrecord.names({ b = 1, a = 2 })\n```\n```value\n[\"a\", \"b\"]\n```",
        run: |call| {
            let names = call.eval.sorted(call.record(0)?);
            let names: Vec<_> = names.iter().map(|field| call.eval.string(field.0)).collect();
            Ok(call.eval.list(&names))
        },
    },
    Builtin {
        path: "record.values",
        params: &[value("r")],
        doc: "The values of the fields, in the order of their names.\n\n```xb\nrecord.values({ b = 1, a = 2 })\n```\n```value\n[2, 1]\n```",
        run: |call| {
            let fields = call.eval.sorted(call.record(0)?);
            Ok(call.eval.list(&fields.iter().map(|field| field.1).collect::<Vec<_>>()))
        },
    },
    Builtin {
        path: "record.has",
        params: &[value("r"), value("name")],
        doc: "Whether there is a field of this name.\n\n```xb\nrecord.has({ a = 1 }, \"a\")\n```\n```value\ntrue\n```",
        run: |call| {
            let name = call.eval.symbol(call.string(1)?);
            Ok(Value::Bool(call.record(0)?.get(name).is_some()))
        },
    },
    Builtin {
        path: "record.set",
        params: &[value("r"), value("name"), lazy("value")],
        doc: "The record with one field set.\n\n```xb\nrecord.set({ a = 1 }, \"b\", 2)\n```\n```value\n{ a = 1, b = 2 }\n```",
        run: |call| {
            let name = call.eval.symbol(call.string(1)?);
            let record = call.record(0)?.set(call.eval.arena, name, call.args[2]);
            Ok(call.eval.record(record))
        },
    },
    Builtin {
        path: "record.map",
        params: &[value("r"), value("f")],
        doc: "Every value replaced by `f(name, value)`.\n\n```xb\nrecord.map({ a = 1 }, (name, value) => \"${name}${value}\")\n```\n```value\n{ a = \"a1\" }\n```",
        run: |call| {
            let mut fields = call.record(0)?.fields();
            for (name, value) in &mut fields {
                let name = call.eval.string(call.eval.symbols.name(*name));
                *value = call.apply_later(call.args[1], &[name, *value]);
            }
            Ok(call.eval.record(Record::from_sorted(call.eval.arena, &fields)))
        },
    },
    Builtin {
        path: "record.to_list",
        params: &[value("r")],
        doc: "The fields as records of `key` and `value`, sorted by name.\n\n```xb\nrecord.to_list({ a = 1 })\n```\n```value\n[{ key = \"a\", value = 1 }]\n```",
        run: |call| {
            let fields = call.eval.sorted(call.record(0)?);
            let items: Vec<_> = fields
                .iter()
                .map(|(name, value)| call.eval.record_of(&[("key", call.eval.string(name)), ("value", *value)]))
                .collect();
            Ok(call.eval.list(&items))
        },
    },
    Builtin {
        path: "record.is_empty",
        params: &[value("r")],
        doc: "Whether there is no field.\n\n```xb\nrecord.is_empty({})\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.record(0)?.is_empty())),
    },
    Builtin {
        path: "record.get",
        params: &[value("r"), value("name"), lazy("otherwise")],
        doc: "The field of this name, or `otherwise`.\n\n```xb\nrecord.get({ a = 1 }, \"b\", 0)\n```\n```value\n0\n```",
        run: |call| {
            let name = call.eval.symbol(call.string(1)?);
            call.eval.force(call.record(0)?.get(name).unwrap_or(call.args[2]))
        },
    },
    Builtin {
        path: "record.remove",
        params: &[value("r"), value("names")],
        doc: "The record without the fields of these names.\n\n```xb\nrecord.remove({ a = 1, b = 2 }, [\"a\"])\n```\n```value\n{ b = 2 }\n```",
        run: |call| {
            let names: Vec<_> = call.strings(1)?.iter().map(|name| call.eval.symbol(name)).collect();
            let kept = call.record(0)?.retain(call.eval.arena, |name| !names.contains(&name));
            Ok(call.eval.record(kept))
        },
    },
    Builtin {
        path: "record.select",
        params: &[value("r"), value("names")],
        doc: "The record with only the fields of these names.\n\n```xb\nrecord.select({ a = 1, b = 2 }, [\"a\", \"c\"])\n```\n```value\n{ a = 1 }\n```",
        run: |call| {
            let names: Vec<_> = call.strings(1)?.iter().map(|name| call.eval.symbol(name)).collect();
            let kept = call.record(0)?.retain(call.eval.arena, |name| names.contains(&name));
            Ok(call.eval.record(kept))
        },
    },
    Builtin {
        path: "record.filter",
        params: &[value("r"), value("f")],
        doc: "The fields for which `f(name, value)` gives true.\n\n```xb\nrecord.filter({ a = 1, b = 2 }, (name, value) => value > 1)\n```\n```value\n{ b = 2 }\n```",
        run: |call| {
            let mut kept = Vec::new();
            for (name, value) in call.eval.sorted(call.record(0)?) {
                if call.decide(call.args[1], &[call.eval.string(name), value])? {
                    kept.push((call.eval.symbol(name), value));
                }
            }
            Ok(call.eval.record(Record::new(call.eval.arena, kept)))
        },
    },
    Builtin {
        path: "record.merge",
        params: &[value("records")],
        doc: "All records in one; later ones win.\n\n```xb\nrecord.merge([{ a = 1 }, { a = 2, b = 3 }])\n```\n```value\n{ a = 2, b = 3 }\n```",
        run: |call| {
            let mut all = Record::new(call.eval.arena, Vec::new());
            for record in call.list(0)? {
                match call.eval.force(*record)? {
                    Value::Record(record) => {
                        call.reserve(all.bytes_to_merge(record))?;
                        all = all.merge(call.eval.arena, record);
                    }
                    _ => return Err(call.wrong(0, "a list of records")),
                }
            }
            Ok(call.eval.record(all))
        },
    },
    Builtin {
        path: "record.merge_deep",
        params: &[value("lower"), value("upper")],
        doc: "Both records in one; where both have a record, these are merged in turn, otherwise `upper` wins.\n\n```xb\nrecord.merge_deep({ a = { x = 1 } }, { a = { y = 2 } })\n```\n```value\n{ a = { x = 1, y = 2 } }\n```",
        run: |call| {
            let (lower, upper) = (call.record(0)?, call.record(1)?);
            merge_deep(call, lower, upper)
        },
    },
    Builtin {
        path: "record.from_list",
        params: &[value("items")],
        doc: "A record of `key` and `value` pairs; later ones win.\n\n```xb\nrecord.from_list([{ key = \"a\", value = 1 }])\n```\n```value\n{ a = 1 }\n```",
        run: |call| {
            let mut fields = Vec::new();
            for item in call.list(0)? {
                let Value::Record(item) = call.eval.force(*item)? else {
                    return Err(call.wrong(0, "a list of records"));
                };
                let part = |name| item.get(call.eval.symbol(name));
                let (Some(key), Some(value)) = (part("key"), part("value")) else {
                    return Err(call.refuse("every item needs `key` and `value`"));
                };
                match call.eval.force(key)? {
                    Value::String(key) => fields.push((call.eval.symbol(key), value)),
                    other => return Err(call.refuse(format!("a key must be a string, not {}", other.kind()))),
                }
            }
            Ok(call.eval.record(Record::new(call.eval.arena, fields)))
        },
    },
    Builtin {
        path: "record.map_values",
        params: &[value("r"), value("f")],
        doc: "Every value replaced by `f(value)`.\n\n```xb\nrecord.map_values({ a = 1, b = 2 }, x => x * 10)\n```\n```value\n{ a = 10, b = 20 }\n```",
        run: |call| {
            let mut fields = call.record(0)?.fields();
            for (_, value) in &mut fields {
                *value = call.apply_later(call.args[1], &[*value]);
            }
            Ok(call.eval.record(Record::from_sorted(call.eval.arena, &fields)))
        },
    },
    Builtin {
        path: "record.map_names",
        params: &[value("r"), value("f")],
        doc: "Every field under the name `f(name)`; where two become one, the later in the order of the old names wins.\n\n```xb\nrecord.map_names({ a = 1 }, name => \"lib${name}\")\n```\n```value\n{ liba = 1 }\n```",
        run: |call| {
            let mut fields = Vec::new();
            for (name, value) in call.eval.sorted(call.record(0)?) {
                match call.apply(call.args[1], &[call.eval.string(name)])? {
                    Value::String(name) => fields.push((call.eval.symbol(name), value)),
                    other => return Err(call.refuse(format!("`f` must give a string, it gave {}", other.kind()))),
                }
            }
            Ok(call.eval.record(Record::new(call.eval.arena, fields)))
        },
    },
    Builtin {
        path: "record.update",
        params: &[value("r"), value("name"), value("f")],
        doc: "The record with one field, which it must have, replaced by `f` of its value.\n\n```xb\nrecord.update({ a = 1, b = 2 }, \"a\", x => x + 1)\n```\n```value\n{ a = 2, b = 2 }\n```",
        run: |call| {
            let (record, name) = (call.record(0)?, call.string(1)?);
            let symbol = call.eval.symbol(name);
            let old = record.get(symbol).ok_or_else(|| call.refuse(format!("there is no field `{name}`")))?;
            let new = call.apply_later(call.args[2], &[old]);
            Ok(call.eval.record(record.set(call.eval.arena, symbol, new)))
        },
    },
    Builtin {
        path: "record.at",
        params: &[value("r"), value("names"), lazy("otherwise")],
        doc: "What one finds by following the names from record to record, or `otherwise` where one of them is missing.\n\n```xb\n[record.at({ a.b = 1 }, [\"a\", \"b\"], 0), record.at({ a.b = 1 }, [\"x\", \"b\"], 0)]\n```\n```value\n[1, 0]\n```",
        run: |call| {
            let mut found = call.args[0];
            call.record(0)?;
            for name in call.strings(1)? {
                let next = match found {
                    Value::Record(record) => record.get(call.eval.symbol(name)),
                    _ => None,
                };
                found = call.eval.force(next.unwrap_or(call.args[2]))?;
                if next.is_none() {
                    break;
                }
            }
            Ok(found)
        },
    },
];

fn merge_deep<'v>(call: &Invocation<'_, 'v>, lower: &Record<'v>, upper: &Record<'v>) -> Result<Value<'v>> {
    let mut merged = *lower;
    for (name, value) in upper.fields() {
        let both = match lower.get(name) {
            Some(below) => (call.eval.force(below)?, call.eval.force(value)?),
            None => (Value::Null, value),
        };
        let value = match both {
            (Value::Record(below), Value::Record(above)) => call.eval.deeper(|| merge_deep(call, below, above))?,
            (_, value) => value,
        };
        merged = merged.set(call.eval.arena, name, value);
    }
    Ok(call.eval.record(merged))
}
