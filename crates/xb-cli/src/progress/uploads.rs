//! What is seen of bytes that go out.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use xb_core::show_size;
use xb_push::Watch;

use super::Verbosity;
use crate::output::say;

/// Without a terminal, they are spoken of no more often than this.
const EVERY: Duration = Duration::from_secs(5);

/// The display of bytes that go out: a line that changes on a terminal, a line now and then otherwise.
#[derive(Debug)]
pub struct Uploads {
    bar: ProgressBar,
    said: Option<Mutex<Instant>>,
}

impl Uploads {
    /// A display that fits the standard error.
    pub fn new(verbosity: Verbosity) -> Self {
        let is_seen = verbosity != Verbosity::Quiet;
        let terminal = std::io::stderr().is_terminal();
        let target = if is_seen && terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template("{spinner:.cyan} pushed {decimal_bytes}, {decimal_bytes_per_sec} {elapsed}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, said: (is_seen && !terminal).then(|| Mutex::new(Instant::now())) }
    }

    /// Takes the display away.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }

    fn say_now_and_then(&self) {
        let Some(said) = &self.said else {
            return;
        };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.elapsed() >= EVERY {
            *said = Instant::now();
            say(format!("sent {}", show_size(self.bar.position())));
        }
    }
}

impl Watch for Uploads {
    fn sent(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.say_now_and_then();
    }

    fn taken_back(&self, bytes: u64) {
        self.bar.set_position(self.bar.position().saturating_sub(bytes));
    }
}
