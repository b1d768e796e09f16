//! `xb doctor`: what this machine can do, what is missing, and how to mend it.

use serde::Serialize;
use xb_exec::{Finding, State};

use crate::args::{DoctorArgs, LockManners};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, style, styled};
use crate::project::Project;
use crate::request::host;
use crate::session::Session;
use crate::stores::open_store;

#[derive(Serialize)]
struct Json<'a> {
    name: &'a str,
    state: &'static str,
    detail: &'a str,
    mend: Option<&'a str>,
}

/// Runs the command.
///
/// # Errors
/// When something is missing without which nothing can be built.
pub fn run(here: &Invocation, args: &DoctorArgs) -> Result<(), Failure> {
    let project = Project::of(&here.folder)?;
    let store = open_store(&project.config)?;
    let session = Session::new(here, project, store, host()?, LockManners::default())?;
    session.progress.close();
    let findings = session.executor.doctor();
    if args.json {
        print_json(&findings.iter().map(json).collect::<Vec<_>>())?;
    } else {
        findings.iter().try_for_each(|finding| print_line(text(finding)))?;
    }
    if findings.iter().any(|finding| finding.state == State::Bad) {
        return Err(Failure::environment("this machine lacks something that xb needs"));
    }
    Ok(())
}

const fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Poor => "poor",
        State::Bad => "bad",
    }
}

fn json(finding: &Finding) -> Json<'_> {
    Json { name: finding.name, state: word(finding.state), detail: &finding.detail, mend: finding.mend.as_deref() }
}

fn text(finding: &Finding) -> String {
    let style = match finding.state {
        State::Good => style::GOOD,
        State::Poor => style::WARNING,
        State::Bad => style::ERROR,
    };
    let mut text = format!("{}: {}: {}", styled(style, word(finding.state)), finding.name, finding.detail);
    if let Some(mend) = &finding.mend {
        text += &format!("\n  {} {mend}", styled(style::HELP, "help:"));
    }
    text
}
