//! The layers of a root, as they are mounted.

use std::collections::BTreeSet;

use xb_core::TreeId;
use xb_graph::ResolvedAction;

/// The layers of an action's root, from the lowest, each once, where it counts; with more than `most` it is one layer.
pub fn layers(action: &ResolvedAction, most: usize) -> Vec<TreeId> {
    if action.layers.is_empty() || action.layers.len() > most {
        return vec![action.root];
    }
    let mut seen = BTreeSet::new();
    let mut layers: Vec<TreeId> = action.layers.iter().rev().filter(|layer| seen.insert(**layer)).copied().collect();
    layers.reverse();
    layers
}
