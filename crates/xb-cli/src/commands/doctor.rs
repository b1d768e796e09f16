//! `xb doctor`: what this machine can do, what is missing, and how to mend it.

use serde::Serialize;
use xb_build::Executor;
use xb_core::Arch;
use xb_exec::{Finding, State};

use crate::args::{DoctorArgs, LockManners};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, style, styled};
use crate::project::{ExecutorConfig, ExecutorKind, Project};
use crate::request::host;
use crate::session::Session;
use crate::stores::{STORE_VARIABLE, open_store};

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
    let mut findings = xb_exec::examine_kernel();
    findings.extend(examine(here)?);
    if args.json {
        let findings: Vec<_> = findings.iter().map(json).collect();
        print_json(&serde_json::json!({ "findings": findings }))?;
    } else {
        findings.iter().try_for_each(|finding| print_line(text(finding)))?;
    }
    if findings.iter().any(|finding| finding.state == State::Bad) {
        return Err(match args.json {
            true => Failure::environment_already_told(),
            false => Failure::environment("this machine lacks something that xb needs"),
        });
    }
    Ok(())
}

/// What can only be found out with a store, or that there can be none.
fn examine(here: &Invocation) -> Result<Vec<Finding>, Failure> {
    let project = Project::of(&here.folder)?;
    let store = match open_store(&project.config) {
        Ok(store) => store,
        Err(failure) => return Ok(vec![no_store(&failure)]),
    };
    let session = Session::new(here, project, store, host()?, LockManners::default())?;
    session.progress.close();
    let mut findings = session.executors.local.examine();
    for engine in &session.executors.engines {
        let answer = session.block_on_unless_interrupted(engine.reach())?;
        findings.push(of_engine(engine.name(), answer));
    }
    for docker in &session.executors.dockers {
        let answer = session.block_on_unless_interrupted(docker.reach())?;
        findings.push(of_docker(docker.name(), answer));
    }
    findings.extend(session.project.config.executors.iter().filter_map(of_machine));
    let answers = session.block_on_unless_interrupted(session.sources.reach())?;
    findings.extend(answers.into_iter().map(|(archive, answer)| of_archive(&archive, answer)));
    Ok(findings)
}

fn no_store(failure: &Failure) -> Finding {
    let mend = format!("name a folder that can be written to: {STORE_VARIABLE}=/somewhere/with/room");
    Finding { name: "store", state: State::Bad, detail: failure.message().to_owned(), mend: Some(mend) }
}

/// A machine made of software needs nothing of this one; where the processor can help, it does.
fn of_machine(executor: &ExecutorConfig) -> Option<Finding> {
    let ExecutorConfig { name, arch, slots, kind: ExecutorKind::Vm { .. }, .. } = executor else { return None };
    let how = match Arch::host().is_some_and(|host| xb_vm::is_virtualised(host, *arch)) {
        true => "run by the processor itself, with KVM",
        false => "emulated",
    };
    let detail = format!("`{name}`: {slots} of {arch}, made of software and {how}; it starts when it is needed");
    Some(Finding { name: "machine", state: State::Good, detail, mend: None })
}

/// Without an engine, everything runs here that can.
fn of_engine(called: &str, answer: Result<String, String>) -> Finding {
    let name = "engine";
    match answer {
        Ok(detail) => Finding { name, state: State::Good, detail: format!("`{called}`: {detail}"), mend: None },
        Err(why) => {
            let mend = format!("`url` in `[executor.{called}]` of `xb.toml` says where it is");
            Finding { name, state: State::Poor, detail: format!("`{called}`: {why}"), mend: Some(mend) }
        }
    }
}

/// The same with one of Docker, which says itself what mends it.
fn of_docker(called: &str, answer: Result<String, String>) -> Finding {
    let (state, detail) = match answer {
        Ok(detail) => (State::Good, detail),
        Err(why) => (State::Poor, why),
    };
    Finding { name: "docker", state, detail: format!("`{called}`: {detail}"), mend: None }
}

/// Without an archive, what was fetched before can still be built.
fn of_archive(archive: &str, answer: Result<(), String>) -> Finding {
    let name = "archive";
    match answer {
        Ok(()) => Finding { name, state: State::Good, detail: format!("`{archive}` answers"), mend: None },
        Err(why) => {
            let mend = "name a mirror that answers in `xb.toml`: `[debian] mirrors = [\"http://...\"]`".to_owned();
            Finding { name, state: State::Poor, detail: format!("`{archive}`: {why}"), mend: Some(mend) }
        }
    }
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
