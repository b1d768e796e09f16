//! Types at run time: what a value must be, and whom to blame when it is not.
//!
//! A check looks at the value as far as it is evaluated anyway. Elements of lists and fields of records are
//! checked when they are needed, results of functions when they are called.

use std::fmt::Write;

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::record::Record;
use crate::symbol::Symbol;
use crate::value::{CheckedFunction, Checking, State, Thunk, Value};

/// A type and where it was written.
#[derive(Clone, Copy)]
pub struct Contract<'v> {
    pub(crate) ty: &'v Type<'v>,
    pub(crate) span: Span,
}

/// A type.
pub(crate) enum Type<'v> {
    Any,
    Simple(Simple),
    Literal(&'v str),
    List(&'v Type<'v>),
    Record(&'v [(Symbol, bool, Type<'v>)], bool),
    Map(&'v Type<'v>),
    Function(&'v [Type<'v>], &'v Type<'v>),
    Union(&'v [Type<'v>]),
}

/// A type that a value's own kind decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simple {
    Null,
    Bool,
    Int,
    /// An [`Int`](Self::Int) above zero.
    Positive,
    Float,
    Number,
    String,
    Path,
    Script,
    Function,
    Package,
    Tree,
    Arch,
    List,
    Record,
}

impl Simple {
    pub(crate) const ALL: [(&'static str, Self); 15] = [
        ("Null", Self::Null),
        ("Bool", Self::Bool),
        ("Int", Self::Int),
        ("Positive", Self::Positive),
        ("Float", Self::Float),
        ("Number", Self::Number),
        ("String", Self::String),
        ("Path", Self::Path),
        ("Script", Self::Script),
        ("Function", Self::Function),
        ("Package", Self::Package),
        ("Tree", Self::Tree),
        ("Arch", Self::Arch),
        ("List", Self::List),
        ("Record", Self::Record),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, simple)| *simple == self).map_or("Any", |(name, _)| name)
    }

    fn admits(self, value: Value<'_>) -> bool {
        match self {
            Self::Null => matches!(value, Value::Null),
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Int => matches!(value, Value::Int(_)),
            Self::Positive => matches!(value, Value::Int(1..)),
            Self::Float => matches!(value, Value::Float(_)),
            Self::Number => matches!(value, Value::Int(_) | Value::Float(_)),
            Self::String => matches!(value, Value::String(_)),
            Self::Path => matches!(value, Value::Path(_)),
            Self::Script => matches!(value, Value::Script(_)),
            Self::Function => {
                matches!(value, Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) | Value::Package(_))
            }
            Self::Package => matches!(value, Value::Package(_) | Value::Instance(_)),
            Self::Tree => matches!(value, Value::Tree(_) | Value::Path(_) | Value::Instance(_)),
            Self::Arch => match value {
                Value::Arch(_) => true,
                Value::String(name) => name.parse::<xb_core::Arch>().is_ok(),
                _ => false,
            },
            Self::List => matches!(value, Value::List(_)),
            Self::Record => matches!(value, Value::Record(_)),
        }
    }
}

/// A check that several values share, made when the first of them has to wait for it.
struct Sharing<'v> {
    contract: Contract<'v>,
    at: Span,
    shared: Option<&'v Checking<'v>>,
}

impl<'v> Sharing<'v> {
    fn new(contract: Contract<'v>, at: Span) -> Self {
        Self { contract, at, shared: None }
    }
}

impl<'v> Evaluator<'v> {
    /// Checks an evaluated value; gives it back, wrapped where parts of it have to be checked later.
    pub(crate) fn check(&self, value: Value<'v>, contract: Contract<'v>, at: Span) -> Result<Value<'v>> {
        match (contract.ty, value) {
            (Type::Any, _) => Ok(value),
            (Type::Union(types), _) => match self.alternative(value, types) {
                Some(ty) => self.check(value, Contract { ty, ..contract }, at),
                None => Err(self.mismatch(value, contract, at)),
            },
            (Type::List(element), Value::List(items)) if !matches!(element, Type::Any) => {
                let element = Contract { ty: element, ..contract };
                self.check_items(items, element, at)
            }
            (Type::Record(fields, open), Value::Record(record)) => {
                self.check_fields(record, fields, *open, contract, at)
            }
            (Type::Map(element), Value::Record(record)) => {
                let mut fields = record.fields();
                let mut checking = Sharing::new(Contract { ty: element, ..contract }, at);
                for field in &mut fields {
                    field.1 = self.check_later(field.1, &mut checking)?;
                }
                Ok(self.record(Record::from_sorted(self.arena, &fields)))
            }
            (Type::Function(parameters, result), _) if Simple::Function.admits(value) => {
                Ok(self.check_calls(value, parameters, result, contract.span))
            }
            (ty, _) if self.fits(value, ty) => Ok(value),
            _ => Err(self.mismatch(value, contract, at)),
        }
    }

    fn check_items(&self, items: &'v [Value<'v>], element: Contract<'v>, at: Span) -> Result<Value<'v>> {
        // Each twice while they are gathered, and a thunk for each that has to wait.
        self.reserve(items.len().saturating_mul(2 * size_of::<Value<'v>>() + size_of::<Thunk<'v>>()), at)?;
        let mut checked = Vec::with_capacity(items.len());
        let mut checking = Sharing::new(element, at);
        for item in items {
            checked.push(self.check_later(*item, &mut checking)?);
        }
        Ok(self.list(&checked))
    }

    /// Checks now what is evaluated, and the rest when it is needed.
    fn check_later(&self, value: Value<'v>, checking: &mut Sharing<'v>) -> Result<Value<'v>> {
        match self.peek(value) {
            Some(value) => self.check(value, checking.contract, checking.at),
            None => {
                let Sharing { contract, at, shared } = checking;
                let shared = shared.get_or_insert_with(|| self.arena.alloc(Checking { contract: *contract, at: *at }));
                Ok(self.thunk(State::Contract(value, shared)))
            }
        }
    }

    fn check_fields(
        &self,
        record: &'v Record<'v>,
        types: &'v [(Symbol, bool, Type<'v>)],
        open: bool,
        contract: Contract<'v>,
        at: Span,
    ) -> Result<Value<'v>> {
        let mut fields = record.fields();
        if let Some((extra, _)) = fields.iter().find(|field| !open && !types.iter().any(|ty| ty.0 == field.0)) {
            let name = self.symbols.name(*extra);
            return Err(self
                .mismatch(Value::Record(record), contract, at)
                .note(format!("it has a field `{name}` that the type does not name"))
                .meant(name, types.iter().map(|ty| self.symbols.name(ty.0))));
        }
        for (name, optional, ty) in types {
            match fields.iter_mut().find(|field| field.0 == *name) {
                Some(field) => {
                    field.1 = self.check_later(field.1, &mut Sharing::new(Contract { ty, ..contract }, at))?
                }
                None if *optional => {}
                None => {
                    let name = self.symbols.name(*name);
                    return Err(self
                        .mismatch(Value::Record(record), contract, at)
                        .note(format!("it has no field `{name}`")));
                }
            }
        }
        Ok(self.record(Record::from_sorted(self.arena, &fields)))
    }

    fn check_calls(
        &self,
        function: Value<'v>,
        parameters: &'v [Type<'v>],
        result: &'v Type<'v>,
        span: Span,
    ) -> Value<'v> {
        let parameters = parameters.iter().map(|ty| Contract { ty, span });
        Value::Checked(self.arena.alloc(CheckedFunction {
            function,
            parameters: self.arena.alloc_slice_fill_iter(parameters.collect::<Vec<_>>()),
            result: Contract { ty: result, span },
        }))
    }

    /// The alternative that a value is checked against; the only one for records, where no names fit, says what is wrong.
    fn alternative(&self, value: Value<'v>, types: &'v [Type<'v>]) -> Option<&'v Type<'v>> {
        let of_records = || {
            let mut records = types.iter().filter(|ty| matches!(ty, Type::Record(..)));
            records.next().filter(|_| records.next().is_none() && matches!(value, Value::Record(_)))
        };
        types.iter().find(|ty| self.fits(value, ty)).or_else(of_records)
    }

    /// Whether the value's outermost layer is of this type.
    fn fits(&self, value: Value<'v>, ty: &Type<'v>) -> bool {
        match ty {
            Type::Any => true,
            Type::Simple(simple) => simple.admits(value),
            Type::Literal(text) => matches!(value, Value::String(value) if value == text),
            Type::List(_) => matches!(value, Value::List(_)),
            Type::Map(_) => matches!(value, Value::Record(_)),
            // By its names, so that alternatives are told apart.
            Type::Record(fields, open) => match value {
                Value::Record(record) => {
                    fields.iter().all(|(name, optional, _)| *optional || record.get(*name).is_some())
                        && (*open || record.fields().iter().all(|field| fields.iter().any(|ty| ty.0 == field.0)))
                }
                _ => false,
            },
            Type::Function(..) => Simple::Function.admits(value),
            Type::Union(types) => types.iter().any(|ty| self.fits(value, ty)),
        }
    }

    fn mismatch(&self, value: Value<'v>, contract: Contract<'v>, at: Span) -> Failure {
        let expected = self.type_name(contract.ty);
        let shown = self.glimpse(value);
        let message = format!("expected {expected}, found {shown}");
        if contract.span == NOWHERE {
            let failure = Failure::new(codes::FIELD_TYPE, message)
                .at(at, format!("this is {}", value.kind()))
                .note(format!("this field is `{expected}`"));
            return match value {
                Value::String(text) if admits_trees(contract.ty) => failure.help(as_tree(text)),
                _ => failure,
            };
        }
        Failure::new(codes::ANNOTATION, message)
            .at(at, format!("this is {}", value.kind()))
            .at(contract.span, format!("declared as `{expected}` here"))
    }

    /// A type as it is written.
    pub(crate) fn type_name(&self, ty: &Type<'v>) -> String {
        let mut text = String::new();
        self.write_type(ty, &mut text);
        text
    }

    fn write_type(&self, ty: &Type<'v>, out: &mut String) {
        match ty {
            Type::Any => out.push_str("Any"),
            Type::Simple(simple) => out.push_str(simple.name()),
            Type::Literal(text) => {
                let _ = write!(out, "\"{text}\"");
            }
            Type::List(element) => {
                out.push('[');
                self.write_type(element, out);
                out.push(']');
            }
            Type::Map(element) => {
                out.push_str("{ *: ");
                self.write_type(element, out);
                out.push_str(" }");
            }
            Type::Record(fields, open) => self.write_record_type(fields, *open, out),
            Type::Function(parameters, result) => {
                out.push('(');
                self.write_types(parameters, ", ", out);
                out.push_str(") -> ");
                self.write_type(result, out);
            }
            Type::Union(types) => self.write_types(types, " | ", out),
        }
    }

    fn write_types(&self, types: &[Type<'v>], separator: &str, out: &mut String) {
        for (index, ty) in types.iter().enumerate() {
            if index > 0 {
                out.push_str(separator);
            }
            self.write_type(ty, out);
        }
    }

    fn write_record_type(&self, fields: &[(Symbol, bool, Type<'v>)], open: bool, out: &mut String) {
        out.push_str("{ ");
        for (index, (name, optional, ty)) in fields.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            out.push_str(self.symbols.name(*name));
            out.push_str(if *optional { "?: " } else { ": " });
            self.write_type(ty, out);
        }
        if open {
            out.push_str(if fields.is_empty() { "..." } else { ", ..." });
        }
        out.push_str(" }");
    }
}

fn admits_trees(ty: &Type<'_>) -> bool {
    match ty {
        Type::Simple(simple) => matches!(simple, Simple::Tree),
        Type::Union(types) => types.iter().any(admits_trees),
        _ => false,
    }
}

/// How a text that may have been meant to lead to files is written so that it does.
fn as_tree(text: &str) -> String {
    match text.split_once(':') {
        Some(_) => format!("what lies elsewhere is fetched: `fetch.tarball(\"{text}\")`, with `use std {{ fetch }}`"),
        None => "a folder of the project is a path without quotes: `./src`".to_owned(),
    }
}
