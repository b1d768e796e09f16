//! Texts that are written piece by piece outside of the arena, and counted against the limit as they grow.
//!
//! Values share their parts, so what is small as a value may be endless as a text.

use std::fmt;

use xb_core::Span;

use crate::evaluator::Evaluator;
use crate::failure::{Failure, Result};
use crate::held::Held;
use crate::value::Value;

/// The room that a text begins with.
const FIRST: usize = 64;

/// A text that grows.
///
/// As a [`fmt::Write`] it fails only where the limit of memory does not let it grow.
pub(crate) struct Text<'e, 'v> {
    text: String,
    held: Held<'e, 'v>,
}

impl<'e, 'v> Text<'e, 'v> {
    /// An empty one; that it grows too large is blamed on this place.
    pub(crate) fn new(eval: &'e Evaluator<'v>, span: Span) -> Self {
        Self { text: String::new(), held: Held::new(eval, span) }
    }

    pub(crate) fn eval(&self) -> &'e Evaluator<'v> {
        self.held.eval
    }

    pub(crate) fn span(&self) -> Span {
        self.held.span
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// When that is more memory than the limit allows.
    #[inline]
    pub(crate) fn push(&mut self, piece: &str) -> Result<()> {
        if self.text.capacity() - self.text.len() < piece.len() {
            self.grow(piece.len())?;
        }
        self.text.push_str(piece);
        Ok(())
    }

    /// Counts by capacity, so that most pieces cost nothing.
    #[cold]
    fn grow(&mut self, more: usize) -> Result<()> {
        let (length, capacity) = (self.text.len(), self.text.capacity());
        let wanted = length.saturating_add(more).max(capacity.saturating_mul(2)).max(FIRST);
        self.held.more(wanted - capacity)?;
        self.text.reserve_exact(wanted - length);
        Ok(())
    }

    /// What a failed [`fmt::Write`] means.
    pub(crate) fn too_large(&self) -> Failure {
        self.held.eval.too_large(self.held.span)
    }

    /// The text as a string of the language.
    ///
    /// # Errors
    /// When there is no room for it in the arena.
    pub(crate) fn into_value(self) -> Result<Value<'v>> {
        self.held.eval.reserve(self.text.len(), self.held.span)?;
        Ok(self.held.eval.string(&self.text))
    }

    /// The text itself, which does not count any more.
    pub(crate) fn into_string(self) -> String {
        self.text
    }
}

impl fmt::Write for Text<'_, '_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.push(piece).map_err(|_| fmt::Error)
    }
}
