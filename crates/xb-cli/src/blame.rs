//! What failed in a build, told to a person: the cause, the chain of packages, the end of the log, what to do next.

use std::collections::BTreeSet;
use std::io::Read;

use serde::Serialize;
use xb_build::{Attempt, ExecutorError, Failure, Realised, Unmet, Why};
use xb_core::{Arch, show_time};
use xb_fetch::Unlocked;
use xb_graph::{Cause, Graph, Method, Node, NodeId, Run};
use xb_port::hints;
use xb_store::Contents;

use crate::failure;
use crate::machines;
use crate::output::{printable, say, style, styled};
use crate::session::Session;

/// How many lines of the end of a log are shown.
const TAIL: usize = 20;

const STORE_HELP: &str = "`xb store verify` finds what is damaged";

/// A failure as data, for `--json`.
#[derive(Debug, Serialize)]
pub struct Blame {
    title: String,
    chain: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    why: String,
    /// What each executor lacks, where none can run it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmet: Vec<Lack>,
    attempts: Vec<String>,
    log_end: Vec<String>,
    /// What the end of the log gives away of how it may be mended.
    hints: Vec<String>,
}

/// What an executor lacks.
#[derive(Debug, Serialize)]
struct Lack {
    executor: String,
    need: String,
}

fn lacks(why: &Why) -> Vec<Lack> {
    let Why::NoExecutor { unmet, .. } = why else { return Vec::new() };
    let lack = |(executor, need): &(String, Unmet)| Lack { executor: executor.clone(), need: need.to_string() };
    unmet.iter().map(lack).collect()
}

/// Every failure as data.
pub fn data(session: &Session, realised: &Realised) -> Vec<Blame> {
    let blame = |failure: &Failure| {
        let log_end = log_end(session, failure);
        Blame {
            title: failure.title.clone(),
            chain: failure.chain.clone(),
            cause: match &failure.why {
                Why::Run { result, .. } => Some(result.cause.clone()),
                _ => None,
            },
            why: failure.why.to_string(),
            unmet: lacks(&failure.why),
            attempts: attempts(failure),
            hints: hints(&log_end),
            log_end,
        }
    };
    realised.failures.iter().map(blame).collect()
}

/// Tells about every failure. What comes of it is the environment's matter only where nothing else failed.
pub fn tell(session: &Session, graph: &Graph, realised: &Realised, kept: bool) -> failure::Failure {
    for failure in &realised.failures {
        say(text(session, graph, failure, kept));
    }
    match realised.failures.iter().all(|failure| is_of_environment(&failure.why)) {
        true => failure::Failure::environment_already_told(),
        false => failure::Failure::already_told(),
    }
}

fn is_of_environment(why: &Why) -> bool {
    match why {
        Why::Provide(error) => error.is_of_environment,
        Why::Store(_) | Why::Executor { .. } => true,
        _ => false,
    }
}

/// Tells about what could not be added to the lock, but for the last, which is returned: one that is the user's
/// matter, where there is one.
pub fn unlocked(graph: &Graph, unlocked: Vec<Unlocked>) -> failure::Failure {
    let failures = unlocked.into_iter().map(|Unlocked { node, error }| {
        let failure = failure::Failure::from(error);
        match node.and_then(|node| place(graph, node)) {
            Some(place) => failure.note(format!("for {place}")),
            None => failure,
        }
    });
    let mut failures: Vec<_> = failures.collect();
    failures.sort_by_key(|failure| !failure.is_of_environment());
    let last = failures.pop();
    failures.iter().for_each(failure::Failure::tell);
    last.unwrap_or_else(failure::Failure::already_told)
}

/// `curl (arm64), at curl.xb:4`: the package that something from outside is for.
fn place(graph: &Graph, node: NodeId) -> Option<String> {
    let package = graph.package_of(node)?;
    let Node::Choice(choice) = graph.node(package) else {
        return None;
    };
    Some(format!("{} ({}), at {}", choice.package, choice.arch, graph.origin(package)))
}

fn text(session: &Session, graph: &Graph, failure: &Failure, kept: bool) -> String {
    let mut text = format!("{}: {}", styled(style::ERROR, "error"), sentence(failure));
    let mut part = |name: &str, text_of: &str| {
        text += &format!("\n  {}", styled(style::FAINT, format_args!("{name}:")));
        if !text_of.is_empty() {
            text += &format!(" {text_of}");
        }
    };
    if let Why::Run { method, result, .. } = &failure.why {
        let time = show_time(std::time::Duration::from_millis(result.milliseconds));
        part("ran", &format!("by {method} on {}, for {time}", result.executor));
    }
    if let Why::Provide(_) = &failure.why
        && let Some(place) = place(graph, failure.node)
    {
        part("note", &format!("for {place}"));
    }
    if failure.chain.len() > 1 {
        part("needed by", &failure.chain.join(" > "));
    }
    for attempt in attempts(failure) {
        part("before", &attempt);
    }
    let log: Vec<String> = log_end(session, failure).iter().map(|line| printable(line)).collect();
    if !log.is_empty() {
        part("the end of its log", "");
        for line in &log {
            text += &format!("\n    {} {line}", styled(style::FAINT, "|"));
        }
    }
    for help in hints(&log).into_iter().chain(helps(session, graph, failure, kept)) {
        text += &format!("\n  {} {help}", styled(style::HELP, "help:"));
    }
    text
}

/// What failed and why; the reason names what failed by itself when it was to come from outside.
fn sentence(failure: &Failure) -> String {
    let why = printable(&failure.why.to_string());
    match &failure.why {
        Why::Provide(_) if why.contains(&failure.title) => why,
        _ => format!("{}: {why}", styled(style::STRONG, &failure.title)),
    }
}

fn attempts(failure: &Failure) -> Vec<String> {
    let one = |attempt: &Attempt| {
        let before = if attempt.ran.is_none() { " in an earlier build" } else { "" };
        format!("by {}{before}: {}", attempt.method, attempt.why)
    };
    failure.attempts.iter().map(one).collect()
}

/// The end of the log of what failed: as the store has it, or else as it came by; nothing where it never ran.
pub fn log_end(session: &Session, failure: &Failure) -> Vec<String> {
    let Why::Run { result, .. } = &failure.why else {
        return Vec::new();
    };
    let stored = result.log.and_then(|log| {
        let mut bytes = Vec::new();
        session.store.open_content(log).ok()?.read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    });
    match stored {
        Some(text) => {
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines[lines.len().saturating_sub(TAIL)..].to_vec()
        }
        None => session.progress.tail(failure.node, TAIL),
    }
}

fn helps(session: &Session, graph: &Graph, failure: &Failure, kept: bool) -> Vec<String> {
    match &failure.why {
        Why::Run { .. } => run_helps(session, graph, failure, kept),
        Why::Provide(error) => error.help.clone().into_iter().collect(),
        Why::NoExecutor { unmet, .. } => no_executor_helps(session, graph, failure, unmet),
        Why::Executor { error, .. } => vec![help_of_executor(error).to_owned()],
        Why::Store(_) => vec![STORE_HELP.to_owned()],
        _ => Vec::new(),
    }
}

/// The settings that would have a machine do, and a machine of the architecture where there is none.
fn no_executor_helps(session: &Session, graph: &Graph, failure: &Failure, unmet: &[(String, Unmet)]) -> Vec<String> {
    let settings = unmet.iter().filter_map(|(executor, unmet)| match unmet {
        Unmet::Features(lacking) => Some(feature_setting(session, executor, lacking)),
        _ => None,
    });
    let has_one = |arch| session.project.config.executors.iter().any(|executor| executor.arch == arch);
    let machine = match graph.node(failure.node) {
        Node::Run(run) if Arch::host() != Some(run.platform) && !has_one(run.platform) => {
            Some(machines::setting(run.platform))
        }
        _ => None,
    };
    settings.chain(machine).chain(["`xb doctor` tells what this machine can do".to_owned()]).collect()
}

/// The setting that says of a machine that it has features.
fn feature_setting(session: &Session, executor: &str, lacking: &[String]) -> String {
    let config = &session.project.config;
    let (section, has) = match config.executors.iter().find(|config| config.name == executor) {
        Some(beside) => (format!("executor.{executor}"), &beside.features),
        None => ("build".to_owned(), &config.features),
    };
    let features: BTreeSet<&String> = has.iter().chain(lacking).collect();
    let features = features.iter().map(|feature| format!("{feature:?}")).collect::<Vec<_>>().join(", ");
    format!("where `{executor}` has it, `[{section}] features = [{features}]` in `xb.toml` says so")
}

/// What to do when an executor could not do its work.
pub fn help_of_executor(error: &ExecutorError) -> &'static str {
    match error {
        ExecutorError::Store(_) => STORE_HELP,
        ExecutorError::Machine(_) => "`xb doctor` tells what this machine lacks and how to mend it",
        ExecutorError::Gone(_) | ExecutorError::Unable(_) => "`xb doctor` tells which executors answer",
    }
}

fn run_helps(session: &Session, graph: &Graph, failure: &Failure, kept: bool) -> Vec<String> {
    let Node::Run(run) = graph.node(failure.node) else {
        return Vec::new();
    };
    let target = target_of(session, graph, failure.node, run);
    let shell = format!("`xb shell {target} --failed`");
    let shell = if kept {
        format!("{shell} opens a shell in its sandbox")
    } else {
        format!("built again with `--keep-failed`, {shell} opens a shell in its sandbox")
    };
    let log = |method| log_command(&target, run, method);
    let whole = format!("`{}` prints the whole log", log(run.method));
    let before = failure
        .attempts
        .iter()
        .filter(|attempt| attempt.ran.is_some())
        .map(|Attempt { method, .. }| format!("`{}` prints that of the attempt by {method}", log(*method)));
    std::iter::once(whole).chain(before).chain([shell]).collect()
}

/// The command that prints the whole log of what failed, where it ran.
pub fn log_of(session: &Session, graph: &Graph, failure: &Failure) -> Option<String> {
    let (Why::Run { method, .. }, Node::Run(run)) = (&failure.why, graph.node(failure.node)) else {
        return None;
    };
    Some(log_command(&target_of(session, graph, failure.node, run), run, *method))
}

fn log_command(target: &str, run: &Run, method: Method) -> String {
    let check = if run.step == "check" { " --check" } else { "" };
    let is_plain = method == Method::Native && Arch::host() == Some(run.arch);
    let method = if is_plain { String::new() } else { format!(" --method {method}") };
    format!("xb log {target}{method}{check}")
}

/// The target that a run is for, as it can be typed.
fn target_of(session: &Session, graph: &Graph, node: NodeId, run: &Run) -> String {
    format!("{}:{} --arch {}", file_of(session, graph, node), run.package, run.arch)
}

/// The file that describes the package of a run, as it can be typed.
fn file_of(session: &Session, graph: &Graph, run: NodeId) -> String {
    let file = session.project.folder.join(&*graph.origin(run).file);
    shortened(&file.display().to_string())
}

/// A path from the working folder, where that is shorter.
fn shortened(path: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    match std::path::Path::new(path).strip_prefix(&here) {
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.to_owned(),
    }
}
