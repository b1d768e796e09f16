//! `xb fmt`: the one way to write a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use xb_core::{Sources, count};

use super::check::{files, read, shown};
use super::eval::standard_input as read_standard_input;
use crate::args::FmtArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print, print_line, say};

/// Runs the command.
///
/// # Errors
/// When a file cannot be parsed or written, or `--check` finds one that is not formatted.
pub fn run(here: &Invocation, args: &FmtArgs) -> Result<(), Failure> {
    if args.paths == [PathBuf::from("-")] {
        return standard_input(args.check);
    }
    let files = files(here, &args.paths)?;
    let mut changed = 0;
    let mut unreadable = 0;
    for file in &files {
        match format_file(file, &shown(here, file).to_string(), args.check) {
            Ok(false) => {}
            Ok(true) => {
                changed += 1;
                print_line(shown(here, file))?;
            }
            Err(failure) => {
                failure.report();
                unreadable += 1;
            }
        }
    }
    if !here.is_quiet() {
        let verb = if args.check { "would change" } else { "changed" };
        let skipped = if unreadable > 0 { format!(", {unreadable} could not be read") } else { String::new() };
        say(format!("{changed} of {} {verb}{skipped}", count(files.len(), "file")));
    }
    if unreadable > 0 || args.check && changed > 0 {
        return Err(Failure::already_told());
    }
    Ok(())
}

fn standard_input(check: bool) -> Result<(), Failure> {
    let text = read_standard_input()?;
    let formatted = format("<stdin>", &text)?;
    match check {
        false => print(formatted),
        true if formatted == text => Ok(()),
        true => Err(Failure::user("the text is not formatted")),
    }
}

/// Whether the file was, or would be, changed.
fn format_file(file: &Path, name: &str, check: bool) -> Result<bool, Failure> {
    let text = read(file)?;
    let formatted = format(name, &text)?;
    if formatted == text {
        return Ok(false);
    }
    if !check {
        write(file, &formatted)
            .map_err(|error| Failure::environment(format!("cannot write `{}`: {error}", file.display())))?;
    }
    Ok(true)
}

fn format(name: &str, text: &str) -> Result<String, Failure> {
    xb_syntax::format(text).map_err(|diagnostics| {
        let mut sources = Sources::default();
        sources.add(name, text);
        Failure::findings(sources, diagnostics)
    })
}

/// Writes aside and renames, so that a full disk cannot take a person's text away.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    // A link stays one.
    let file = &file.canonicalize()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(text.as_bytes())?;
    aside.as_file().set_permissions(std::fs::metadata(file)?.permissions())?;
    aside.persist(file)?;
    Ok(())
}
