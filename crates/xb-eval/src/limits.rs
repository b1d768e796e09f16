//! How much an evaluation may use before it is given up.

/// Limits of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep calls and values that need each other may be nested.
    pub depth: u32,
    /// How many calls and suspended values may be evaluated.
    pub steps: u64,
    /// How many bytes values may take.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 20_000, steps: u64::MAX, memory: 4 << 30 }
    }
}
