//! What is going on: kept from the events, drawn by the displays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use xb_build::Event;
use xb_graph::{Cause, Method, NodeId};

use super::{KEPT_LINES, Logs};

/// What is going on.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// Nodes in all, as far as is known.
    pub total: usize,
    /// Nodes that are done.
    pub done: usize,
    /// Steps that ran to their end.
    pub ran: usize,
    /// Steps whose results were known.
    pub cached: usize,
    /// Steps that failed.
    pub failed: usize,
    /// What went wrong and kept nothing from going on.
    pub warned: usize,
    /// What runs now.
    pub running: BTreeMap<NodeId, Running>,
    /// What comes in now: bytes, and of how many.
    pub downloads: BTreeMap<String, (u64, Option<u64>)>,
    /// What came in.
    pub downloaded: Downloaded,
    /// The ends of logs.
    pub logs: Logs,
}

/// What came in from outside.
#[derive(Debug, Default)]
pub(super) struct Downloaded {
    /// Names of what is whole.
    pub names: BTreeSet<String>,
    /// Bytes of what is whole.
    pub bytes: u64,
}

/// A step that runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// `curl (arm64, build)`.
    pub title: String,
    /// How, for a run.
    pub method: Option<Method>,
    /// Where, for a run.
    pub executor: String,
    /// Since when.
    pub since: Instant,
}

impl Running {
    /// `zlib (arm64, build) by cross on local`.
    pub fn text(&self) -> String {
        match self.method {
            Some(method) => format!("{} by {method} on {}", self.title, self.executor),
            None => self.title.clone(),
        }
    }
}

/// What an event changed.
#[derive(Debug)]
pub(super) enum Change {
    /// A step began.
    Began(NodeId),
    /// A step that was seen to begin ended.
    Ended(Running, End),
    /// A download is whole.
    Arrived,
    /// Nothing to speak of.
    Little,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Good,
    Cached,
    Stopped,
    Bad,
}

impl Board {
    /// Takes note of an event.
    pub fn take(&mut self, event: &Event) -> Change {
        match event {
            Event::Planned { total } => {
                self.total = *total;
                Change::Little
            }
            Event::Started { node, title, method, executor } => {
                let running = Running {
                    title: title.clone(),
                    method: *method,
                    executor: executor.clone(),
                    since: Instant::now(),
                };
                self.running.insert(*node, running);
                Change::Began(*node)
            }
            Event::Log { node, line } => {
                let log = self.logs.entry(*node).or_default();
                if log.len() == KEPT_LINES {
                    log.pop_front();
                }
                log.push_back(line.clone());
                Change::Little
            }
            Event::Finished { node, cached, cause, .. } => self.finish(*node, *cached, cause.as_ref()),
            Event::Warned { .. } => {
                self.warned += 1;
                Change::Little
            }
            Event::Ahead(_) | Event::Failed { .. } | Event::FellBack { .. } => Change::Little,
            Event::Downloaded { name, bytes, total } => self.download(name, *bytes, *total),
        }
    }

    fn finish(&mut self, node: NodeId, cached: bool, cause: Option<&Cause>) -> Change {
        self.done += 1;
        let end = match cause {
            Some(Cause::Cancelled) => End::Stopped,
            Some(cause) if *cause != Cause::Success => End::Bad,
            _ if cached => End::Cached,
            _ => End::Good,
        };
        match (end, cause) {
            (End::Bad, _) => self.failed += 1,
            (End::Cached, Some(_)) => self.cached += 1,
            (End::Good, Some(_)) => self.ran += 1,
            _ => {}
        }
        match self.running.remove(&node) {
            Some(running) => Change::Ended(running, end),
            None => Change::Little,
        }
    }

    fn download(&mut self, name: &str, bytes: u64, total: Option<u64>) -> Change {
        if total.is_none_or(|total| bytes < total) {
            self.downloads.insert(name.to_owned(), (bytes, total));
            return Change::Little;
        }
        self.downloads.remove(name);
        if !self.downloaded.names.insert(name.to_owned()) {
            return Change::Little;
        }
        self.downloaded.bytes += bytes;
        Change::Arrived
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn runs_downloads_and_logs_are_counted() {
        let mut board = Board::default();
        let node = NodeId(1);
        board.take(&Event::Started {
            node,
            title: "a (arm64, build)".to_owned(),
            method: Some(Method::Cross),
            executor: "local".to_owned(),
        });
        assert_eq!(board.running[&node].text(), "a (arm64, build) by cross on local");
        for line in 0..KEPT_LINES + 5 {
            board.take(&Event::Log { node, line: line.to_string() });
        }
        assert_eq!(board.logs[&node].len(), KEPT_LINES);
        assert_eq!(board.logs[&node][0], "5");
        let finished =
            Event::Finished { node, cached: false, cause: Some(Cause::Success), took: Duration::from_secs(1) };
        assert!(matches!(board.take(&finished), Change::Ended(_, End::Good)));
        for bytes in [5, 10, 10] {
            board.take(&Event::Downloaded { name: "x".to_owned(), bytes, total: Some(10) });
        }
        assert_eq!((board.ran, board.done, board.downloaded.bytes), (1, 1, 10));
        assert!(board.downloads.is_empty() && board.running.is_empty());
    }
}
