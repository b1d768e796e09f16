//! The wall around pest: its parser and its `Rule` are not seen outside this crate's parser.

use pest::Parser;
use pest::iterators::Pairs;

/// The generated parser.
#[derive(pest_derive::Parser)]
#[grammar = "../../../lang/grammar/xb.pest"]
pub(crate) struct Grammar;

/// Where the grammar stopped, and what it would have taken there.
#[derive(Debug)]
pub(crate) struct Stop {
    /// What was being read.
    pub(crate) rule: Rule,
    /// The byte.
    pub(crate) at: usize,
    /// The rules that were tried there.
    pub(crate) wanted: Vec<Rule>,
}

/// Reads `text` as `rule`.
pub(crate) fn read(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Stop> {
    Grammar::parse(rule, text).map_err(|error| Stop {
        rule,
        at: match error.location {
            pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
        },
        wanted: match error.variant {
            pest::error::ErrorVariant::ParsingError { positives, .. } => positives,
            pest::error::ErrorVariant::CustomError { .. } => Vec::new(),
        },
    })
}
