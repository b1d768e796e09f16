//! `xb diff`: what differs between two results, file by file.

use std::path::Path;

use xb_core::{TreeId, count};
use xb_store::{Contents, Store};

use crate::args::DiffArgs;
use crate::compared::differences_of;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::project::{Project, canonical, file_of};
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When one of the two is nothing that xb knows, or they differ.
pub fn run(here: &Invocation, args: &DiffArgs) -> Result<(), Failure> {
    let store = open_store(&Project::of(&here.folder)?.config)?;
    let first = tree_of(here, &store, &args.first)?;
    let second = tree_of(here, &store, &args.second)?;
    let differences = differences_of(&store, first, second)?;
    if !here.is_quiet() && [&args.first, &args.second].iter().all(|what| is_described(here, &store, what)) {
        let (first, second) = (args.first.display(), args.second.display());
        say(format!(
            "{}: these are folders of sources; results are compared by their names in `xb store roots`, \
             such as `xb diff {first}:NAME:ARCH:METHOD {second}:NAME:ARCH:METHOD`",
            styled(style::STRONG, "note")
        ));
    }
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

/// A tree by its digest, by a root's name, or taken in from a folder.
fn tree_of(here: &Invocation, store: &Store, what: &Path) -> Result<TreeId, Failure> {
    let text = what.to_string_lossy();
    if let Ok(tree) = text.parse() {
        return Ok(tree);
    }
    if let Some(tree) = root(here, store, what)? {
        return Ok(tree);
    }
    let folder = here.folder.join(what);
    if folder.is_dir() {
        return Ok(store.ingest(&folder)?);
    }
    Err(Failure::user(format!("`{text}` is neither a tree, a root's name, nor a folder"))
        .help("`xb store roots` lists what was built, as `FILE:PACKAGE:ARCH:METHOD`; `xb build --json` prints trees"))
}

/// What was built last, by the name of its root. As in a target, a folder stands for its file there, and a package
/// may be named as the language has it.
fn root(here: &Invocation, store: &Store, what: &Path) -> Result<Option<TreeId>, Failure> {
    let name = here.folder.join(what);
    let roots = store.roots()?;
    let by_name = |name: &Path| roots.iter().find(|(root, _)| Path::new(root) == name).map(|(_, tree)| *tree);
    if let Some(tree) = by_name(&name) {
        return Ok(Some(tree));
    }
    let text = name.to_string_lossy();
    let Some((rest, path)) = text.rmatch_indices(':').nth(2).map(|(at, _)| (&text[at..], &text[..at])) else {
        return Ok(None);
    };
    let path = match canonical(Path::new(path)) {
        Ok(folder) if folder.is_dir() => file_of(&folder)?,
        Ok(file) => file,
        Err(_) => return Ok(None),
    };
    Ok(by_name(Path::new(&format!("{}{}", path.display(), rest.replace('_', "-")))))
}

/// Whether it is compared as a folder although it is described in the project, so that its results may be meant.
fn is_described(here: &Invocation, store: &Store, what: &Path) -> bool {
    let folder = here.folder.join(what);
    let is_result = std::fs::canonicalize(&folder).is_ok_and(|folder| folder.starts_with(store.folder()));
    folder.is_dir() && !is_result && file_of(&folder).is_ok()
}
