//! `xb diff`: what differs between two results, file by file.

use std::path::Path;

use xb_core::TreeId;
use xb_graph::{Difference, diff};
use xb_store::{Contents, Store};

use crate::args::DiffArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say};
use crate::project::Project;
use crate::size::count;
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When one of the two is nothing that xb knows, or they differ.
pub fn run(here: &Invocation, args: &DiffArgs) -> Result<(), Failure> {
    let store = open_store(&Project::of(&here.folder)?.config)?;
    let first = tree_of(here, &store, &args.first)?;
    let second = tree_of(here, &store, &args.second)?;
    let differences = compare(&store, first, second)?;
    if args.json {
        print_json(&serde_json::json!({
            "equal": differences.is_empty(),
            "first": first,
            "second": second,
            "differences": differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
    } else {
        differences.iter().try_for_each(print_line)?;
        if !here.is_quiet() {
            say(match differences.len() {
                0 => "equal".to_owned(),
                number => count(number, "difference"),
            });
        }
    }
    if differences.is_empty() { Ok(()) } else { Err(Failure::already_told()) }
}

/// What differs between two trees of the store.
///
/// # Errors
/// When a part of them is missing.
pub fn compare(store: &Store, first: TreeId, second: TreeId) -> Result<Vec<Difference>, Failure> {
    diff(first, second, store).map_err(|missing| Failure::environment(missing.to_string()))
}

/// A tree by its digest, by a root's name, or taken in from a folder.
fn tree_of(here: &Invocation, store: &Store, what: &Path) -> Result<TreeId, Failure> {
    let text = what.to_string_lossy();
    if let Ok(tree) = text.parse() {
        return Ok(tree);
    }
    let folder = here.folder.join(what);
    if let Some((_, tree)) = store.roots()?.into_iter().find(|(name, _)| Path::new(name) == folder) {
        return Ok(tree);
    }
    if folder.is_dir() {
        return Ok(store.ingest(&folder)?);
    }
    Err(Failure::user(format!("`{text}` is neither a tree, a root's name, nor a folder"))
        .help("`xb store roots` lists what was built, as `FILE:PACKAGE:ARCH:METHOD`; `xb build --json` prints trees"))
}
