//! Outputs that cannot both be.

use std::collections::{BTreeMap, HashMap};

use xb_core::RelPath;

/// Two outputs that cannot both be taken in, since one is the other or lies in it: their names. There may be very many.
pub fn clash(outputs: &BTreeMap<String, RelPath>) -> Option<(&str, &str)> {
    let mut places = HashMap::with_capacity(outputs.len());
    for (name, path) in outputs {
        if let Some(other) = places.insert(path.as_str(), name.as_str()) {
            return Some((other, name));
        }
    }
    outputs.iter().find_map(|(name, path)| {
        let path = path.as_str();
        let above = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
        let mut above = above.chain((!path.is_empty()).then_some(""));
        Some((name.as_str(), *above.find_map(|above| places.get(above))?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_another_or_is_another_is_found() {
        let found = |outputs: &[(&str, &str)]| {
            let outputs = outputs.iter().map(|(name, path)| ((*name).to_owned(), RelPath::new(path).expect("a path")));
            let outputs = outputs.collect();
            clash(&outputs).map(|(inner, outer)| format!("{inner} in {outer}"))
        };
        assert_eq!(found(&[("a", "x/y"), ("b", "x/yz"), ("c", "z")]), None);
        assert_eq!(found(&[("a", "x/y/z"), ("b", "x")]).as_deref(), Some("a in b"));
        assert_eq!(found(&[("a", "x"), ("b", "x/y/z")]).as_deref(), Some("b in a"));
        assert_eq!(found(&[("a", "x"), ("b", "")]).as_deref(), Some("a in b"));
        assert_eq!(found(&[("a", "x"), ("b", "x")]).as_deref(), Some("a in b"));
        assert_eq!(found(&[("a", "")]), None);
    }
}
