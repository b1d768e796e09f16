//! `xb source`: what a package is built from, before anything says how.

use std::path::{Path, PathBuf};

use xb_core::RelPath;
use xb_eval::Product;
use xb_store::Contents;

use crate::args::{How, SourceArgs, Work};
use crate::blame;
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_bytes, print_line};
use crate::request::Request;
use crate::session::Session;
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When the source cannot be had, or has no such file.
pub fn run(here: &Invocation, args: &SourceArgs) -> Result<(), Failure> {
    let how = How { arch: args.arch.into_iter().collect(), ..How::default() };
    let request = Request::new(&here.folder, std::slice::from_ref(&args.target), &how)?;
    let request = Request { product: Product::Source, ..request };
    let graph = emit(&request)?.graph;
    let store = open_store(&request.project.config)?;
    let session = Session::new(here, request.project.clone(), store, request.host, args.lock)?;
    let goals: Vec<_> = graph.targets.iter().map(|target| target.build).collect();
    let realised = session.realise(&graph, &goals, &session.options(&Work::default()))?;
    session.progress.close();
    if !realised.succeeded() {
        return Err(blame::tell(&session, &graph, &realised, false));
    }
    for goal in goals {
        let tree = realised.node(goal).and_then(|node| node.outputs.get("out"));
        let tree = tree.ok_or_else(|| Failure::bug("a source has no tree"))?;
        let folder = session.store.materialise(*tree)?;
        match &args.file {
            None => print_line(folder.display())?,
            Some(file) => print_file(&folder, file)?,
        }
    }
    Ok(())
}

fn print_file(source: &Path, file: &str) -> Result<(), Failure> {
    let path = inside(source, file)?;
    let unreadable = |error| Failure::environment(format!("cannot read `{}`: {error}", path.display()));
    print_bytes(&mut std::fs::File::open(&path).map_err(unreadable)?)
}

/// A file of the source itself: links may lead anywhere.
fn inside(source: &Path, file: &str) -> Result<PathBuf, Failure> {
    let none = || Failure::user(format!("the source has no file `{file}`"));
    let relative = RelPath::new(file).map_err(|_| none())?;
    let path = source.join(relative.as_str());
    let resolved = path.canonicalize().map_err(|_| none())?;
    if !resolved.starts_with(source.canonicalize().map_err(|_| none())?) {
        return Err(Failure::user(format!("`{file}` of the source is a link that leads out of it")));
    }
    if !resolved.is_file() {
        return Err(none().help(format!("these are there: `ls {}`", source.display())));
    }
    Ok(resolved)
}
