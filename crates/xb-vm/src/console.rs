//! What a machine's kernel and its emulator say, kept within limits.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use xb_run::Log;

/// How many bytes are kept.
const MOST: u64 = 1 << 20;

/// How many lines of its end an error shows.
const SHOWN: usize = 4;

/// How long the end of an emulator that is gone may take to be heard.
const PATIENCE: Duration = Duration::from_secs(1);

/// The log of a console, which grows as long as the emulator lives.
#[derive(Clone, Debug)]
pub struct Console {
    log: Arc<Mutex<Option<Log>>>,
    /// Closed when nothing more can come.
    ended: Arc<Mutex<Receiver<()>>>,
}

impl Console {
    /// Listens to a socket until its other end is closed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn listen(mut from: UnixStream) -> std::io::Result<Self> {
        let (lives, ended) = channel();
        let log = Arc::new(Mutex::new(Some(Log::new(MOST))));
        let console = Self { log: Arc::clone(&log), ended: Arc::new(Mutex::new(ended)) };
        thread::Builder::new().name("console".to_owned()).spawn(move || {
            let _lives: Sender<()> = lives;
            let mut buffer = vec![0; 4096];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                if let Some(log) = &mut *log.lock().unwrap_or_else(PoisonError::into_inner) {
                    log.push(&buffer[..length], drop);
                }
            }
        })?;
        Ok(console)
    }

    /// All that the console of a machine that is gone has said; nothing more is kept.
    pub fn take(&self) -> Vec<u8> {
        let _: Result<(), _> = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).take();
        log.map(Log::into_bytes).unwrap_or_default()
    }
}

/// The last lines of a log, each cut to what fits a line, without what a terminal would obey.
pub fn last_lines(log: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(log);
    let lines = text.lines().rev().map(str::trim_end).filter(|line| !line.is_empty()).take(SHOWN);
    let mut lines: Vec<String> =
        lines.map(|line| line.chars().filter(|c| !c.is_control()).take(160).collect()).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_shown_without_control_characters() {
        assert_eq!(last_lines(b"a\nb\n\nc\r\n\x1b[31md\ne\n"), ["b", "c", "[31md", "e"]);
        assert_eq!(last_lines(b""), [""; 0]);
    }
}
