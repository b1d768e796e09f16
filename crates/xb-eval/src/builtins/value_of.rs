//! `value`: values of any kind.

use super::{Builtin, lazy, value};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "value.type_of",
        params: &[value("x")],
        doc: "The name of the value's type.\n\n```xb\nvalue.type_of([1])\n```\n```value\n\"List\"\n```",
        run: |call| Ok(call.eval.string(type_of(call.args[0]))),
    },
    Builtin {
        path: "value.to_string",
        params: &[value("x")],
        doc: "The value as it reads inside a string; a script's text.\n\n```xb\nvalue.to_string(12)\n```\n```value\n\"12\"\n```",
        run: |call| match call.args[0] {
            Value::Script(text) => Ok(Value::String(text)),
            Value::Path(path) => Ok(call.eval.string(&crate::print::path_text(path))),
            other => Ok(call.eval.piece(call.eval.in_text(other, call.span)?)),
        },
    },
    Builtin {
        path: "value.is_null",
        params: &[value("x")],
        doc: "Whether the value is of type Null.\n\n```xb\nvalue.is_null(null)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Null")),
    },
    Builtin {
        path: "value.is_bool",
        params: &[value("x")],
        doc: "Whether the value is of type Bool.\n\n```xb\nvalue.is_bool(true)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Bool")),
    },
    Builtin {
        path: "value.is_int",
        params: &[value("x")],
        doc: "Whether the value is of type Int.\n\n```xb\nvalue.is_int(1)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Int")),
    },
    Builtin {
        path: "value.is_float",
        params: &[value("x")],
        doc: "Whether the value is of type Float.\n\n```xb\nvalue.is_float(1.5)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Float")),
    },
    Builtin {
        path: "value.is_string",
        params: &[value("x")],
        doc: "Whether the value is of type String.\n\n```xb\nvalue.is_string(\"a\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "String")),
    },
    Builtin {
        path: "value.is_list",
        params: &[value("x")],
        doc: "Whether the value is of type List.\n\n```xb\nvalue.is_list([])\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "List")),
    },
    Builtin {
        path: "value.is_record",
        params: &[value("x")],
        doc: "Whether the value is of type Record.\n\n```xb\nvalue.is_record({})\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Record")),
    },
    Builtin {
        path: "value.is_function",
        params: &[value("x")],
        doc: "Whether the value is of type Function.\n\n```xb\nvalue.is_function(x => x)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Function")),
    },
    Builtin {
        path: "value.is_path",
        params: &[value("x")],
        doc: "Whether the value is of type Path.\n\n```xb\nvalue.is_path(./a)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Path")),
    },
    Builtin {
        path: "value.is_package",
        params: &[value("x")],
        doc: "Whether the value is of type Package.\n\n```xb\nvalue.is_package(1)\n```\n```value\nfalse\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Package")),
    },
    Builtin {
        path: "value.deep",
        params: &[value("x")],
        doc: "The value with everything in it evaluated, so that an error in it shows here.\n\n```xb\nvalue.deep([1 + 1])\n```\n```value\n[2]\n```",
        run: |call| call.eval.force_deep(call.args[0]),
    },
    Builtin {
        path: "value.is_script",
        params: &[value("x")],
        doc: "Whether the value is of type Script.\n\n```xb\nvalue.is_script(sh\"make\")\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Script")),
    },
    Builtin {
        path: "value.is_arch",
        params: &[value("x")],
        doc: "Whether the value is of type Arch.\n\n```xb\nvalue.is_arch(arm64)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(type_of(call.args[0]) == "Arch")),
    },
    Builtin {
        path: "value.is_number",
        params: &[value("x")],
        doc: "Whether the value is an Int or a Float.\n\n```xb\nvalue.is_number(1.5)\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(matches!(call.args[0], Value::Int(_) | Value::Float(_)))),
    },
    Builtin {
        path: "value.seq",
        params: &[value("first"), lazy("then")],
        doc: "`then`, after `first` has been evaluated in its outermost layer.\n\n```xb\nvalue.seq(1 + 1, \"done\")\n```\n```value\n\"done\"\n```",
        run: |call| call.eval.force(call.args[1]),
    },
];

/// The name of the type that a value has.
pub(super) fn type_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Bool",
        Value::Int(_) => "Int",
        Value::Float(_) => "Float",
        Value::String(_) => "String",
        Value::Script(_) => "Script",
        Value::Path(_) => "Path",
        Value::List(_) => "List",
        Value::Record(_) => "Record",
        Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) => "Function",
        Value::Package(_) | Value::Instance(_) => "Package",
        Value::Release(_) => "Release",
        Value::Arch(_) => "Arch",
        Value::Tree(_) => "Tree",
        Value::Layer(_) => "Layer",
        Value::Run(_) => "Run",
        Value::Thunk(_) => "Any",
    }
}
