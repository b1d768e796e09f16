//! Reading the records that primitives take.

use xb_core::RelPath;

use crate::builtins::Invocation;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::package::Instance;
use crate::record::Record;
use crate::value::Value;

/// A record of settings whose names are known.
pub(super) struct Settings<'c, 'a, 'v> {
    pub(super) call: &'c Invocation<'a, 'v>,
    record: &'v Record<'v>,
}

impl<'c, 'a, 'v> Settings<'c, 'a, 'v> {
    /// The settings of a call; a name that is not known is an error.
    pub(super) fn new(call: &'c Invocation<'a, 'v>, known: &[&str]) -> Result<Self> {
        Self::of(call, call.record(0)?, known)
    }

    pub(super) fn of(call: &'c Invocation<'a, 'v>, record: &'v Record<'v>, known: &[&str]) -> Result<Self> {
        let extra =
            record.fields().into_iter().map(|field| call.eval.symbols.name(field.0)).find(|name| !known.contains(name));
        match extra {
            None => Ok(Self { call, record }),
            Some(name) => Err(refuse(call, format!("does not know `{name}`")).meant(name, known.iter().copied())),
        }
    }

    /// A setting, evaluated; null where it is not given.
    pub(super) fn get(&self, name: &str) -> Result<Value<'v>> {
        match self.record.get(self.call.eval.symbol(name)) {
            Some(value) => self.call.eval.force(value),
            None => Ok(Value::Null),
        }
    }

    /// A setting as it is.
    pub(super) fn later(&self, name: &str) -> Option<Value<'v>> {
        self.record.get(self.call.eval.symbol(name))
    }

    pub(super) fn text_or_null(&self, name: &str) -> Result<Option<&'v str>> {
        match self.get(name)? {
            Value::Null => Ok(None),
            Value::String(text) | Value::Script(text) => Ok(Some(text)),
            Value::Arch(arch) => Ok(Some(arch.debian())),
            other => Err(self.wrong(name, "a string", other)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<&'v str> {
        self.text_or_null(name)?.ok_or_else(|| refuse(self.call, format!("needs `{name}`")))
    }

    pub(super) fn instance(&self, name: &str) -> Result<&'v Instance<'v>> {
        match self.get(name)? {
            Value::Instance(instance) => Ok(instance),
            other => Err(self.wrong(name, "a package with its arguments", other)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name)? {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(value),
            other => Err(self.wrong(name, "a bool", other)),
        }
    }

    /// A number that is not negative.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>> {
        match self.get(name)? {
            Value::Null => Ok(None),
            Value::Int(value) if value >= 0 => Ok(Some(value.unsigned_abs())),
            other => Err(self.wrong(name, "a number that is not negative", other)),
        }
    }

    /// A number above zero.
    pub(super) fn positive(&self, name: &str) -> Result<Option<u64>> {
        match self.count(name)? {
            Some(0) => Err(self.wrong(name, "a number above zero", Value::Int(0))),
            count => Ok(count),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&'v [Value<'v>]> {
        match self.get(name)? {
            Value::Null => Ok(&[]),
            Value::List(items) => Ok(items),
            other => Err(self.wrong(name, "a list", other)),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'v str>> {
        texts(self.call, self.list(name)?)
    }

    pub(super) fn record(&self, name: &str) -> Result<&'v Record<'v>> {
        match self.get(name)? {
            Value::Null => Ok(&Record::EMPTY),
            Value::Record(record) => Ok(record),
            other => Err(self.wrong(name, "a record", other)),
        }
    }

    pub(super) fn path(&self, name: &str) -> Result<RelPath> {
        path(self.call, self.text_or_null(name)?.unwrap_or_default())
    }

    pub(super) fn arch(&self, name: &str) -> Result<xb_core::Arch> {
        self.call.eval.to_arch(self.get(name)?, self.call.span)
    }

    /// A setting that is read from its name.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T> {
        self.text(name)?.parse().map_err(|error: T::Err| refuse(self.call, format!("`{name}`: {error}")))
    }

    fn wrong(&self, name: &str, expected: &str, found: Value<'v>) -> Failure {
        refuse(self.call, format!("needs {expected} for `{name}`, found {}", found.kind()))
    }
}

pub(super) fn texts<'v>(call: &Invocation<'_, 'v>, items: &[Value<'v>]) -> Result<Vec<&'v str>> {
    items
        .iter()
        .map(|item| match call.eval.force(*item)? {
            Value::String(text) | Value::Script(text) => Ok(*text),
            other => Err(refuse(call, format!("needs a string, found {}", other.kind()))),
        })
        .collect()
}

pub(super) fn path(call: &Invocation<'_, '_>, text: &str) -> Result<RelPath> {
    RelPath::normalise(text).map_err(|error| refuse(call, error.to_string()))
}

#[cold]
pub(super) fn refuse(call: &Invocation<'_, '_>, message: impl std::fmt::Display) -> Failure {
    Failure::new(codes::PRIMITIVE, format!("`{}` {message}", call.builtin.path)).at(call.span, "in this call")
}
