//! Who had what run, and how that ended.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::{Duration, Instant};

use xb_core::show_time;
use xb_graph::Cause;

use super::{Left, Trouble};
use crate::metrics::{Metrics, Outcome};

/// How much of the name of an action is shown.
const SHOWN: usize = 12;

/// A run that has ended; it is displayed as one line, with nothing by which a terminal could be told to do something.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Whose token was shown; none where there was none.
    pub who: Option<Arc<str>>,
    /// What errors call the action: its program and the first of its arguments.
    pub title: String,
    /// The SHA-256 of the action.
    pub action: String,
    /// How long it took, from the moment that it had a slot.
    pub took: Duration,
    /// How it ended: half a sentence.
    pub how: String,
}

impl Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, title, action, took, how } = self;
        let who = who.as_deref().unwrap_or("somebody");
        let line = format!("{who}: {title} ({action:.SHOWN$}): {how}, after {}", show_time(*took));
        // Words of a command and names of files are whatever somebody has sent.
        f.write_str(&line.replace(char::is_control, " "))
    }
}

/// Who is told of every run that has ended.
pub type Tell = dyn Fn(&Ran) + Send + Sync;

/// What is written down of a run when it has ended; where nobody said how, it was stopped.
pub(super) struct Record<'a> {
    tell: &'a Tell,
    metrics: &'a Metrics,
    ran: Ran,
    since: Instant,
    outcome: Outcome,
}

impl<'a> Record<'a> {
    pub fn begin(tell: &'a Tell, metrics: &'a Metrics, who: Option<Arc<str>>, title: String, action: String) -> Self {
        metrics.running(1);
        let ran = Ran { who, title, action, took: Duration::ZERO, how: "it was stopped".to_owned() };
        Self { tell, metrics, ran, since: Instant::now(), outcome: Outcome::Stopped }
    }

    pub fn end(mut self, ended: &Result<Left, Trouble>) {
        (self.outcome, self.ran.how) = match ended {
            Ok(Left { cause: Cause::Success, .. }) => (Outcome::Well, "it went well".to_owned()),
            Ok(Left { cause: Cause::TimedOut, .. }) => (Outcome::Failed, "it took too long".to_owned()),
            Ok(Left { result, cause: Cause::Failed | Cause::CompileError | Cause::TestFailure }) => {
                (Outcome::Failed, format!("it failed with exit code {}", result.exit_code))
            }
            Ok(Left { cause, .. }) => (Outcome::Failed, format!("it failed: {cause:?}")),
            Err(trouble) => (Outcome::Refused, trouble.to_string()),
        };
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        self.ran.took = self.since.elapsed();
        self.metrics.running(-1);
        self.metrics.ran(self.outcome);
        (self.tell)(&self.ran);
    }
}
