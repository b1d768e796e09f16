//! Text to tree and back: the parser, the syntax tree, the formatter and the checks that need no evaluation.
//!
//! The grammar is `lang/grammar/xb.pest`; pest's `Rule` never leaves the parser. Nothing here fails or
//! overflows on any text: what cannot be read becomes an error node with a diagnostic, and everything
//! that recurses is bounded by [`MAX_TEXT`], the nesting limit and the depth limit of the tree.

pub mod ast;
mod build;
mod check;
mod codes;
mod diagnose;
mod format;
mod grammar;
mod parse;
mod recover;
mod scan;
mod unspan;

pub use check::{Globals, PACKAGE_FIELDS, RELEASE_FIELDS, check};
pub use codes::{CODES, Explained};
pub use format::format;
pub use parse::{MAX_TEXT, Parsed, parse, parse_expression};
pub use unspan::without_spans;
