//! What is seen while something is built.
//!
//! On a terminal: a line for each step that runs, and one that sums up. Otherwise, and with `--verbose`: a line for
//! each thing that happens. The events are the same; [`Board`] keeps what is going on, the displays draw it.

mod board;
mod lines;
mod live;
mod uploads;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xb_build::{Event, Events};
use xb_graph::NodeId;

use board::Board;
use lines::Lines;
use live::Live;
pub use uploads::Uploads;

/// How many lines of each log are kept for the end of a failed one.
const KEPT_LINES: usize = 200;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing but what went wrong.
    Quiet,
    /// What happens.
    Normal,
    /// Every line of every log, too.
    Verbose,
}

/// The display of a build; every clone is the same one.
#[derive(Clone)]
pub struct Progress(Arc<Mutex<State>>);

struct State {
    board: Board,
    display: Display,
}

enum Display {
    None,
    Lines(Lines),
    Live(Live),
}

impl Progress {
    /// A display that fits the standard error.
    pub fn new(verbosity: Verbosity) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let display = match verbosity {
            Verbosity::Quiet => Display::None,
            Verbosity::Normal if terminal => Display::Live(Live::new()),
            Verbosity::Normal => Display::Lines(Lines::new(false)),
            Verbosity::Verbose => Display::Lines(Lines::new(true)),
        };
        Self::with(display)
    }

    fn with(display: Display) -> Self {
        let board = Board::default();
        Self(Arc::new(Mutex::new(State { board, display })))
    }

    /// The last lines of the log of a step, as far as they came by.
    pub fn tail(&self, node: NodeId, lines: usize) -> Vec<String> {
        let state = self.state();
        let Some(log) = state.board.logs.get(&node) else {
            return Vec::new();
        };
        log.iter().skip(log.len().saturating_sub(lines)).cloned().collect()
    }

    /// How many steps ran, and of how many the result was known.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.board.ran, state.board.cached)
    }

    /// Whether something went wrong that kept nothing from going on.
    pub fn has_warned(&self) -> bool {
        self.state().board.warned > 0
    }

    /// Takes the display away, and says what has not been said: what is printed next stands alone.
    pub fn close(&self) {
        let mut state = self.state();
        let State { board, display } = &mut *state;
        match display {
            Display::None => {}
            Display::Lines(lines) => lines.close(board),
            Display::Live(live) => live.close(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events for Progress {
    fn event(&self, event: Event) {
        let mut state = self.state();
        let State { board, display } = &mut *state;
        let change = board.take(&event);
        match display {
            Display::None => {}
            Display::Lines(lines) => lines.show(board, &change, &event),
            Display::Live(live) => live.show(board, &change, &event),
        }
    }
}

/// Logs by node: only their ends.
type Logs = BTreeMap<NodeId, std::collections::VecDeque<String>>;
