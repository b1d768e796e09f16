//! What did not succeed, as data.

use std::fmt;
use std::sync::Arc;

use xb_core::{ActionId, Arch};
use xb_graph::{ActionResult, Method, NodeId};

use crate::ladder::describe;
use crate::{ExecutorError, ProvideError, Source, Unmet};

/// Something that failed by itself, not because of something else.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The node.
    pub node: NodeId,
    /// `curl (arm64, build)`, or what was to be fetched.
    pub title: String,
    /// The shortest way of packages from what was asked for to what failed, both included: `edge (arm64)`.
    pub chain: Vec<String>,
    /// What was tried before it, each with the reason why it did not do.
    pub attempts: Vec<Attempt>,
    /// Why.
    pub why: Why,
}

/// A method that did not lead to a result.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The method.
    pub method: Method,
    /// The node that was tried.
    pub node: NodeId,
    /// Why it did not do, as half a sentence.
    pub why: String,
    /// What ran, and what it left; none when it was not tried, because it had failed in an earlier build.
    pub ran: Option<(ActionId, Arc<ActionResult>)>,
}

/// Why something failed.
#[derive(Clone, Debug)]
pub enum Why {
    /// It ran, and its result is not a success.
    Run {
        /// What ran.
        action: ActionId,
        /// How.
        method: Method,
        /// What it left; the log is in it.
        result: Arc<ActionResult>,
    },
    /// It failed in an earlier build in a way that another method can mend, and was not tried again.
    Remembered {
        /// What failed.
        action: ActionId,
        /// What it was, as half a sentence.
        why: String,
    },
    /// Something from outside could not be had.
    Provide(ProvideError),
    /// Its root could not be composed.
    Compose(String),
    /// No executor can run it.
    NoExecutor {
        /// What is needed: `arm64 programs, by native`.
        need: String,
        /// Every executor with each need that it does not meet.
        unmet: Vec<(String, Unmet)>,
    },
    /// The executor could not do its work.
    Executor {
        /// Which one.
        executor: String,
        /// What it said.
        error: ExecutorError,
    },
    /// The store failed.
    Store(String),
    /// A node is used by an output that it does not have: whoever made the graph is wrong.
    NoSuchOutput {
        /// The node that has no such output.
        node: NodeId,
        /// The output.
        output: String,
    },
    /// Others have its result, and nothing is brought while a build is only planned.
    Offered {
        /// Who has it.
        from: String,
    },
    /// Nobody who is believed has its result, and nothing but that was asked for.
    NotShared,
    /// The program itself is wrong.
    Bug(String),
    /// A stop was asked for.
    Cancelled,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { result, .. } if result.exit_code == 0 => f.write_str(&describe(&result.cause)),
            Self::Run { result, .. } => {
                write!(f, "{} (exit code {})", describe(&result.cause), result.exit_code)
            }
            Self::Remembered { why, .. } => write!(f, "in an earlier build, {why}"),
            Self::Provide(error) => write!(f, "{error}"),
            Self::Compose(message) | Self::Store(message) => f.write_str(message),
            Self::NoExecutor { need, unmet } => {
                write!(f, "no executor can run {need}")?;
                unmet.iter().try_for_each(|(executor, unmet)| write!(f, "\n  {executor}: {unmet}"))
            }
            Self::Executor { executor, error } => {
                write!(f, "the executor `{executor}` could not do its work: {error}")
            }
            Self::NoSuchOutput { node, output } => {
                write!(f, "node {} has no output `{output}`", node.0)
            }
            Self::Offered { from } => write!(f, "`{from}` has its result, and nothing is brought now"),
            Self::NotShared => f.write_str("nobody who is believed has its result"),
            Self::Bug(message) => write!(f, "xb itself is wrong here: {message}"),
            Self::Cancelled => f.write_str("it was stopped"),
        }
    }
}

/// `curl (arm64)`: a link of a chain.
pub(crate) fn package_title(package: &str, arch: Arch) -> String {
    format!("{package} ({arch})")
}

/// What is to be brought, for a person.
pub(crate) fn source_title(source: &Source<'_>) -> String {
    match source {
        Source::Fetch(fetch) => fetch.url.clone(),
        Source::Folder(folder) if folder.path.is_root() => "the project's folder".to_owned(),
        Source::Folder(folder) => folder.path.to_string(),
        Source::Debian(debian) => {
            let count: usize = debian.packages.values().map(|names| names.len()).sum();
            format!("{} ({count} packages)", debian.suite)
        }
    }
}
