//! Evaluating expressions and files, one after another, with names that stay: what `xb eval` and the repl use.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use xb_core::{Arch, Diagnostic, RelPath, Severity, Sources, Span};
use xb_graph::Graph;

use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::limits::Limits;
use crate::lower::{self, Names};
use crate::module::{Module, ModuleKey};
use crate::text::Text;
use crate::value::{Base, Value};
use crate::world::World;

/// Where the values of a session live; it outlives the session.
#[derive(Default)]
pub struct Arena(pub(crate) Bump);

impl Arena {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

/// An evaluation that goes on: what one input defines, the next one sees.
pub struct Session<'v> {
    eval: Evaluator<'v>,
    names: RefCell<Names<'v>>,
    key: ModuleKey,
    /// Where the expression stands that was evaluated last: what goes wrong when its value is written is blamed on it.
    place: Cell<Span>,
}

impl<'v> Session<'v> {
    /// A session without names of its own, in the project's folder.
    pub fn new(arena: &'v Arena, world: &'v dyn World, limits: Limits) -> Self {
        let host = Arch::host().unwrap_or(Arch::Amd64);
        Self {
            eval: Evaluator::new(&arena.0, world, host, limits),
            names: RefCell::default(),
            key: ModuleKey { base: Base::Project, path: RelPath::root() },
            place: Cell::new(NOWHERE),
        }
    }

    /// The same, for a machine of another architecture.
    #[must_use]
    pub fn on(mut self, host: Arch) -> Self {
        self.eval.host = host;
        self
    }

    /// The value of a file of the project, evaluated in its outermost layer.
    ///
    /// # Errors
    /// What reading, parsing or evaluating it gives.
    pub fn eval_file(&self, path: &RelPath) -> std::result::Result<Value<'v>, Vec<Diagnostic>> {
        self.report(self.eval.module(&ModuleKey::project(path), NOWHERE).and_then(|module| self.value_of(module)))
    }

    /// Takes in a text: its items define names, its expression gives the value.
    ///
    /// # Errors
    /// What parsing or evaluating it gives.
    pub fn eval_text(&self, name: &str, text: &str) -> std::result::Result<Option<Value<'v>>, Vec<Diagnostic>> {
        self.report(self.take_in(name, text))
    }

    /// Like [`eval_text`](Self::eval_text), as if the text stood in this file of the project.
    ///
    /// # Errors
    /// What parsing or evaluating it gives.
    pub fn eval_text_at(&self, path: &RelPath, text: &str) -> std::result::Result<Option<Value<'v>>, Vec<Diagnostic>> {
        let key = ModuleKey::project(path);
        self.report(self.eval.load_text(&key.name(), text, &key).and_then(|module| self.value_of(module).map(Some)))
    }

    fn value_of(&self, module: &Module<'v>) -> Result<Value<'v>> {
        self.place.set(module.place);
        self.eval.force(module.value)
    }

    fn take_in(&self, name: &str, text: &str) -> Result<Option<Value<'v>>> {
        let file = self.eval.add_source(name, text, Base::Project);
        let parsed = xb_syntax::parse(file, text);
        let mut errors = parsed.diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        if let Some(first) = errors.next() {
            return Err(Failure::from(first).with_others(errors));
        }
        let mut names = self.names.borrow().clone();
        let value = lower::piece(&self.eval, &self.key, &mut names, &parsed.file)?;
        *self.names.borrow_mut() = names;
        self.place.set(parsed.file.value.as_ref().map_or(NOWHERE, |value| value.span));
        value.map(|value| self.eval.force(value)).transpose()
    }

    /// The printed form of a value, all of it evaluated.
    ///
    /// # Errors
    /// What evaluating a part of it gives.
    pub fn print(&self, value: Value<'v>) -> std::result::Result<String, Vec<Diagnostic>> {
        self.report(self.eval.print(value, self.place.get()))
    }

    /// A value as JSON on several lines, all of it evaluated.
    ///
    /// # Errors
    /// When a part of it is no plain data, or fails to evaluate.
    pub fn to_json(&self, value: Value<'v>) -> std::result::Result<String, Vec<Diagnostic>> {
        self.report(self.eval.json(value, true, self.place.get()).map(Text::into_string))
    }

    /// The names of a value's fields, sorted: for completion.
    pub fn fields(&self, value: Value<'v>) -> Vec<&'v str> {
        match value {
            Value::Record(record) => self.eval.sorted(record).into_iter().map(|field| field.0).collect(),
            Value::Instance(_) => xb_syntax::PACKAGE_FIELDS.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The names in scope, sorted: those that were defined, and those that are predefined.
    pub fn names(&self) -> Vec<String> {
        let own: Vec<String> =
            self.names.borrow().keys().map(|name| self.eval.symbols.name(*name).to_owned()).collect();
        let mut all: Vec<String> = own.into_iter().chain(crate::builtins::names().map(str::to_owned)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The texts that places of diagnostics point into.
    pub fn sources(&self) -> Sources {
        self.eval.sources.borrow().clone()
    }

    /// The nodes that were made so far.
    pub fn graph(&self) -> Graph {
        self.eval.graph.borrow().clone()
    }

    fn report<T>(&self, result: Result<T>) -> std::result::Result<T, Vec<Diagnostic>> {
        result.map_err(|failure| self.eval.diagnostics(failure))
    }
}
