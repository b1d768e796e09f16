//! What a build would do, told instead of done.

use serde::Serialize;
use xb_build::{Forecast, Foreseen, Realised};
use xb_core::{count, first, show_time};
use xb_graph::{Graph, Method};

use crate::blame::{self, Blame};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::session::Session;

/// How many sources are named.
const MOST_NAMED: usize = 3;

/// What `--plan --json` prints.
#[derive(Serialize)]
struct Json<'a> {
    runs: Vec<Step<'a>>,
    /// Steps whose results are known.
    known: usize,
    /// Steps whose results others have.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    offered: &'a [String],
    fetches: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Blame>,
}

#[derive(Serialize)]
struct Step<'a> {
    step: &'a str,
    method: Method,
    /// Where, unless no executor can run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<&'a str>,
    /// How long it took the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u128>,
    /// Whether it runs whatever comes of the steps before it.
    certain: bool,
}

impl<'a> From<&'a Foreseen> for Step<'a> {
    fn from(run: &'a Foreseen) -> Self {
        let milliseconds = run.expected.map(|time| time.as_millis());
        let executor = run.executor.as_deref();
        Self { step: &run.title, method: run.method, executor, milliseconds, certain: run.certain }
    }
}

/// Tells what would be done.
///
/// # Errors
/// When something of it cannot be done at all.
pub fn tell(here: &Invocation, session: &Session, graph: &Graph, plan: &Forecast, json: bool) -> Result<(), Failure> {
    let impossible = Realised { failures: plan.failures.clone(), ..Realised::default() };
    if json {
        let runs = plan.runs.iter().map(Step::from).collect();
        let failures = blame::data(session, &impossible);
        let (known, offered) = (plan.known, &plan.offered);
        print_json(&Json { runs, known, offered, fetches: &plan.fetches, failures })?;
    } else {
        lines(plan).into_iter().try_for_each(print_line)?;
        if !here.is_quiet() {
            say(format!("{} {}", styled(style::GOOD, "planned"), sum(plan)));
        }
    }
    if plan.failures.is_empty() { Ok(()) } else { Err(blame::tell(session, graph, &impossible, false)) }
}

/// A line for each step, in columns.
fn lines(plan: &Forecast) -> Vec<String> {
    let wide = |text: fn(&Foreseen) -> usize| plan.runs.iter().map(text).max().unwrap_or_default();
    let (title, method) = (wide(|run| run.title.chars().count()), wide(|run| way(run).len()));
    let line = |run: &Foreseen| {
        let time = run.expected.map_or_else(|| "never ran here".to_owned(), |time| format!("took {}", show_time(time)));
        let perhaps = if run.certain { "" } else { ", perhaps" };
        format!("{:title$}  by {:method$}  {time}{perhaps}", run.title, way(run))
    };
    plan.runs.iter().map(line).collect()
}

/// `native on arm`: how, and where, unless that is this machine.
fn way(run: &Foreseen) -> String {
    match run.executor.as_deref() {
        Some(executor) if executor != "local" => format!("{} on {executor}", run.method),
        _ => run.method.to_string(),
    }
}

/// `up to 4 steps, 3 by cross and 1 by native on arm, ...; 12 known`: what may have to run.
pub fn ahead(plan: &Forecast) -> String {
    let mut ways: Vec<(String, usize)> = Vec::new();
    for way in plan.runs.iter().map(way) {
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, runs)) => *runs += 1,
            None => ways.push((way, 1)),
        }
    }
    ways.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    let ways: Vec<_> = ways.into_iter().map(|(way, runs)| format!("{runs} by {way}")).collect();
    let steps = count(plan.runs.len(), "step");
    format!("up to {steps}: {}{}; {} known", ways.join(", "), times(plan), plan.known)
}

/// `, 4 min 2 s of work as it took before, 1 never ran here`.
fn times(plan: &Forecast) -> String {
    let new = plan.runs.iter().filter(|run| run.expected.is_none()).count();
    let mut text = String::new();
    if new < plan.runs.len() {
        let time = plan.runs.iter().filter_map(|run| run.expected).sum();
        text += &format!(", {} of work as it took before", show_time(time));
    }
    if new > 0 {
        text += &format!(", {new} never ran here");
    }
    text
}

/// `5 steps, 3 of them perhaps, about 4 min 2 s and one that never ran here; 12 known; 2 shared; to fetch: ...`.
fn sum(plan: &Forecast) -> String {
    if plan.runs.is_empty() && plan.fetches.is_empty() && plan.offered.is_empty() {
        return format!("nothing, {} known", count(plan.known, "step"));
    }
    let perhaps = plan.runs.iter().filter(|run| !run.certain).count();
    let mut text = count(plan.runs.len(), "step");
    match perhaps {
        0 => {}
        all if all == plan.runs.len() => text += ", perhaps",
        some => text += &format!(", {some} of them perhaps"),
    }
    text += &times(plan);
    text += &format!("; {} known", plan.known);
    if !plan.offered.is_empty() {
        text += &format!("; {} shared by others", plan.offered.len());
    }
    if !plan.fetches.is_empty() {
        text += &format!("; to fetch: {}", first(&plan.fetches, MOST_NAMED));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use xb_graph::NodeId;

    use super::*;

    fn step(title: &str, seconds: Option<u64>, certain: bool) -> Foreseen {
        let (title, expected) = (title.to_owned(), seconds.map(Duration::from_secs));
        let executor = Some("local".to_owned());
        Foreseen { node: NodeId(0), title, method: Method::Cross, executor, expected, certain }
    }

    #[test]
    fn another_machine_is_named() {
        let step = Foreseen { executor: Some("arm".to_owned()), method: Method::Native, ..step("a", None, true) };
        let plan = Forecast { runs: vec![step], ..Forecast::default() };
        assert_eq!(lines(&plan), ["a  by native on arm  never ran here"]);
    }

    #[test]
    fn what_is_ahead_is_counted_by_ways() {
        let native = Foreseen { executor: Some("arm".to_owned()), method: Method::Native, ..step("c", None, false) };
        let runs = vec![native, step("a", Some(5), false), step("b", Some(60), false)];
        let plan = Forecast { runs, known: 7, ..Forecast::default() };
        let right = "up to 3 steps: 2 by cross, 1 by native on arm, 1 min 5 s of work as it took before, 1 never ran here; 7 known";
        assert_eq!(ahead(&plan), right);
    }

    #[test]
    fn a_plan_is_told_in_columns_and_summed_up() {
        let runs = vec![step("zlib (arm64, build)", Some(5), true), step("a (arm64, build)", None, false)];
        let fetches = vec!["debian:a".to_owned()];
        let offered = vec!["b (arm64, build)".to_owned()];
        let plan = Forecast { runs, known: 7, offered, fetches, failures: Vec::new() };
        assert_eq!(
            lines(&plan),
            ["zlib (arm64, build)  by cross  took 5.0 s", "a (arm64, build)     by cross  never ran here, perhaps"]
        );
        let right = "2 steps, 1 of them perhaps, 5.0 s of work as it took before, 1 never ran here; 7 known; \
                     1 shared by others; to fetch: debian:a";
        assert_eq!(sum(&plan), right);
        assert_eq!(sum(&Forecast { known: 2, ..Forecast::default() }), "nothing, 2 steps known");
    }
}
