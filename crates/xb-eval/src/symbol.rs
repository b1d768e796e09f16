//! Names as small numbers.

use std::cell::RefCell;

use bumpalo::Bump;
use rustc_hash::FxHashMap;

/// A name: equal names have equal numbers within one evaluation.
///
/// The order of symbols is the order in which they were first seen: good for searching, never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub(crate) u32);

/// Every name of one evaluation.
pub(crate) struct Symbols<'v> {
    arena: &'v Bump,
    names: RefCell<Vec<&'v str>>,
    index: RefCell<FxHashMap<&'v str, Symbol>>,
}

impl<'v> Symbols<'v> {
    pub(crate) fn new(arena: &'v Bump) -> Self {
        Self { arena, names: RefCell::default(), index: RefCell::default() }
    }

    pub(crate) fn intern(&self, name: &str) -> Symbol {
        let mut index = self.index.borrow_mut();
        if let Some(symbol) = index.get(name) {
            return *symbol;
        }
        let name: &'v str = self.arena.alloc_str(name);
        let mut names = self.names.borrow_mut();
        let symbol = Symbol(u32::try_from(names.len()).unwrap_or(u32::MAX));
        names.push(name);
        index.insert(name, symbol);
        symbol
    }

    /// The symbol of a name that has been seen before.
    pub(crate) fn lookup(&self, name: &str) -> Option<Symbol> {
        self.index.borrow().get(name).copied()
    }

    pub(crate) fn name(&self, symbol: Symbol) -> &'v str {
        self.names.borrow().get(symbol.0 as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_symbol() {
        let arena = Bump::new();
        let symbols = Symbols::new(&arena);
        let a = symbols.intern("a");
        assert_eq!(symbols.intern("a"), a);
        assert_ne!(symbols.intern("b"), a);
        assert_eq!(symbols.name(a), "a");
        assert_eq!(symbols.lookup("c"), None);
    }
}
