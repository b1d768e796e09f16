//! Outputs that cannot both be.

use std::collections::BTreeMap;

use xb_core::RelPath;

/// Two outputs that cannot both be taken in, since one is the other or lies in it: their names.
pub fn clash(outputs: &BTreeMap<String, RelPath>) -> Option<(&str, &str)> {
    let is_in = |inner: &RelPath, outer: &RelPath| {
        let rest = inner.as_str().strip_prefix(outer.as_str());
        outer.is_root() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    outputs.iter().find_map(|(inner, path)| {
        let outer = outputs.iter().find(|(outer, place)| *outer != inner && is_in(path, place));
        outer.map(|(outer, _)| (inner.as_str(), outer.as_str()))
    })
}
