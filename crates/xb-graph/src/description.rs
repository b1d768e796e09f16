//! What a package says about itself.

use serde::{Deserialize, Serialize};

use crate::NodeId;

/// What a package says about itself, for what is told about what was made of it. It is no part of a key: no result
/// depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// What it is called.
    pub name: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// Its licence, as it is written.
    pub license: Option<String>,
    /// Where one reads about it.
    pub homepage: Option<String>,
    /// The packages that it needs itself: their [`Choice`](crate::Choice)s.
    pub needs: Vec<NodeId>,
    /// The package whose result is its source, where it is made of one.
    pub source: Option<NodeId>,
}

impl Description {
    /// Gives every node that it names another number, and drops those that have none.
    pub(crate) fn renumber(&mut self, number: impl Fn(NodeId) -> Option<NodeId>) {
        self.needs = self.needs.iter().filter_map(|need| number(*need)).collect();
        self.source = self.source.and_then(number);
    }
}
