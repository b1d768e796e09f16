//! Memory outside of the arena, which counts against the limit for as long as it is held.

use xb_core::Span;

use crate::evaluator::Evaluator;
use crate::failure::Result;

/// Bytes outside of the arena that one piece of work holds.
pub(crate) struct Held<'e, 'v> {
    pub(crate) eval: &'e Evaluator<'v>,
    pub(crate) span: Span,
    bytes: usize,
}

impl<'e, 'v> Held<'e, 'v> {
    /// Nothing yet; what goes beyond the limit is blamed on this place.
    pub(crate) fn new(eval: &'e Evaluator<'v>, span: Span) -> Self {
        Self { eval, span, bytes: 0 }
    }

    /// Counts so many bytes more, before they are taken.
    ///
    /// # Errors
    /// When that is more memory than the limit allows.
    pub(crate) fn more(&mut self, bytes: usize) -> Result<()> {
        self.eval.reserve(bytes, self.span)?;
        self.eval.outside.set(self.eval.outside.get().saturating_add(bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Counts them for as long as the evaluation lasts.
    pub(crate) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        self.eval.outside.set(self.eval.outside.get().saturating_sub(self.bytes));
    }
}
