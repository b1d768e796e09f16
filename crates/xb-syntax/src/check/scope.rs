//! Scopes: what a name stands for where it is used.

use rustc_hash::FxHashMap;
use xb_core::{Diagnostic, Span, nearest};

use super::Checker;
use crate::ast::{Expr, Name, Param};
use crate::codes;

/// What binds a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A `use`.
    Use,
    /// A `let` of the file whose value can be had by others.
    Export,
    /// Any other `let`.
    Let,
    /// A package or release.
    Item,
    /// A parameter, or a name of a pattern.
    Param,
    /// A field of a package.
    Field,
}

/// A name in a scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// Its parameters, when it is known to be a function or a package.
    pub(super) params: Option<&'a [Param]>,
    used: bool,
}

/// The scopes around a place, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Scopes<'a> {
    scopes: Vec<Scope<'a>>,
}

#[derive(Debug, Default)]
struct Scope<'a> {
    index: FxHashMap<&'a str, usize>,
    known: Vec<(&'a str, Known<'a>)>,
}

impl<'a> Scopes<'a> {
    /// What a name stands for, marked as used.
    fn use_name(&mut self, name: &str) -> Option<Known<'a>> {
        self.scopes.iter_mut().rev().find_map(|scope| {
            let index = *scope.index.get(name)?;
            let (_, known) = scope.known.get_mut(index)?;
            known.used = true;
            Some(*known)
        })
    }

    fn find(&self, name: &str) -> Option<Known<'a>> {
        self.scopes.iter().rev().find_map(|scope| scope.known.get(*scope.index.get(name)?).map(|(_, known)| *known))
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.scopes.iter().flat_map(|scope| scope.known.iter().map(|(name, _)| *name))
    }
}

impl<'a> Checker<'a> {
    /// Runs `walk` in a new scope, and says afterwards what in it was not used.
    pub(super) fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.scopes.push(Scope::default());
        walk(self);
        for (name, known) in self.scopes.scopes.pop().unwrap_or_default().known {
            if !known.used && !name.starts_with('_') {
                self.unused(name, &known);
            }
        }
    }

    fn unused(&mut self, name: &str, known: &Known<'_>) {
        let (code, what) = match known.kind {
            Kind::Let => (codes::UNUSED_BINDING, "is never used"),
            Kind::Use => (codes::UNUSED_USE, "is brought in and never used"),
            _ => return,
        };
        self.say(
            Diagnostic::warning(code, format!("`{name}` {what}"))
                .label(known.span, "this name")
                .help(format!("remove it, or call it `_{name}` if it is meant to be there")),
        );
    }

    /// Binds a name in the innermost scope.
    pub(super) fn bind(&mut self, name: &'a Name, kind: Kind, value: Option<&'a Expr>) {
        self.bind_text(&name.text, name.span, kind, value.and_then(super::call::params_of));
    }

    /// As [`Self::bind`], with known parameters.
    pub(super) fn bind_text(&mut self, text: &'a str, span: Span, kind: Kind, params: Option<&'a [Param]>) {
        if text != "_" {
            self.hides(text, span, kind);
        }
        let Some(scope) = self.scopes.scopes.last_mut() else {
            return;
        };
        let known = Known { kind, span, params, used: false };
        if let Some(first) = scope.index.insert(text, scope.known.len()).and_then(|first| scope.known.get(first)) {
            let first = first.1.span;
            if text != "_" {
                self.twice(text, span, first);
            }
        }
        if let Some(scope) = self.scopes.scopes.last_mut() {
            scope.known.push((text, known));
        }
    }

    /// Two things of one scope with one name.
    pub(super) fn twice(&mut self, name: &str, second: Span, first: Span) {
        self.say(
            Diagnostic::error(codes::DEFINED_TWICE, format!("`{name}` is defined twice"))
                .label(second, "the second time")
                .label(first, "the first time")
                .help("remove or rename one of them"),
        );
    }

    /// A name that hides another one, where that is likely a mistake.
    fn hides(&mut self, name: &str, span: Span, kind: Kind) {
        let bound_here = self.scopes.scopes.last().is_some_and(|scope| scope.index.contains_key(name));
        if bound_here || kind == Kind::Field || name.starts_with('_') {
            return;
        }
        let hidden = match self.scopes.find(name) {
            Some(known) => Some((known.span, described(known.kind))),
            None => self.globals.names.contains(name).then_some((span, "a name of the language")),
        };
        let Some((place, what)) = hidden else {
            return;
        };
        let mut diagnostic = Diagnostic::warning(codes::HIDES, format!("`{name}` hides {what} of the same name"))
            .label(span, "from here on this one is meant");
        if place != span {
            diagnostic = diagnostic.label(place, "this one is hidden");
        }
        self.say(diagnostic.help("give it another name"));
    }

    /// What a name stands for, without using it.
    pub(super) fn lookup(&self, name: &str) -> Option<Known<'a>> {
        self.scopes.find(name)
    }

    /// A name that is used: marks it, or says that there is none.
    pub(super) fn name(&mut self, name: &str, span: Span) -> Option<Known<'a>> {
        let known = self.scopes.use_name(name);
        if known.is_none() && !self.globals.names.contains(name) {
            self.unknown(name, span);
        }
        known
    }

    fn unknown(&mut self, name: &str, span: Span) {
        let globals = self.globals.names.iter().map(String::as_str);
        let near = nearest(name, self.scopes.names().chain(globals));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, format!("unknown name `{name}`"))
            .label(span, "nothing of this name is defined here");
        self.say(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("define it with `let`, or bring it in with `use`"),
        });
    }
}

fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Use => "what a `use` brings in",
        Kind::Export | Kind::Let => "a `let`",
        Kind::Item => "a package or release",
        Kind::Param => "a parameter",
        Kind::Field => "a field of the package",
    }
}
