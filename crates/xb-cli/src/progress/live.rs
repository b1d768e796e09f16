//! The display on a terminal: what runs, where, how and since when, drawn anew ten times a second.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use xb_build::Event;
use xb_core::{count, show_size};
use xb_graph::NodeId;

use super::board::{Board, Change, End};
use super::lines::{ahead, ended, fell_back, warned};
use crate::output::{style, styled};

const TICK: Duration = Duration::from_millis(100);

/// More running steps than this are only counted.
const MOST_LINES: usize = 12;

/// Lines that are drawn again and again at the lower edge of the terminal.
#[derive(Debug)]
pub(super) struct Live {
    all: MultiProgress,
    sum: ProgressBar,
    steps: BTreeMap<NodeId, ProgressBar>,
}

impl Live {
    pub fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let sum = all.add(ProgressBar::new_spinner().with_style(style_of("{spinner:.cyan} {wide_msg} {elapsed}")));
        sum.enable_steady_tick(TICK);
        Self { all, sum, steps: BTreeMap::new() }
    }

    pub fn show(&mut self, board: &Board, change: &Change, event: &Event) {
        match change {
            Change::Began(node) => self.begin(board, *node),
            Change::Ended(running, end) => {
                if let Event::Finished { node, .. } = event {
                    self.end(*node);
                }
                if running.method.is_some() && *end != End::Cached {
                    self.print(&ended(running, *end, event));
                }
            }
            Change::Arrived | Change::Little => {}
        }
        match event {
            Event::Ahead(plan) => self.print(&ahead(plan)),
            Event::FellBack { .. } => self.print(&fell_back(event)),
            Event::Warned { message } => self.print(&warned(message)),
            _ => {}
        }
        if !matches!(event, Event::Log { .. }) {
            self.sum.set_message(sum(board));
        }
    }

    pub fn close(&mut self) {
        for step in std::mem::take(&mut self.steps).into_values() {
            step.finish_and_clear();
        }
        self.sum.finish_and_clear();
        let _ = self.all.clear();
    }

    fn begin(&mut self, board: &Board, node: NodeId) {
        let Some(running) = board.running.get(&node) else {
            return;
        };
        if let Some(bar) = self.steps.get(&node) {
            return bar.set_message(running.text());
        }
        if running.method.is_none() || self.steps.len() >= MOST_LINES {
            return;
        }
        let bar = ProgressBar::new_spinner().with_style(style_of("  {wide_msg} {elapsed}"));
        let bar = self.all.insert_before(&self.sum, bar);
        bar.set_message(running.text());
        bar.enable_steady_tick(Duration::from_secs(1));
        self.steps.insert(node, bar);
    }

    fn end(&mut self, node: NodeId) {
        if let Some(bar) = self.steps.remove(&node) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    fn print(&self, text: &str) {
        let _ = self.all.println(text);
    }
}

fn style_of(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// `3 of 12 done, 2 running, 5 cached; fetching 3 files, 45 MB`.
fn sum(board: &Board) -> String {
    let runs = board.running.values().filter(|step| step.method.is_some()).count();
    let mut parts = vec![format!("{} of {} done", board.done, board.total.max(board.done))];
    if runs > 0 {
        parts.push(format!("{runs} running"));
    }
    if board.cached > 0 {
        parts.push(format!("{} cached", board.cached));
    }
    if board.failed > 0 {
        parts.push(styled(style::ERROR, format_args!("{} failed", board.failed)));
    }
    let mut text = parts.join(", ");
    if !board.downloads.is_empty() {
        let bytes: u64 = board.downloads.values().map(|(bytes, _)| bytes).sum();
        let files = count(board.downloads.len(), "file");
        let bytes = show_size(bytes + board.downloaded.bytes);
        text += &format!("; fetching {files}, {bytes} so far");
    } else if let Some(preparing) = board.running.values().find(|step| step.method.is_none()) {
        text += &format!("; preparing {}", preparing.title);
    }
    text
}
