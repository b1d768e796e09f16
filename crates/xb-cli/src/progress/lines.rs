//! One line for each thing that happens.

use std::time::{Duration, Instant};

use xb_build::{Event, Forecast, describe};
use xb_core::{count, show_size, show_time};

use super::board::{Board, Change, End, Running};
use crate::output::{printable, say, style, styled};
use crate::planned;

/// Downloads are spoken of no more often than this.
const DOWNLOADS_EVERY: Duration = Duration::from_secs(5);

/// Lines on the standard error.
#[derive(Debug)]
pub(super) struct Lines {
    logs: bool,
    downloads_shown: Option<Instant>,
    /// How many downloads were spoken of.
    spoken_of: usize,
}

impl Lines {
    /// Lines; with the lines of logs if asked for.
    pub fn new(logs: bool) -> Self {
        Self { logs, downloads_shown: None, spoken_of: 0 }
    }

    pub fn show(&mut self, board: &Board, change: &Change, event: &Event) {
        match (change, event) {
            (Change::Began(node), _) => {
                if let Some(running) = board.running.get(node).filter(|step| step.method.is_some()) {
                    self.show_downloads(board);
                    say(began(running));
                }
            }
            (Change::Ended(running, end), _) if running.method.is_some() => say(ended(running, *end, event)),
            (Change::Arrived, _) => self.show_downloads_now_and_then(board),
            (_, Event::Log { node, line }) if self.logs => {
                let title = board.running.get(node).map_or("", |step| &step.title);
                say(format!("{} {}", styled(style::FAINT, format_args!("{title}:")), printable(line)));
            }
            (_, Event::Ahead(plan)) => say(ahead(plan)),
            (_, Event::FellBack { .. }) => say(fell_back(event)),
            (_, Event::Warned { message }) => say(warned(message)),
            _ => {}
        }
    }

    /// Says what has not been said yet.
    pub fn close(&mut self, board: &Board) {
        self.show_downloads(board);
    }

    fn show_downloads_now_and_then(&mut self, board: &Board) {
        let shown = self.downloads_shown.get_or_insert_with(Instant::now);
        if shown.elapsed() >= DOWNLOADS_EVERY {
            *shown = Instant::now();
            self.show_downloads(board);
        }
    }

    /// What came in until now, if that has not been said.
    fn show_downloads(&mut self, board: &Board) {
        let files = board.downloaded.names.len();
        if files > self.spoken_of {
            self.spoken_of = files;
            say(format!("fetched {} ({})", count(files, "file"), show_size(board.downloaded.bytes)));
        }
    }
}

fn began(running: &Running) -> String {
    format!("begin {}", running.text())
}

/// The line about a step that ended; what its log says follows when everything has ended.
pub(super) fn ended(running: &Running, end: End, event: &Event) -> String {
    let (style, word) = match end {
        End::Good => (style::GOOD, "done"),
        End::Cached => (style::GOOD, "known"),
        End::Stopped => (style::WARNING, "stopped"),
        End::Bad => (style::ERROR, "failed"),
    };
    let time = show_time(running.since.elapsed());
    let why = match event {
        Event::Finished { cause: Some(cause), .. } if end == End::Bad => format!(": {}", describe(cause)),
        _ => String::new(),
    };
    format!("{} {} in {time}{why}", styled(style, word), running.text())
}

/// The line about what may have to run.
pub(super) fn ahead(plan: &Forecast) -> String {
    format!("{} {}", styled(style::GOOD, "plan"), planned::ahead(plan))
}

/// The line about what went wrong and kept nothing from going on.
pub(super) fn warned(message: &str) -> String {
    format!("{} {}", styled(style::WARNING, "warning:"), printable(message))
}

/// The lines about a method that did not lead to a result.
pub(super) fn fell_back(event: &Event) -> String {
    match event {
        Event::FellBack { package, from, to, why } => {
            let title = styled(style::WARNING, "note:");
            format!("{title} {package}: {from} did not lead to a result, going on by {to}\n  {why}")
        }
        _ => String::new(),
    }
}
