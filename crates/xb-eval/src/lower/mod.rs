//! From the syntax tree to the resolved form: every name becomes a slot, a capture, a global cell or a constant.
//!
//! Errors that need no evaluation are collected over the whole file: unknown names, unknown fields of packages,
//! paths that lead out of the project, names that are given twice.

mod delay;
mod expr;
mod function;
mod item;
mod pattern;
mod record;
mod scope;
mod types;

use std::cell::Cell;

use rustc_hash::FxHashMap;
use xb_core::{Code as DiagnosticCode, Diagnostic, RelPath, Span};
use xb_syntax::ast;

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::module::{Module, ModuleKey};
use crate::symbol::Symbol;
use crate::value::Value;

/// The global names of a file, or of a session.
pub(crate) type Names<'v> = FxHashMap<Symbol, &'v Cell<Value<'v>>>;

/// The resolving of one file.
pub(crate) struct Lowering<'e, 'v> {
    eval: &'e Evaluator<'v>,
    key: &'e ModuleKey,
    names: Names<'v>,
    defined: Vec<(Symbol, &'v Cell<Value<'v>>)>,
    scopes: Vec<scope::Scope>,
    groups: Vec<scope::Group>,
    nesting: u32,
    types: usize,
    errors: Vec<Diagnostic>,
}

/// Resolves a file.
pub(crate) fn module<'v>(eval: &Evaluator<'v>, key: &ModuleKey, file: &ast::File) -> Result<&'v Module<'v>> {
    let mut lowering = Lowering::new(eval, key, Names::default());
    let value = lowering.file(file);
    let defined = eval.arena.alloc_slice_copy(&lowering.defined);
    lowering.finish()?;
    Ok(eval.arena.alloc(Module {
        defined,
        value: value.unwrap_or_else(|| eval.definitions(defined)),
        explicit: value.is_some(),
        place: file.value.as_ref().map_or(NOWHERE, |value| value.span),
    }))
}

/// Resolves a further piece of a session: its names are added to `names`, its value is given back.
pub(crate) fn piece<'v>(
    eval: &Evaluator<'v>,
    key: &ModuleKey,
    names: &mut Names<'v>,
    file: &ast::File,
) -> Result<Option<Value<'v>>> {
    let mut lowering = Lowering::new(eval, key, names.clone());
    let value = lowering.file(file);
    *names = lowering.finish()?;
    Ok(value)
}

impl<'e, 'v> Lowering<'e, 'v> {
    fn new(eval: &'e Evaluator<'v>, key: &'e ModuleKey, names: Names<'v>) -> Self {
        Self {
            eval,
            key,
            names,
            defined: Vec::new(),
            scopes: Vec::new(),
            groups: Vec::new(),
            nesting: 0,
            types: 0,
            errors: Vec::new(),
        }
    }

    fn finish(self) -> Result<Names<'v>> {
        let mut errors = self.errors.into_iter();
        match errors.next() {
            None => Ok(self.names),
            Some(first) => Err(Failure::from(first).with_others(errors)),
        }
    }

    fn alloc<T>(&self, value: T) -> &'v T {
        self.eval.arena.alloc(value)
    }

    fn slice<T>(&self, items: Vec<T>) -> &'v [T] {
        self.eval.arena.alloc_slice_fill_iter(items)
    }

    fn symbol(&self, name: &str) -> Symbol {
        self.eval.symbols.intern(name)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    fn report_twice(&mut self, code: DiagnosticCode, what: &str, name: &str, span: Span) {
        let message = format!("{what} `{name}` is given twice");
        self.report(Diagnostic::error(code, message).label(span, "the second time"));
    }

    fn report_too_deep(&mut self, what: &str, limit: usize, span: Span) {
        let message = format!("{what} more than {limit} levels deep");
        self.report(Diagnostic::error(codes::TOO_DEEP, message).label(span, "it begins here"));
    }

    /// A path of the source text, relative to the file that it stands in.
    fn path(&mut self, path: &str, span: Span) -> Option<RelPath> {
        let folder = self.key.path.parent().unwrap_or_default();
        match RelPath::normalise(&format!("{folder}/{path}")) {
            Ok(path) => Some(path),
            Err(_) => {
                self.report(
                    Diagnostic::error(codes::OUTSIDE, format!("`{path}` leads out of the project"))
                        .label(span, "goes above the project's folder")
                        .note("everything that a build uses lies in the project or is fetched with a digest")
                        .help(
                            "the project is the folder of the nearest `xb.toml` above the file, or else the file's own: an \
                             empty `xb.toml` in a folder above both makes that the project",
                        ),
                );
                None
            }
        }
    }
}
