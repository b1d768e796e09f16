//! `version`: versions and their order.

use std::cmp::Ordering;

use super::{Builtin, value};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "version.compare",
        params: &[value("a"), value("b")],
        doc: "Which of two versions is older, by Debian's rules (Debian Policy, 5.6.12): -1, 0 or 1.\n\n```xb\n[version.compare(\"1.10\", \"1.9\"), version.compare(\"2.0~rc1\", \"2.0\")]\n```\n```value\n[1, -1]\n```",
        run: |call| Ok(Value::Int(compare(call.string(0)?, call.string(1)?) as i64)),
    },
    Builtin {
        path: "version.parts",
        params: &[value("text")],
        doc: "The numbers and words that a version is made of.\n\n```xb\nversion.parts(\"1.25rc3\")\n```\n```value\n[1, 25, \"rc\", 3]\n```",
        run: |call| {
            let text = call.string(0)?;
            // At worst each byte is a part.
            call.reserve(text.len().saturating_mul(8 * size_of::<Value<'_>>()))?;
            let parts: Vec<_> = parts(text)
                .into_iter()
                .map(|part| part.parse().map_or_else(|_| call.eval.piece(part), Value::Int))
                .collect();
            Ok(call.eval.list(&parts))
        },
    },
    Builtin {
        path: "version.at_least",
        params: &[value("version"), value("minimum")],
        doc: "Whether a version is the minimum or newer, by the order of `version.compare`.\n\n```xb\nversion.at_least(\"1.10\", \"1.9\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(compare(call.string(0)?, call.string(1)?).is_ge())),
    },
    Builtin {
        path: "version.prefix",
        params: &[value("text"), value("count")],
        doc: "The first `count` of the parts between dots.\n\n```xb\nversion.prefix(\"1.25.3\", 2)\n```\n```value\n\"1.25\"\n```",
        run: |call| {
            let (text, count) = (call.string(0)?, call.size(1)?);
            let end = match count.checked_sub(1) {
                Some(last) => text.match_indices('.').nth(last).map_or(text.len(), |(dot, _)| dot),
                None => 0,
            };
            Ok(call.eval.piece(&text[..end]))
        },
    },
];

/// Epoch, upstream version, revision: each by the rules of Debian Policy 5.6.12.
fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    digits(a.0, b.0).then_with(|| text(a.1, b.1)).then_with(|| text(a.2, b.2))
}

fn split(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    (epoch, upstream, revision)
}

/// By turns what is no digit and what is; a missing number is zero.
fn text(mut a: &str, mut b: &str) -> Ordering {
    while !(a.is_empty() && b.is_empty()) {
        let (word_a, rest_a) = cut(a, |c| !c.is_ascii_digit());
        let (word_b, rest_b) = cut(b, |c| !c.is_ascii_digit());
        let (number_a, after_a) = cut(rest_a, |c| c.is_ascii_digit());
        let (number_b, after_b) = cut(rest_b, |c| c.is_ascii_digit());
        let order = words(word_a, word_b).then_with(|| digits(number_a, number_b));
        if order.is_ne() {
            return order;
        }
        (a, b) = (after_a, after_b);
    }
    Ordering::Equal
}

fn cut(text: &str, inside: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !inside(c)).unwrap_or(text.len()))
}

/// `~` before the end before letters before everything else.
fn words(a: &str, b: &str) -> Ordering {
    let weight = |c: Option<char>| match c {
        Some('~') => (0, 0),
        None => (1, 0),
        Some(c) if c.is_ascii_alphabetic() => (2, u32::from(c)),
        Some(c) => (3, u32::from(c)),
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        let order = weight(x).cmp(&weight(y));
        if order.is_ne() || x.is_none() {
            return order;
        }
    }
}

fn digits(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Runs of digits and runs of letters; the rest separates.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| {
            if first.is_ascii_digit() { c.is_ascii_digit() } else { c.is_alphabetic() && first.is_alphabetic() }
        };
        let (part, after) = cut(rest, same);
        if part.is_empty() {
            rest = &rest[first.len_utf8()..];
        } else {
            parts.push(part);
            rest = after;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        for (a, b, order) in [
            ("1.0", "1.0", Ordering::Equal),
            ("1.0", "1.00", Ordering::Equal),
            ("0.9+ds0-3", "0.9+ds-4", Ordering::Less),
            ("1.1.1+dfsg-1", "1.1.1+dfsg0-1", Ordering::Equal),
            ("2.0~rc1", "2.0", Ordering::Less),
            ("1:0.1", "9.9", Ordering::Greater),
            ("1.2a", "1.2+", Ordering::Less),
            ("1.10", "1.9", Ordering::Greater),
        ] {
            assert_eq!(compare(a, b), order, "{a} against {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} against {a}");
        }
    }
}
