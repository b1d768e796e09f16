//! Which names are seen where, and what a piece of code captures from around it.

use std::rc::Rc;

use xb_core::{Diagnostic, Span};

use super::Lowering;
use crate::codes;
use crate::ir::{Kind, Source};
use crate::symbol::Symbol;
use crate::value::Base;

/// A piece of code with a frame of its own: a function's body, or a suspended expression.
#[derive(Default)]
pub(super) struct Scope {
    visible: Vec<(Symbol, u32)>,
    pub(super) slots: u32,
    pub(super) captures: Vec<Source>,
    /// In a package: what all its members share, as captures; nothing but globals lies beyond.
    shared: Option<Rc<[(Symbol, u32)]>>,
}

impl Scope {
    /// What a value of the scope around is called in this one.
    fn capture(&mut self, outer: Source) -> Source {
        let known = self.captures.iter().position(|capture| *capture == outer);
        let index = known.unwrap_or_else(|| {
            self.captures.push(outer);
            self.captures.len() - 1
        });
        Source::Captured(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// A group of bindings that may use each other, while they are resolved one after another.
pub(super) struct Group {
    scope: usize,
    first: u32,
    /// The slot whose value is being resolved.
    pub(super) current: u32,
    /// Which slots are used before their turn.
    pub(super) early: Vec<bool>,
}

impl Lowering<'_, '_> {
    /// Resolves `body` in a frame of its own.
    pub(super) fn in_scope<R>(&mut self, body: impl FnOnce(&mut Self) -> R) -> (R, Scope) {
        self.in_given_scope(Scope::default(), body)
    }

    /// Resolves `body` over the frame that a package's members share.
    pub(super) fn in_package<R>(
        &mut self,
        shared: &Rc<[(Symbol, u32)]>,
        body: impl FnOnce(&mut Self) -> R,
    ) -> (R, Scope) {
        let scope = Scope { shared: Some(Rc::clone(shared)), ..Scope::default() };
        self.in_given_scope(scope, body)
    }

    fn in_given_scope<R>(&mut self, scope: Scope, body: impl FnOnce(&mut Self) -> R) -> (R, Scope) {
        self.scopes.push(scope);
        let result = body(self);
        (result, self.scopes.pop().unwrap_or_default())
    }

    /// A new slot in the innermost frame.
    pub(super) fn slot(&mut self) -> u32 {
        match self.scopes.last_mut() {
            Some(scope) => {
                scope.slots += 1;
                scope.slots - 1
            }
            None => 0,
        }
    }

    /// Makes a name visible from here on.
    pub(super) fn show(&mut self, name: Symbol, slot: u32) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible.push((name, slot));
        }
    }

    /// How many names are visible: to be given back to [`hide`](Self::hide).
    pub(super) fn mark(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.visible.len())
    }

    /// Whether a name was shown after `mark`.
    pub(super) fn is_shown_since(&self, mark: usize, name: Symbol) -> bool {
        let shown = self.scopes.last().and_then(|scope| scope.visible.get(mark..)).unwrap_or_default();
        shown.iter().any(|(known, _)| *known == name)
    }

    /// Hides the names that were shown after `mark`.
    pub(super) fn hide(&mut self, mark: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible.truncate(mark);
        }
    }

    /// Begins a group of `count` bindings in slots from `first`.
    pub(super) fn begin_group(&mut self, first: u32, count: usize) {
        self.groups.push(Group {
            scope: self.scopes.len().saturating_sub(1),
            first,
            current: first,
            early: vec![false; count],
        });
    }

    pub(super) fn end_group(&mut self) -> Vec<bool> {
        self.groups.pop().map(|group| group.early).unwrap_or_default()
    }

    pub(super) fn now_resolving(&mut self, slot: u32) {
        if let Some(group) = self.groups.last_mut() {
            group.current = slot;
        }
    }
}

impl<'v> Lowering<'_, 'v> {
    /// What a name stands for.
    pub(super) fn resolve(&mut self, text: &str, span: Span) -> Kind<'v> {
        let name = self.symbol(text);
        if let Some(innermost) = self.scopes.len().checked_sub(1)
            && let Some(source) = self.find(innermost, name)
        {
            return match source {
                Source::Local(slot) => Kind::Local(slot),
                Source::Captured(slot) => Kind::Captured(slot),
            };
        }
        if let Some(cell) = self.names.get(&name) {
            return Kind::Global(cell);
        }
        let predefined = match self.key.base {
            Base::Std => self.eval.std_globals.get(&name),
            Base::Project => None,
        };
        match predefined.or_else(|| self.eval.globals.get(&name)) {
            Some(value) => Kind::Const(*value),
            None => self.unknown_name(text, span),
        }
    }

    /// Looks for a name from the innermost scope outwards, and makes every scope in between capture it.
    fn find(&mut self, innermost: usize, name: Symbol) -> Option<Source> {
        let mut found = None;
        let mut at = innermost;
        while found.is_none() {
            let scope = self.scopes.get(at)?;
            if let Some((_, slot)) = scope.visible.iter().rev().find(|shown| shown.0 == name) {
                found = Some(Source::Local(*slot));
            } else if let Some(shared) = &scope.shared {
                let shown = shared.iter().rev().find(|shown| shown.0 == name)?;
                found = Some(Source::Captured(shown.1));
            } else {
                at = at.checked_sub(1)?;
            }
        }
        let mut source = found?;
        if let Source::Local(slot) = source {
            self.note_use(at, slot);
        }
        for scope in &mut self.scopes[at + 1..=innermost] {
            source = scope.capture(source);
        }
        Some(source)
    }

    /// Remembers that a member of a group is used before its turn.
    fn note_use(&mut self, scope: usize, slot: u32) {
        for group in self.groups.iter_mut().filter(|group| group.scope == scope) {
            if slot >= group.current
                && let Some(early) = group.early.get_mut((slot - group.first.min(slot)) as usize)
            {
                *early = true;
            }
        }
    }

    #[cold]
    fn unknown_name(&mut self, text: &str, span: Span) -> Kind<'v> {
        let eval = self.eval;
        let local = self.scopes.iter().flat_map(|scope| {
            let shared = scope.shared.iter().flat_map(|shared| shared.iter());
            scope.visible.iter().chain(shared).map(|shown| shown.0)
        });
        let mut known: Vec<&str> = local.map(|name| eval.symbols.name(name)).collect();
        known.extend(self.defined.iter().map(|(name, _)| eval.symbols.name(*name)));
        for name in crate::builtins::names() {
            known.push(name);
        }
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, format!("the name `{text}` is not defined"))
            .label(span, "used here");
        if crate::stdlib::EXPORTS.contains(&text) {
            diagnostic = diagnostic.help(format!("bring it in at the top of the file: `use std {{ {text} }}`"));
        } else if let Some(near) = xb_core::nearest(text, known) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
        Kind::Const(crate::value::Value::Null)
    }
}
