//! `xb eval`: an expression or a file, evaluated and printed.

use std::path::Path;

use xb_core::{Diagnostic, RelPath};
use xb_eval::{Arena, Session};

use crate::args::EvalArgs;
use crate::emission::limits;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::print_line;
use crate::project::{Project, ProjectWorld, canonical, file_of};

/// Runs the command.
///
/// # Errors
/// What evaluating gives.
pub fn run(here: &Invocation, args: &EvalArgs) -> Result<(), Failure> {
    let file = args.file.as_deref();
    let typed = if file == Some(Path::new("-")) { Some(standard_input()?) } else { None };
    let (project, file) = place(here, file.filter(|_| typed.is_none()))?;
    let world = ProjectWorld::new(&project.folder);
    let arena = Arena::new();
    let session = Session::new(&arena, &world, limits(&project.config.limits));
    let told = |diagnostics: Vec<Diagnostic>| Failure::findings(session.sources(), diagnostics);
    let value = match (&file, &args.expression) {
        (Some(file), None) => Some(session.eval_file(file).map_err(told)?),
        (Some(file), Some(expression)) => {
            let text = format!("{}\n{expression}\n", read(&project, file)?);
            session.eval_text_at(file, &text).map_err(told)?
        }
        (None, expression) => {
            let expression = expression.as_deref().unwrap_or_default();
            let (name, text) = match typed {
                Some(text) => ("<stdin>", format!("{text}\n{expression}\n")),
                None => ("<argument>", expression.to_owned()),
            };
            session.eval_text(name, &text).map_err(told)?
        }
    };
    match value {
        Some(value) if args.json => print_line(session.to_json(value).map_err(told)?),
        Some(value) => print_line(session.print(value).map_err(told)?),
        None => Ok(()),
    }
}

/// The project, and the file in it if one is given.
///
/// # Errors
/// When there is no such file.
pub fn place(here: &Invocation, file: Option<&Path>) -> Result<(Project, Option<RelPath>), Failure> {
    let Some(file) = file else {
        return Ok((Project::of(&here.folder)?, None));
    };
    let file = canonical(&here.folder.join(file)).map_err(|failure| match is_expression(file) {
        true => failure.help(format!("an expression is given with `-e`: `xb eval -e '{}'`", file.display())),
        false => failure,
    })?;
    let file = if file.is_dir() { file_of(&file)? } else { file };
    let project = Project::of(file.parent().unwrap_or(&file))?;
    let relative = project.relative(&file)?;
    Ok((project, Some(relative)))
}

/// The text that comes by the standard input.
///
/// # Errors
/// When it cannot be read.
pub fn standard_input() -> Result<String, Failure> {
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Failure::user(format!("cannot read the standard input: {error}")))
}

/// Whether what is no file may have been meant to be evaluated itself.
fn is_expression(file: &Path) -> bool {
    file.extension().is_none_or(|extension| extension != "xb")
}

fn read(project: &Project, file: &RelPath) -> Result<String, Failure> {
    let path = project.on_disk(file);
    std::fs::read_to_string(&path).map_err(|error| Failure::user(format!("cannot read `{}`: {error}", path.display())))
}
