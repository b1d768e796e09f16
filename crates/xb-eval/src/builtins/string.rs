//! `string`: texts.

use super::{Builtin, Constant, Invocation, optional, value};
use crate::failure::Result;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "string.length",
        params: &[value("text")],
        doc: "How many characters there are.\n\n```xb\nstring.length(\"xb\")\n```\n```value\n2\n```",
        run: |call| Ok(Value::Int(call.string(0)?.chars().count() as i64)),
    },
    Builtin {
        path: "string.join",
        params: &[value("parts"), optional("separator", Constant::String(&""))],
        doc: "The strings one behind the other, with `separator` between them.\n\n```xb\nstring.join([\"a\", \"b\"], \", \")\n```\n```value\n\"a, b\"\n```",
        run: |call| {
            let (parts, separator) = (call.strings(0)?, call.string(1)?);
            let gaps = separator.len().saturating_mul(parts.len().saturating_sub(1));
            let length = parts.iter().fold(gaps, |length, part| length.saturating_add(part.len()));
            call.reserve(length)?;
            Ok(call.eval.written(length, |text| {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        text.push_str(separator);
                    }
                    text.push_str(part);
                }
            }))
        },
    },
    Builtin {
        path: "string.split",
        params: &[value("text"), value("separator")],
        doc: "The pieces between the separators.\n\n```xb\nstring.split(\"a,b\", \",\")\n```\n```value\n[\"a\", \"b\"]\n```",
        run: |call| {
            let (text, separator) = (call.string(0)?, call.string(1)?);
            if separator.is_empty() {
                return Err(call.refuse("the separator is empty"));
            }
            pieces(call, text.split(separator))
        },
    },
    Builtin {
        path: "string.replace",
        params: &[value("text"), value("old"), value("new")],
        doc: "The text with every `old` replaced by `new`.\n\n```xb\nstring.replace(\"a_b\", \"_\", \"-\")\n```\n```value\n\"a-b\"\n```",
        run: |call| {
            let (text, old, new) = (call.string(0)?, call.string(1)?, call.string(2)?);
            if old.is_empty() {
                return Err(call.refuse("`old` is empty"));
            }
            let count = text.matches(old).count();
            let length = (text.len() - count * old.len()).saturating_add(new.len().saturating_mul(count));
            call.reserve(length)?;
            Ok(call.eval.written(length, |written| {
                for (at, piece) in text.split(old).enumerate() {
                    if at > 0 {
                        written.push_str(new);
                    }
                    written.push_str(piece);
                }
            }))
        },
    },
    Builtin {
        path: "string.pad_left",
        params: &[value("text"), value("width"), optional("with", Constant::String(&" "))],
        doc: "The text, with `with` before it until it has `width` characters.\n\n```xb\nstring.pad_left(\"7\", 3, \"0\")\n```\n```value\n\"007\"\n```",
        run: |call| {
            let (text, width, with) = (call.string(0)?, call.size(1)?, call.string(2)?);
            let missing = width.saturating_sub(text.chars().count());
            let length = text.len().saturating_add(padding(with, missing));
            call.reserve(length)?;
            Ok(call.eval.written(length, |padded| {
                padded.extend(with.chars().cycle().take(missing));
                padded.push_str(text);
            }))
        },
    },
    Builtin {
        path: "string.is_empty",
        params: &[value("text")],
        doc: "Whether there is no character.\n\n```xb\nstring.is_empty(\"\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.string(0)?.is_empty())),
    },
    Builtin {
        path: "string.lines",
        params: &[value("text")],
        doc: "The lines, without their ends.\n\n```xb\nstring.lines(\"a\\nb\\n\")\n```\n```value\n[\"a\", \"b\"]\n```",
        run: |call| pieces(call, call.string(0)?.lines()),
    },
    Builtin {
        path: "string.chars",
        params: &[value("text")],
        doc: "The characters, one a string.\n\n```xb\nstring.chars(\"xb\")\n```\n```value\n[\"x\", \"b\"]\n```",
        run: |call| {
            let text = call.string(0)?;
            pieces(call, text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]))
        },
    },
    Builtin {
        path: "string.trim",
        params: &[value("text")],
        doc: "The text without white space at either end.\n\n```xb\nstring.trim(\"  xb \\n\")\n```\n```value\n\"xb\"\n```",
        run: |call| Ok(call.eval.piece(call.string(0)?.trim())),
    },
    Builtin {
        path: "string.starts_with",
        params: &[value("text"), value("start")],
        doc: "Whether the text starts so.\n\n```xb\nstring.starts_with(\"arm64\", \"arm\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.string(0)?.starts_with(call.string(1)?))),
    },
    Builtin {
        path: "string.ends_with",
        params: &[value("text"), value("end")],
        doc: "Whether the text ends so.\n\n```xb\nstring.ends_with(\"a.c\", \".c\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.string(0)?.ends_with(call.string(1)?))),
    },
    Builtin {
        path: "string.contains",
        params: &[value("text"), value("part")],
        doc: "Whether `part` is in the text.\n\n```xb\nstring.contains(\"aarch64\", \"arch\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.string(0)?.contains(call.string(1)?))),
    },
    Builtin {
        path: "string.remove_prefix",
        params: &[value("text"), value("start")],
        doc: "The text without `start`, if it starts so.\n\n```xb\nstring.remove_prefix(\"v1.2\", \"v\")\n```\n```value\n\"1.2\"\n```",
        run: |call| {
            let (text, start) = (call.string(0)?, call.string(1)?);
            Ok(call.eval.piece(text.strip_prefix(start).unwrap_or(text)))
        },
    },
    Builtin {
        path: "string.remove_suffix",
        params: &[value("text"), value("end")],
        doc: "The text without `end`, if it ends so.\n\n```xb\nstring.remove_suffix(\"a.c\", \".c\")\n```\n```value\n\"a\"\n```",
        run: |call| {
            let (text, end) = (call.string(0)?, call.string(1)?);
            Ok(call.eval.piece(text.strip_suffix(end).unwrap_or(text)))
        },
    },
    Builtin {
        path: "string.upper",
        params: &[value("text")],
        doc: "In upper case.\n\n```xb\nstring.upper(\"xb\")\n```\n```value\n\"XB\"\n```",
        run: |call| {
            let text = call.string(0)?;
            // A character may become three, here and in the arena.
            call.reserve(text.len().saturating_mul(6))?;
            Ok(call.eval.string(&text.to_uppercase()))
        },
    },
    Builtin {
        path: "string.lower",
        params: &[value("text")],
        doc: "In lower case.\n\n```xb\nstring.lower(\"XB\")\n```\n```value\n\"xb\"\n```",
        run: |call| {
            let text = call.string(0)?;
            // A character may become three, here and in the arena.
            call.reserve(text.len().saturating_mul(6))?;
            Ok(call.eval.string(&text.to_lowercase()))
        },
    },
    Builtin {
        path: "string.take",
        params: &[value("text"), value("count")],
        doc: "The first `count` characters, or all there are.\n\n```xb\nstring.take(\"aarch64\", 2)\n```\n```value\n\"aa\"\n```",
        run: |call| {
            let (text, count) = (call.string(0)?, call.size(1)?);
            Ok(call.eval.piece(&text[..boundary(text, count)]))
        },
    },
    Builtin {
        path: "string.drop",
        params: &[value("text"), value("count")],
        doc: "All but the first `count` characters.\n\n```xb\nstring.drop(\"aarch64\", 5)\n```\n```value\n\"64\"\n```",
        run: |call| {
            let (text, count) = (call.string(0)?, call.size(1)?);
            Ok(call.eval.piece(&text[boundary(text, count)..]))
        },
    },
    Builtin {
        path: "string.repeat",
        params: &[value("text"), value("count")],
        doc: "`count` times the text.\n\n```xb\nstring.repeat(\"ab\", 2)\n```\n```value\n\"abab\"\n```",
        run: |call| {
            let (text, count) = (call.string(0)?, call.size(1)?);
            let length = text.len().saturating_mul(count);
            call.reserve(length)?;
            let times = if text.is_empty() { 0 } else { count };
            Ok(call.eval.written(length, |repeated| (0..times).for_each(|_| repeated.push_str(text))))
        },
    },
    Builtin {
        path: "string.to_int",
        params: &[value("text")],
        doc: "The whole number that the text is.\n\n```xb\nstring.to_int(\"42\")\n```\n```value\n42\n```",
        run: |call| {
            let text = call.string(0)?;
            text.parse().map(Value::Int).map_err(|_| {
                call.refuse(format!("{} is not a whole number of 64 bits", call.eval.glimpse(call.args[0])))
            })
        },
    },
    Builtin {
        path: "string.pad_right",
        params: &[value("text"), value("width"), optional("with", Constant::String(&" "))],
        doc: "The text, with `with` behind it until it has `width` characters.\n\n```xb\nstring.pad_right(\"ab\", 4, \".\")\n```\n```value\n\"ab..\"\n```",
        run: |call| {
            let (text, width, with) = (call.string(0)?, call.size(1)?, call.string(2)?);
            let missing = width.saturating_sub(text.chars().count());
            let length = text.len().saturating_add(padding(with, missing));
            call.reserve(length)?;
            Ok(call.eval.written(length, |padded| {
                padded.push_str(text);
                padded.extend(with.chars().cycle().take(missing));
            }))
        },
    },
    Builtin {
        path: "string.substring",
        params: &[value("text"), value("start"), value("count")],
        doc: "`count` characters from the one with this index, or as many as there are.\n\n```xb\nstring.substring(\"aarch64\", 1, 4)\n```\n```value\n\"arch\"\n```",
        run: |call| {
            let (text, start, count) = (call.string(0)?, call.size(1)?, call.size(2)?);
            let rest = &text[boundary(text, start)..];
            Ok(call.eval.piece(&rest[..boundary(rest, count)]))
        },
    },
    Builtin {
        path: "string.index_of",
        params: &[value("text"), value("part")],
        doc: "The index of the character where `part` first begins, or null.\n\n```xb\nstring.index_of(\"aarch64\", \"arch\")\n```\n```value\n1\n```",
        run: |call| {
            let text = call.string(0)?;
            let found = text.find(call.string(1)?).map(|at| text[..at].chars().count());
            Ok(found.map_or(Value::Null, |at| Value::Int(at as i64)))
        },
    },
    Builtin {
        path: "string.words",
        params: &[value("text")],
        doc: "The pieces between white space.\n\n```xb\nstring.words(\" -O2  -g\\n\")\n```\n```value\n[\"-O2\", \"-g\"]\n```",
        run: |call| pieces(call, call.string(0)?.split_whitespace()),
    },
    Builtin {
        path: "string.trim_start",
        params: &[value("text")],
        doc: "The text without white space before it.\n\n```xb\nstring.trim_start(\"  xb \")\n```\n```value\n\"xb \"\n```",
        run: |call| Ok(call.eval.piece(call.string(0)?.trim_start())),
    },
    Builtin {
        path: "string.trim_end",
        params: &[value("text")],
        doc: "The text without white space behind it.\n\n```xb\nstring.trim_end(\" xb \\n\")\n```\n```value\n\" xb\"\n```",
        run: |call| Ok(call.eval.piece(call.string(0)?.trim_end())),
    },
    Builtin {
        path: "string.to_float",
        params: &[value("text")],
        doc: "The number that the text is, as a float.\n\n```xb\nstring.to_float(\"1.5\")\n```\n```value\n1.5\n```",
        run: |call| {
            let text = call.string(0)?;
            let finite = text.parse().ok().filter(|x: &f64| x.is_finite());
            finite
                .map(Value::Float)
                .ok_or_else(|| call.refuse(format!("{} is not a finite number", call.eval.glimpse(call.args[0]))))
        },
    },
    Builtin {
        path: "string.matches",
        params: &[value("text"), value("pattern")],
        doc: "Whether a regular expression matches the whole text. There are no look-around and no back references, so the time\ngrows with the length of the text only.\n\n```xb\n[\"1.2.3\", \"1.2-rc1\"] |> list.filter(version => string.matches(version, \"[0-9.]+\"))\n```\n```value\n[\"1.2.3\"]\n```",
        run: |call| {
            let pattern = super::pattern::whole(call, call.string(1)?)?;
            Ok(Value::Bool(pattern.is_match(call.string(0)?)))
        },
    },
    Builtin {
        path: "string.groups",
        params: &[value("text"), value("pattern")],
        doc: "What the groups of a regular expression match when it matches the whole text, otherwise null. A group that takes no\npart is null.\n\n```xb\nstring.groups(\"v1.25\", \"v([0-9]+)[.]([0-9]+)(-rc)?\")\n```\n```value\n[\"1\", \"25\", null]\n```",
        run: |call| super::pattern::groups(call, call.string(0)?, call.string(1)?),
    },
    Builtin {
        path: "string.shell_quote",
        params: &[value("text")],
        doc: "The text as one word of a shell command, whatever is in it.\n\n```xb\nstring.shell_quote(\"it's\")\n```\n```value\n\"'it'\\\\''s'\"\n```",
        run: |call| {
            let text = call.string(0)?;
            let length = text.len().saturating_add(3 * text.matches('\'').count()).saturating_add(2);
            call.reserve(length)?;
            Ok(call.eval.written(length, |quoted| {
                for (at, piece) in text.split('\'').enumerate() {
                    quoted.push_str(if at == 0 { "'" } else { r"'\''" });
                    quoted.push_str(piece);
                }
                quoted.push('\'');
            }))
        },
    },
];

/// A list of pieces of a text, which share it.
fn pieces<'v>(call: &Invocation<'_, 'v>, pieces: impl Iterator<Item = &'v str>) -> Result<Value<'v>> {
    let mut all = Vec::new();
    for piece in pieces {
        // Now and then: what is gathered may grow to twice of it, and is copied then.
        if all.len() & 0xfff == 0xfff {
            call.reserve(3 * size_of_val(&*all))?;
        }
        all.push(call.eval.piece(piece));
    }
    Ok(call.eval.list(&all))
}

/// How many bytes so many characters take that come from this text, again and again.
fn padding(with: &str, count: usize) -> usize {
    let characters = with.chars().count().max(1);
    let rest = boundary(with, count % characters);
    with.len().saturating_mul(count / characters).saturating_add(rest)
}

/// Where the character of this number begins, in bytes.
fn boundary(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}
