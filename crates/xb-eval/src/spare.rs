//! Slots of thunks that have run, for the next thunks: nothing in the arena is freed, but these can be used again.

use std::cell::{Cell, RefCell};

use crate::value::Value;

/// More slots than this are seldom needed at once.
const LONGEST: usize = 8;

/// Slots without a user, by their number.
#[derive(Default)]
pub(crate) struct Spare<'v>([RefCell<Vec<&'v [Cell<Value<'v>>]>>; LONGEST]);

impl<'v> Spare<'v> {
    /// Gives back slots that nobody uses any more.
    pub(crate) fn put(&self, slots: &'v [Cell<Value<'v>>]) {
        if let Some(shelf) = slots.len().checked_sub(1).and_then(|at| self.0.get(at)) {
            shelf.borrow_mut().push(slots);
        }
    }

    /// So many slots, if there are some; what is in them is of no account.
    pub(crate) fn take(&self, count: usize) -> Option<&'v [Cell<Value<'v>>]> {
        self.0.get(count.checked_sub(1)?)?.borrow_mut().pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_back_by_their_number() {
        let arena = bumpalo::Bump::new();
        let spare = Spare::default();
        let slots = |count: usize| &*arena.alloc_slice_fill_with(count, |_| Cell::new(Value::Null));
        assert!(spare.take(0).is_none() && spare.take(2).is_none() && spare.take(100).is_none());
        for count in [0, 2, 3, 100] {
            spare.put(slots(count));
        }
        assert_eq!(spare.take(2).map(<[_]>::len), Some(2));
        assert!(spare.take(2).is_none() && spare.take(100).is_none());
    }
}
