//! The same package by several methods: are the bits the same?

use std::collections::BTreeMap;

use xb_core::TreeId;
use xb_graph::{Difference, Directories, Method, MissingDirectory, NodeId, diff};

use crate::Realised;

/// One way in which a package was realised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// How.
    pub method: Method,
    /// Its trees, by output.
    pub outputs: BTreeMap<String, TreeId>,
}

/// What two ways led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The one, which is the same in every comparison.
    pub first: Method,
    /// The other.
    pub second: Method,
    /// What differs, by output; nothing when the bits are the same.
    pub differences: BTreeMap<String, Vec<Difference>>,
}

impl Compared {
    /// Whether the bits are the same.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Realised {
    /// The way in which a run or a choice was realised; none when it was not.
    pub fn way(&self, node: NodeId) -> Option<Way> {
        let node = self.node(node)?;
        let run = node.run.as_ref()?;
        Some(Way { method: run.method, outputs: node.outputs.clone() })
    }
}

/// Compares the first way with each of the others, in the outputs named by `only`: a build tree holds logs and object
/// files of the building platform, so that usually just `out` should be equal.
///
/// # Errors
/// When a directory is missing.
pub fn compare(
    ways: &[Way],
    only: &[&str],
    store: &(impl Directories + ?Sized),
) -> Result<Vec<Compared>, MissingDirectory> {
    let Some((first, others)) = ways.split_first() else {
        return Ok(Vec::new());
    };
    others.iter().map(|other| compare_two(first, other, only, store)).collect()
}

fn compare_two<D: Directories + ?Sized>(
    first: &Way,
    second: &Way,
    only: &[&str],
    store: &D,
) -> Result<Compared, MissingDirectory> {
    let mut differences = BTreeMap::new();
    for &output in only {
        let (Some(a), Some(b)) = (first.outputs.get(output), second.outputs.get(output)) else {
            continue;
        };
        let found = diff(*a, *b, store)?;
        if !found.is_empty() {
            differences.insert(output.to_owned(), found);
        }
    }
    Ok(Compared { first: first.method, second: second.method, differences })
}
