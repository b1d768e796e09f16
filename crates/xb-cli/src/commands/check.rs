//! `xb check`: mistakes that can be found without evaluating or building anything.

use std::path::{Display, Path, PathBuf};

use xb_core::{Diagnostic, Severity, Sources, count};
use xb_syntax::Globals;
use xb_syntax::ast::{Item, Use, UseSource};

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, say, style, styled};
use crate::project::{Project, canonical, nothing_in, xb_files};
use crate::render;

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, or an error was found.
pub fn run(here: &Invocation, args: &CheckArgs) -> Result<(), Failure> {
    let files = files(here, &args.paths)?;
    let mut sources = Sources::default();
    let mut found = Vec::new();
    for file in &files {
        let name = shown(here, file).to_string();
        found.append(&mut check(&mut sources, &name, file, &read(file)?));
    }
    if args.json {
        print_json(&serde_json::json!({ "found": render::found(&sources, &found) }))?;
    } else {
        render::diagnostics(&sources, &found);
    }
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    if !args.json && !here.is_quiet() {
        say(summary(files.len(), errors, found.len() - errors));
    }
    if errors == 0 { Ok(()) } else { Err(Failure::already_told()) }
}

fn check(sources: &mut Sources, name: &str, path: &Path, text: &str) -> Vec<Diagnostic> {
    let id = sources.add(name, text);
    let parsed = xb_syntax::parse(id, text);
    let mut found = parsed.diagnostics;
    if found.iter().all(|one| one.severity != Severity::Error) {
        found.extend(xb_syntax::check(&parsed.file, &Globals::new(xb_eval::names())));
        found.extend(parsed.file.items.iter().filter_map(|item| missing(item, path)));
    }
    found
}

/// A `use` of a file that is not there.
fn missing(item: &Item, user: &Path) -> Option<Diagnostic> {
    let Item::Use(Use { source: UseSource::File { path, span }, .. }) = item else {
        return None;
    };
    let file = user.parent()?.join(&**path);
    let message = if file.is_dir() {
        format!("`{path}` is a folder, not a file")
    } else if file.exists() {
        return None;
    } else {
        format!("there is no file `{path}`")
    };
    Some(Diagnostic::error(xb_eval::UNREADABLE, message).label(*span, "named here"))
}

/// The files that were named, or all of the project.
///
/// # Errors
/// When one does not exist, or there is no `.xb` file at all.
pub fn files(here: &Invocation, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let paths: Vec<_> = match paths {
        [] => vec![Project::of(&here.folder)?.folder],
        named => named.iter().map(|path| here.folder.join(path)).collect(),
    };
    let files = xb_files(&paths)?;
    match (files.is_empty(), &paths[..]) {
        (false, _) => Ok(files),
        (true, [folder]) => Err(nothing_in(&canonical(folder)?)),
        (true, _) => Err(Failure::user("there is no `.xb` file in any of these folders")),
    }
}

/// A file as it is named to whoever started xb: from the folder where that was, as far as it lies there.
pub fn shown<'a>(here: &Invocation, file: &'a Path) -> Display<'a> {
    file.strip_prefix(&here.folder).unwrap_or(file).display()
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::user(format!("cannot read `{}`: {error}", file.display())))
}

fn summary(files: usize, errors: usize, warnings: usize) -> String {
    let title = match (errors, warnings) {
        (0, 0) => return format!("{}: nothing found in {}", styled(style::GOOD, "good"), count(files, "file")),
        (0, _) => styled(style::WARNING, "warnings"),
        _ => styled(style::ERROR, "errors"),
    };
    let found = format!("{} and {}", count(errors, "error"), count(warnings, "warning"));
    format!("{title}: {found} in {}", count(files, "file"))
}
