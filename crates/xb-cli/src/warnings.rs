//! What of a result nobody may have meant.

use std::collections::BTreeSet;

use xb_build::RealisedRun;
use xb_core::{Escaped, TreeId};
use xb_graph::{Directories, Graph, Node};
use xb_store::Store;

/// Where packages are built: nothing of it is there when they are used.
const BUILT_IN: &str = "/xb/";

/// No more links than this are named.
const MOST_NAMED: usize = 3;

/// What is said of a result besides that it was built.
pub fn warnings(graph: &Graph, run: &RealisedRun, store: &Store, tree: TreeId) -> Vec<String> {
    [differs(run, tree), is_empty(tree), left_out(graph, run), leads_away(store, tree)].into_iter().flatten().collect()
}

fn differs(run: &RealisedRun, tree: TreeId) -> Option<String> {
    let before = run.before.as_ref()?.outputs.get("out").filter(|before| **before != tree)?;
    Some(format!("built again, it is not what it was: `xb diff {before} {tree}` tells how they differ"))
}

fn is_empty(tree: TreeId) -> Option<String> {
    // An empty directory is encoded as no bytes.
    (tree.0.size() == 0).then(|| "it is empty: the build put nothing into `$out`".to_owned())
}

fn left_out(graph: &Graph, run: &RealisedRun) -> Option<String> {
    let Node::Run(of) = graph.node(run.node) else {
        return None;
    };
    let prefix = format!("{}/", of.outputs.get("out")?);
    let named: Vec<_> = run.result.left_out.iter().filter_map(|path| path.strip_prefix(&prefix)).collect();
    let text = match &named[..] {
        [] => return None,
        [one] => format!("`/{}` is", Escaped(one)),
        [first, ..] => format!("`/{}` and others are", Escaped(first)),
    };
    Some(format!("{text} no file, folder or link, and left out"))
}

fn leads_away(store: &Store, tree: TreeId) -> Option<String> {
    let links = links_to_where_it_was_built(store, tree);
    let (path, target) = links.first()?;
    let remedy = "relative, or have the prefix without `$out` (`DESTDIR`)";
    if links.len() == 1 {
        return Some(format!(
            "`/{}` leads to where the package was built (`{}`), which is not there later: make it {remedy}",
            Escaped(path.as_str()),
            Escaped(target),
        ));
    }
    let named: Vec<_> =
        links.iter().take(MOST_NAMED).map(|(path, _)| format!("`/{}`", Escaped(path.as_str()))).collect();
    let more = if links.len() > MOST_NAMED { " and others" } else { "" };
    Some(format!(
        "{}{more} lead to where the package was built (the first to `{}`), which is not there later: make them {remedy}",
        named.join(", "),
        Escaped(target)
    ))
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
