//! The functions of the language.
//!
//! # How to add one
//!
//! Every namespace is one file with a table; add an entry to it, and nothing else:
//!
//! ```text
//! Builtin {
//!     path: "list.take",
//!     params: &[value("xs"), value("count")],
//!     doc: "The first `count` elements.\n\n```xb\nlist.take([1, 2, 3], 2)\n```\n```value\n[1, 2]\n```",
//!     run: |call| {
//!         let (xs, count) = (call.list(0)?, call.size(1)?);
//!         Ok(call.eval.part(&xs[..count.min(xs.len())]))
//!     },
//! }
//! ```
//!
//! - A new namespace is a new file and a line in [`NAMESPACES`]. A path without a dot is a global name.
//! - Parameters: [`value`] is evaluated before the function runs; [`lazy`] comes as it is (force it with
//!   `call.eval.force` if needed); [`optional`] has a default. All can be given by position or by name.
//! - The data comes first, so that `xs |> list.map(f)` reads well: a pipe puts its left side before the other
//!   arguments.
//! - `call.int(0)`, `call.string(0)`, `call.list(0)`, `call.record(0)`, `call.bool(0)`, `call.path(0)` give an
//!   argument or fail with E0502. Elements of lists and fields of records may be thunks: `call.eval.force(x)`, or
//!   `call.strings(0)` for a list of strings.
//! - `call.apply(f, &[x])` calls a function now, `call.apply_later(f, &[x])` when the result is needed. What a
//!   function gives for an element should be lazy unless the element is looked at.
//! - A wrong value of the right kind is `Err(call.refuse("..."))` (E0416). Before something large is made:
//!   `call.reserve(bytes)?`. What is a part of an argument is shared, not copied: `call.eval.part(&xs[1..])`,
//!   `call.eval.piece(&text[1..])`.
//! - Results: `call.eval.list(&[..])`, `.string(..)`, `.record_of(&[("a", v)])`, `.record(Record)`. Records are read
//!   with `call.eval.sorted(record)` where order is seen; never in the order of symbols.
//! - The documentation's example is executed by a test.

mod hash;
mod json;
mod list;
mod number;
mod order;
mod path;
mod pattern;
mod prim;
mod record;
mod string;
mod toml;
mod value_of;
mod version;

use bumpalo::Bump;
use rustc_hash::FxHashMap;
use xb_core::{Arch, Span};

use crate::call::Slot;
use crate::codes;
use crate::evaluator::Evaluator;
use crate::failure::{Failure, Result};
use crate::record::Record;
use crate::symbol::{Symbol, Symbols};
use crate::value::{PathValue, Value};

/// A function of the language.
pub struct Builtin {
    /// Its full name: `list.map`.
    pub path: &'static str,
    /// Its parameters.
    pub params: &'static [Parameter],
    /// What it does, in Markdown, with an example that is executed.
    pub doc: &'static str,
    /// The function itself.
    pub run: Run,
}

/// The function of a builtin.
pub type Run = for<'a, 'v> fn(&Invocation<'a, 'v>) -> Result<Value<'v>>;

/// A parameter of a builtin.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is when it is not given.
    pub default: Option<Constant>,
    /// How far it is evaluated before the function runs.
    pub when: When,
}

/// How far an argument is evaluated before its function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Not at all.
    Later,
    /// Its outermost layer.
    Now,
    /// Also the fields of a record that is written there: all are needed, so that thunks for them would be in vain.
    Fields,
}

/// A default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    String(&'static &'static str),
    /// `[]`.
    EmptyList,
}

/// A parameter that is evaluated before the function runs.
pub const fn value(name: &'static str) -> Parameter {
    Parameter { name, default: None, when: When::Now }
}

/// A record whose fields are all evaluated before the function runs, where it is written in the call.
pub const fn settings(name: &'static str) -> Parameter {
    Parameter { name, default: None, when: When::Fields }
}

/// A parameter that comes as it is.
pub const fn lazy(name: &'static str) -> Parameter {
    Parameter { name, default: None, when: When::Later }
}

/// A parameter that need not be given.
pub const fn optional(name: &'static str, default: Constant) -> Parameter {
    Parameter { name, default: Some(default), when: When::Now }
}

impl Parameter {
    pub(crate) fn default<'v>(&self) -> Value<'v> {
        match self.default {
            None | Some(Constant::Null) => Value::Null,
            Some(Constant::Bool(value)) => Value::Bool(value),
            Some(Constant::Int(value)) => Value::Int(value),
            Some(Constant::String(text)) => Value::String(text),
            Some(Constant::EmptyList) => Value::EMPTY_LIST,
        }
    }
}

/// Functions that belong together.
pub struct Namespace {
    /// The name before the dot.
    pub name: &'static str,
    /// What they are about.
    pub about: &'static str,
    /// The functions.
    pub table: &'static [Builtin],
}

const fn namespace_of(name: &'static str, about: &'static str, table: &'static [Builtin]) -> Namespace {
    Namespace { name, about, table }
}

/// The tables, by namespace.
pub const NAMESPACES: &[Namespace] = &[
    namespace_of("float", "Numbers with a fraction.", number::FLOAT),
    namespace_of("hash", "Digests of texts.", hash::TABLE),
    namespace_of("int", "Whole numbers.", number::INT),
    namespace_of("json", "Data as JSON.", json::TABLE),
    namespace_of("list", "Lists. Indices count from 0.", list::TABLE),
    namespace_of("path", "Files and folders of the project.", path::TABLE),
    namespace_of("record", "Records. Wherever an order is seen, fields are sorted by name.", record::TABLE),
    namespace_of("string", "Texts. A character is a Unicode scalar value; indices count them, from 0.", string::TABLE),
    namespace_of("toml", "Data as TOML.", toml::TABLE),
    namespace_of("value", "Values of any kind.", value_of::TABLE),
    namespace_of("version", "Versions and their order.", version::TABLE),
];

/// The primitives that only the standard library sees.
const PRIMITIVES: (&str, &[Builtin]) = ("prim", prim::TABLE);

/// Names for the formats of releases, which are also functions of their settings.
pub const FORMATS: &[Builtin] = &[
    Builtin {
        path: "deb",
        params: &[value("settings")],
        doc: "That a release ships a package as a Debian package, with these settings.\n\n```xb\ndeb { section = \"net\" }\n```\n```value\n{ format = \"deb\", section = \"net\" }\n```",
        run: format_of,
    },
    Builtin {
        path: "oci",
        params: &[value("settings")],
        doc: "That a release ships a package as an OCI image, with these settings.\n\n```xb\noci { user = \"edge\" }\n```\n```value\n{ format = \"oci\", user = \"edge\" }\n```",
        run: format_of,
    },
    Builtin {
        path: "tar",
        params: &[value("settings")],
        doc: "That a release ships a package as an archive, with these settings.\n\n```xb\ntar { strip = 1 }\n```\n```value\n{ format = \"tar\", strip = 1 }\n```",
        run: format_of,
    },
];

fn format_of<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let settings = call.record(0)?;
    let name = call.eval.string(call.builtin.path);
    Ok(call.eval.record(settings.set(call.eval.arena, call.eval.symbol("format"), name)))
}

/// The predefined names: of every file, and with those that only the standard library sees.
pub(crate) fn globals<'v>(
    arena: &'v Bump,
    symbols: &Symbols<'v>,
) -> (FxHashMap<Symbol, Value<'v>>, FxHashMap<Symbol, Value<'v>>) {
    let mut globals = FxHashMap::default();
    for space in NAMESPACES {
        globals.insert(symbols.intern(space.name), namespace(arena, symbols, space.table));
    }
    for builtin in FORMATS {
        globals.insert(symbols.intern(builtin.path), Value::Builtin(builtin));
    }
    for arch in Arch::ALL {
        globals.insert(symbols.intern(arch.debian()), Value::Arch(arch));
    }
    let (name, table) = PRIMITIVES;
    let std = FxHashMap::from_iter([(symbols.intern(name), namespace(arena, symbols, table))]);
    (globals, std)
}

fn namespace<'v>(arena: &'v Bump, symbols: &Symbols<'v>, table: &'static [Builtin]) -> Value<'v> {
    let fields = table.iter().map(|builtin| {
        let name = builtin.path.rsplit('.').next().unwrap_or(builtin.path);
        (symbols.intern(name), Value::Builtin(builtin))
    });
    Value::Record(arena.alloc(Record::new(arena, fields.collect())))
}

/// The names that every file sees, for checks that do not evaluate and for completion.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMESPACES
        .iter()
        .map(|space| space.name)
        .chain(FORMATS.iter().map(|builtin| builtin.path))
        .chain(Arch::ALL.iter().map(|arch| arch.debian()))
}

impl Builtin {
    pub(crate) fn slots(&self, symbols: &Symbols<'_>) -> Vec<Slot> {
        self.params
            .iter()
            .map(|param| Slot { name: Some(symbols.intern(param.name)), optional: param.default.is_some() })
            .collect()
    }
}

/// A call of a builtin.
pub struct Invocation<'a, 'v> {
    /// The evaluation.
    pub eval: &'a Evaluator<'v>,
    /// What is called.
    pub builtin: &'static Builtin,
    /// An argument for every parameter.
    pub args: &'a [Value<'v>],
    /// Where the call stands.
    pub span: Span,
}

impl<'v> Invocation<'_, 'v> {
    /// An int.
    ///
    /// # Errors
    /// When the argument is something else; so with all of these.
    pub fn int(&self, at: usize) -> Result<i64> {
        match self.args[at] {
            Value::Int(value) => Ok(value),
            _ => Err(self.wrong(at, "an int")),
        }
    }

    /// An int that is not negative.
    ///
    /// # Errors
    /// When it is no int, or negative.
    pub fn size(&self, at: usize) -> Result<usize> {
        usize::try_from(self.int(at)?)
            .map_err(|_| self.refuse(format!("`{}` is negative", self.builtin.params[at].name)))
    }

    /// A bool.
    ///
    /// # Errors
    /// When it is something else.
    pub fn bool(&self, at: usize) -> Result<bool> {
        match self.args[at] {
            Value::Bool(value) => Ok(value),
            _ => Err(self.wrong(at, "a bool")),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// When it is something else.
    pub fn string(&self, at: usize) -> Result<&'v str> {
        match self.args[at] {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong(at, "a string")),
        }
    }

    /// A list; its elements may be thunks.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(&self, at: usize) -> Result<&'v [Value<'v>]> {
        match self.args[at] {
            Value::List(items) => Ok(items),
            _ => Err(self.wrong(at, "a list")),
        }
    }

    /// A list of strings.
    ///
    /// # Errors
    /// When it is something else, or an element fails to evaluate.
    pub fn strings(&self, at: usize) -> Result<Vec<&'v str>> {
        self.list(at)?
            .iter()
            .map(|item| match self.eval.force(*item)? {
                Value::String(text) => Ok(*text),
                other => {
                    Err(self.wrong(at, "a list of strings").note(format!("an element is {}", self.eval.glimpse(other))))
                }
            })
            .collect()
    }

    /// A record; its fields may be thunks.
    ///
    /// # Errors
    /// When it is something else.
    pub fn record(&self, at: usize) -> Result<&'v Record<'v>> {
        match self.args[at] {
            Value::Record(record) => Ok(record),
            _ => Err(self.wrong(at, "a record")),
        }
    }

    /// A path.
    ///
    /// # Errors
    /// When it is something else.
    pub fn path(&self, at: usize) -> Result<&'v PathValue<'v>> {
        match self.args[at] {
            Value::Path(path) => Ok(path),
            _ => Err(self.wrong(at, "a path")),
        }
    }

    /// Calls a function now.
    ///
    /// # Errors
    /// What the call fails with.
    pub fn apply(&self, function: Value<'v>, args: &[Value<'v>]) -> Result<Value<'v>> {
        self.eval.apply(function, args, self.span)
    }

    /// Calls a function that decides something.
    ///
    /// # Errors
    /// What the call fails with, or when it gives no bool.
    pub fn decide(&self, function: Value<'v>, args: &[Value<'v>]) -> Result<bool> {
        match self.apply(function, args)? {
            Value::Bool(value) => Ok(value),
            other => Err(Failure::new(
                codes::ARGUMENT_KIND,
                format!("the function given to `{}` must give a bool, it gave {}", self.builtin.path, other.kind()),
            )
            .at(self.span, format!("it gave {}", self.eval.glimpse(other)))),
        }
    }

    /// Calls a function when its result is needed.
    pub fn apply_later(&self, function: Value<'v>, args: &[Value<'v>]) -> Value<'v> {
        self.eval.apply_later(function, args, self.span)
    }

    /// Makes sure that there is room for something large.
    ///
    /// # Errors
    /// When the limit of memory does not allow it.
    pub fn reserve(&self, bytes: usize) -> Result<()> {
        self.eval.reserve(bytes, self.span)
    }

    /// An argument is of the wrong kind.
    #[cold]
    pub fn wrong(&self, at: usize, expected: &str) -> Failure {
        let (found, name) = (self.args[at], self.builtin.params[at].name);
        Failure::new(
            codes::ARGUMENT_KIND,
            format!("`{}` needs {expected} for `{name}`, found {}", self.builtin.path, found.kind()),
        )
        .at(self.span, format!("`{name}` is {}", self.eval.glimpse(found)))
    }

    /// An argument is of the right kind, and its value is not what the function can work with.
    #[cold]
    pub fn refuse(&self, message: impl Into<String>) -> Failure {
        Failure::new(codes::VALUE, format!("`{}`: {}", self.builtin.path, message.into())).at(self.span, "in this call")
    }
}
