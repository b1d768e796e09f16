//! What of a result nobody may have meant.

use std::collections::BTreeSet;

use xb_core::TreeId;
use xb_graph::Directories;
use xb_store::Store;

/// Where packages are built: nothing of it is there when they are used.
const BUILT_IN: &str = "/xb/";

/// No more links than this are named.
const MOST_NAMED: usize = 3;

/// What is said of a result besides that it was built.
pub fn warnings(store: &Store, tree: TreeId) -> Vec<String> {
    // An empty directory is encoded as no bytes.
    if tree.0.size() == 0 {
        return vec!["it is empty: the build put nothing into `$out`".to_owned()];
    }
    let links = links_to_where_it_was_built(store, tree);
    let Some((path, target)) = links.first() else {
        return Vec::new();
    };
    let remedy = "relative, or have the prefix without `$out` (`DESTDIR`)";
    if links.len() == 1 {
        return vec![format!(
            "`/{path}` leads to where the package was built (`{target}`), which is not there later: make it {remedy}"
        )];
    }
    let named: Vec<_> = links.iter().take(MOST_NAMED).map(|(path, _)| format!("`/{path}`")).collect();
    let more = if links.len() > MOST_NAMED { " and others" } else { "" };
    vec![format!(
        "{}{more} lead to where the package was built (the first to `{target}`), which is not there later: make them \
         {remedy}",
        named.join(", ")
    )]
}

fn links_to_where_it_was_built(store: &Store, tree: TreeId) -> Vec<(String, String)> {
    let (mut links, mut seen) = (Vec::new(), BTreeSet::new());
    let mut ahead = vec![(String::new(), tree)];
    while let Some((path, id)) = ahead.pop() {
        // What cannot be read is told by whoever needs it.
        let Ok(directory) = store.directory(id) else {
            continue;
        };
        let bad = directory.symlinks.iter().filter(|link| link.target.starts_with(BUILT_IN));
        links.extend(bad.map(|link| (join(&path, &link.name), link.target.clone())));
        for folder in &directory.directories {
            let id = folder.digest.as_ref().and_then(|digest| digest.try_into().ok()).map(TreeId);
            if let Some(id) = id.filter(|id| seen.insert(*id)) {
                ahead.push((join(&path, &folder.name), id));
            }
        }
    }
    links.sort();
    links
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
