//! An executor that does as the environment of an action says:
//!
//! - `SLEEP`: milliseconds that it takes;
//! - `FAIL`: the cause of its end, with `METHOD:` before it for one method only;
//! - `SAME`: the text of its output, whatever its root is;
//! - `BROKEN`: the executor itself fails.
//!
//! Without `SAME` the output's text follows from the root and the command alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xb_build::{BoxFuture, Executor, ExecutorError, RunContext};
use xb_core::Arch;
use xb_graph::{ActionResult, Cause, ResolvedAction};
use xb_store::Contents;

use super::text_tree;

pub struct FakeExecutor {
    contents: Arc<dyn Contents>,
    arch: Arch,
    /// Titles of what ran, in the order of their starts.
    ran: Mutex<Vec<String>>,
    shares: Mutex<Vec<u32>>,
    running: AtomicUsize,
    most: AtomicUsize,
    killed: AtomicUsize,
}

/// Counts a run as running for as long as it lives; one that is dropped before its end was killed.
struct Alive<'a>(&'a FakeExecutor, bool);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        if !self.1 {
            self.0.killed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl FakeExecutor {
    pub fn new(contents: Arc<dyn Contents>, arch: Arch) -> Self {
        Self {
            contents,
            arch,
            ran: Mutex::default(),
            shares: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            killed: AtomicUsize::new(0),
        }
    }

    /// What ran, in the order of the starts: the packages' names.
    pub fn ran(&self) -> Vec<String> {
        let ran = self.ran.lock().unwrap();
        let name = |title: &String| title.split(' ').next().unwrap_or_default().to_owned();
        ran.iter().map(name).collect()
    }

    pub fn forget_what_ran(&self) {
        self.ran.lock().unwrap().clear();
    }

    pub fn shares(&self) -> Vec<u32> {
        self.shares.lock().unwrap().clone()
    }

    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// How many ran at one time, at most.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    pub fn killed(&self) -> usize {
        self.killed.load(Ordering::SeqCst)
    }
}

/// What an action leaves as `text`: follows from its key's parts alone.
pub fn output_text(action: &ResolvedAction) -> String {
    match action.env.get("SAME") {
        Some(text) => text.clone(),
        None => format!("{}{:?}", action.root, action.command),
    }
}

fn cause_of(action: &ResolvedAction) -> Cause {
    let Some(cause) = action.env.get("FAIL") else {
        return Cause::Success;
    };
    let cause = match cause.split_once(':') {
        None => cause,
        Some((method, cause)) if action.method.name() == method => cause,
        Some(_) => return Cause::Success,
    };
    match cause {
        "foreign" => Cause::ForeignProgram { program: "/xb/gen".to_owned() },
        "lacks" => Cause::EmulatorLacks { what: "clone3".to_owned() },
        "memory" => Cause::OutOfMemory,
        "tests" => Cause::TestFailure,
        _ => Cause::Failed,
    }
}

impl Executor for FakeExecutor {
    fn name(&self) -> &str {
        "fake"
    }

    fn arch(&self) -> Arch {
        self.arch
    }

    fn can_run(&self, _: Arch) -> bool {
        true
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(async move {
            self.ran.lock().unwrap().push(action.title.clone());
            self.shares.lock().unwrap().push(context.jobs);
            let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let mut alive = Alive(self, false);
            let sleep = action.env.get("SLEEP").and_then(|text| text.parse().ok());
            let milliseconds = sleep.unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            alive.1 = true;
            if action.env.contains_key("BROKEN") {
                return Err(ExecutorError::Machine("the disk is on fire".to_owned()));
            }
            let cause = cause_of(action);
            let mut outputs = BTreeMap::new();
            if cause == Cause::Success {
                let text = output_text(action);
                let tree = text_tree(&*self.contents, "text", &text);
                outputs.extend(action.outputs.keys().map(|name| (name.clone(), tree)));
            }
            Ok(ActionResult {
                root: None,
                exit_code: i32::from(cause != Cause::Success),
                outputs,
                log: None,
                cause,
                milliseconds,
                peak_memory: 1 << 20,
                executor: "fake".to_owned(),
                left_out: Vec::new(),
                vouched: Vec::new(),
            })
        })
    }
}
