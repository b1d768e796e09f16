//! Files: read, parsed and resolved once, when something of them is first needed.
//!
//! A name that `use` brings is a thunk, so files may use each other in a circle as long as their values do not.

use std::cell::Cell;

use xb_core::{Digest, RelPath, Severity, Span};

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::record::Record;
use crate::stdlib;
use crate::symbol::Symbol;
use crate::value::{Base, State, Thunk, Value};

/// A file, by what its path is relative to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModuleKey {
    pub(crate) base: Base,
    pub(crate) path: RelPath,
}

impl ModuleKey {
    pub(crate) fn project(path: &RelPath) -> Self {
        Self { base: Base::Project, path: path.clone() }
    }

    /// The name that a person sees.
    pub(crate) fn name(&self) -> String {
        match self.base {
            Base::Project => self.path.as_str().to_owned(),
            Base::Std => format!("std:{}", self.path.as_str().trim_end_matches(".xb")),
        }
    }
}

/// A resolved file.
pub(crate) struct Module<'v> {
    /// What its items define, in their order.
    pub(crate) defined: &'v [(Symbol, &'v Cell<Value<'v>>)],
    /// Its value: of its expression, or the record of what it defines.
    pub(crate) value: Value<'v>,
    /// Whether it ends in an expression.
    pub(crate) explicit: bool,
    /// Where its expression stands.
    pub(crate) place: Span,
}

/// A name, or the whole, of another file.
pub(crate) struct Import<'v> {
    pub(crate) file: Wanted<'v>,
    /// None for the whole.
    pub(crate) name: Option<Symbol>,
    pub(crate) span: Span,
}

/// Where a `use` reads from.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'v> {
    File(Base, &'v str),
    /// `std`, then fields of it.
    Std(&'v [(Symbol, Span)]),
}

impl<'v> Evaluator<'v> {
    pub(crate) fn import(&self, import: &'v Import<'v>) -> Result<Value<'v>> {
        let whole = match import.file {
            Wanted::File(base, path) => self.module(&key(base, path), import.span)?.value,
            Wanted::Std(path) => {
                let mut value = self.module(&stdlib::root(), import.span)?.value;
                for (name, span) in path {
                    value = self.exported(value, *name, *span, "std")?;
                }
                value
            }
        };
        match import.name {
            None => self.force(whole),
            Some(name) => {
                let file = match import.file {
                    Wanted::File(base, path) => key(base, path).name(),
                    Wanted::Std(_) => "std".to_owned(),
                };
                self.exported(whole, name, import.span, &file)
            }
        }
    }

    fn exported(&self, whole: Value<'v>, name: Symbol, span: Span, file: &str) -> Result<Value<'v>> {
        match self.force(whole)? {
            Value::Record(record) => match record.get(name) {
                Some(value) => self.force(value),
                None => {
                    let name = self.symbols.name(name);
                    let known = self.sorted(record);
                    Err(Failure::new(codes::NOT_DEFINED, format!("`{file}` does not define `{name}`"))
                        .at(span, "used here")
                        .meant(name, known.iter().map(|field| field.0)))
                }
            },
            other => Err(Failure::new(
                codes::NOT_DEFINED,
                format!("the value of `{file}` is {}, not a record of names", other.kind()),
            )
            .at(span, "used here")
            .help("bring in the whole value: `use \"./file.xb\" as name`")),
        }
    }

    /// A file, loaded when it was not yet.
    pub(crate) fn module(&self, key: &ModuleKey, span: Span) -> Result<&'v Module<'v>> {
        if let Some(known) = self.modules.borrow().get(key) {
            return known.clone();
        }
        let loaded = self.load(key, span);
        self.modules.borrow_mut().insert(key.clone(), loaded.clone());
        loaded
    }

    fn load(&self, key: &ModuleKey, span: Span) -> Result<&'v Module<'v>> {
        let text = self.read(key.base, &key.path, span)?;
        self.load_text(&key.name(), &text, key)
    }

    /// Parses and resolves a text as a file of its own.
    pub(crate) fn load_text(&self, name: &str, text: &str, key: &ModuleKey) -> Result<&'v Module<'v>> {
        let file = self.add_source(name, text, key.base);
        let parsed = xb_syntax::parse(file, text);
        let mut errors = parsed.diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        if let Some(first) = errors.next() {
            return Err(Failure::from(first).with_others(errors));
        }
        crate::lower::module(self, key, &parsed.file)
    }

    pub(crate) fn add_source(&self, name: &str, text: &str, base: Base) -> xb_core::FileId {
        self.std_files.borrow_mut().push(base == Base::Std);
        self.sources.borrow_mut().add(name, text)
    }

    /// The text of a file; what is read from the project is remembered.
    pub(crate) fn read(&self, base: Base, path: &RelPath, span: Span) -> Result<std::sync::Arc<str>> {
        if base == Base::Std {
            return match stdlib::read(path.as_str()) {
                Some(text) => Ok(text.into()),
                None => {
                    Err(Failure::new(codes::UNREADABLE, format!("std has no file `{path}`")).at(span, "asked for here"))
                }
            };
        }
        match self.world.read(path) {
            Ok(text) => {
                let digest = Digest::of(text.as_bytes());
                self.reads.borrow_mut().push((path.clone(), digest));
                Ok(text)
            }
            Err(error) => {
                let failure = Failure::new(codes::UNREADABLE, format!("`{path}` cannot be read: {error}"));
                Err(if span == NOWHERE { failure } else { failure.at(span, "asked for here") })
            }
        }
    }

    /// The record of what a file defines.
    pub(crate) fn definitions(&self, defined: &[(Symbol, &'v Cell<Value<'v>>)]) -> Value<'v> {
        let fields = defined.iter().map(|(name, cell)| (*name, cell.get())).collect();
        self.record(Record::new(self.arena, fields))
    }

    pub(crate) fn thunk(&self, state: State<'v>) -> Value<'v> {
        Value::Thunk(self.arena.alloc(Thunk { state: Cell::new(state) }))
    }
}

fn key(base: Base, path: &str) -> ModuleKey {
    ModuleKey { base, path: RelPath::normalise(path).unwrap_or_default() }
}
