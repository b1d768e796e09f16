//! Whether what starts a program is there.

use xb_core::RelPath;
use xb_graph::{Directories, MissingDirectory};

use super::is_beneath;
use crate::facts::{Facts, Form};
use crate::script::{PATH, Script};
use crate::tree::Tree;
use crate::walk::File;
use crate::{Detail, Finding, Subject};

/// Examples, of which nobody expects that all of them can be run.
const EXAMPLES: &[&str] = &["share/doc"];

/// What is missing for a file to be started in a root.
pub(crate) fn check<D: Directories + ?Sized>(
    file: &File,
    facts: &Facts,
    subject: &Subject,
    root: &Tree<'_, D>,
    findings: &mut Vec<Finding>,
) -> Result<(), MissingDirectory> {
    let missing = match &facts.form {
        Form::Elf(elf) if elf.machine.is(subject.arch) => match &elf.interpreter {
            Some(interpreter) if !is_there(root, interpreter)? => Some((interpreter.clone(), false)),
            _ => None,
        },
        Form::Text(Some(script)) if file.executable && !is_beneath(file.path.as_str(), EXAMPLES) => {
            missing(script, root)?.map(|interpreter| (interpreter, true))
        }
        _ => None,
    };
    if let Some((interpreter, script)) = missing {
        findings.push(Finding::new(file.path.clone(), Detail::Interpreter { interpreter, script }));
    }
    Ok(())
}

fn missing<D: Directories + ?Sized>(script: &Script, root: &Tree<'_, D>) -> Result<Option<String>, MissingDirectory> {
    if !is_there(root, &script.program)? {
        return Ok(Some(script.program.clone()));
    }
    let Some(name) = &script.by_name else {
        return Ok(None);
    };
    for folder in PATH {
        if is_there(root, &format!("{folder}/{name}"))? {
            return Ok(None);
        }
    }
    Ok(Some(name.clone()))
}

/// Whether there is a file at an absolute path; a relative one leads anywhere, which is no better than nowhere.
fn is_there<D: Directories + ?Sized>(root: &Tree<'_, D>, path: &str) -> Result<bool, MissingDirectory> {
    if !path.starts_with('/') {
        return Ok(false);
    }
    let real = root.follow(&RelPath::root(), path)?;
    Ok(real.map(|real| root.file(&real)).transpose()?.flatten().is_some())
}
