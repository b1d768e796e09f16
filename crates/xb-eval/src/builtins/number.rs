//! `int` and `float`: numbers.

use super::{Builtin, Invocation, value};
use crate::failure::Result;
use crate::value::Value;

pub(super) const INT: &[Builtin] = &[
    Builtin {
        path: "int.abs",
        params: &[value("x")],
        doc: "The number without its sign.\n\n```xb\nint.abs(-3)\n```\n```value\n3\n```",
        run: |call| {
            let x = call.int(0)?;
            x.checked_abs().map(Value::Int).ok_or_else(|| call.refuse(format!("{x} has no positive twin of 64 bits")))
        },
    },
    Builtin {
        path: "int.min",
        params: &[value("a"), value("b")],
        doc: "The smaller of two.\n\n```xb\nint.min(1, 2)\n```\n```value\n1\n```",
        run: |call| Ok(Value::Int(call.int(0)?.min(call.int(1)?))),
    },
    Builtin {
        path: "int.max",
        params: &[value("a"), value("b")],
        doc: "The larger of two.\n\n```xb\nint.max(1, 2)\n```\n```value\n2\n```",
        run: |call| Ok(Value::Int(call.int(0)?.max(call.int(1)?))),
    },
    Builtin {
        path: "int.from_float",
        params: &[value("x")],
        doc: "The whole part of a float.\n\n```xb\nint.from_float(2.9)\n```\n```value\n2\n```",
        run: |call| whole(call, f64::trunc),
    },
];

pub(super) const FLOAT: &[Builtin] = &[
    Builtin {
        path: "float.from_int",
        params: &[value("x")],
        doc: "An int as a float; beyond 2^53 the nearest there is.\n\n```xb\nfloat.from_int(2)\n```\n```value\n2.0\n```",
        run: |call| Ok(Value::Float(call.int(0)? as f64)),
    },
    Builtin {
        path: "float.floor",
        params: &[value("x")],
        doc: "The largest whole number that is not above.\n\n```xb\nfloat.floor(-1.5)\n```\n```value\n-2\n```",
        run: |call| whole(call, f64::floor),
    },
    Builtin {
        path: "float.ceil",
        params: &[value("x")],
        doc: "The smallest whole number that is not below.\n\n```xb\nfloat.ceil(1.2)\n```\n```value\n2\n```",
        run: |call| whole(call, f64::ceil),
    },
    Builtin {
        path: "float.round",
        params: &[value("x")],
        doc: "The nearest whole number; halves away from zero.\n\n```xb\nfloat.round(2.5)\n```\n```value\n3\n```",
        run: |call| whole(call, f64::round),
    },
];

/// The sum of two numbers, for builtins that add.
pub(super) fn add<'v>(call: &Invocation<'_, 'v>, a: Value<'v>, b: Value<'v>) -> Result<Value<'v>> {
    let float = |a: f64, b: f64| (a + b).is_finite().then_some(Value::Float(a + b));
    let sum = match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(b).map(Value::Int),
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => float(a as f64, b),
        (Value::Float(a), Value::Float(b)) => float(a, b),
        (_, other) => return Err(call.refuse(format!("{} is no number", call.eval.glimpse(other)))),
    };
    sum.ok_or_else(|| call.refuse("the sum does not fit"))
}

/// A number as an int, after this rounding.
fn whole<'v>(call: &Invocation<'_, 'v>, round: fn(f64) -> f64) -> Result<Value<'v>> {
    match call.args[0] {
        Value::Int(x) => Ok(Value::Int(x)),
        Value::Float(x) if round(x).abs() < 9_223_372_036_854_775_807.0 => Ok(Value::Int(round(x) as i64)),
        Value::Float(x) => Err(call.refuse(format!("{x} does not fit into 64 bits"))),
        _ => Err(call.wrong(0, "a number")),
    }
}
