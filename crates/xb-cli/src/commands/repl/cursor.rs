//! Whether a terminal tells where its cursor is: lines can be edited on no other.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// How long a terminal may take to answer; it may be far away.
const PATIENCE: Duration = Duration::from_secs(2);

const QUESTION: &[u8] = b"\x1b[6n";

/// What Ctrl-D gives where keys come through at once.
const END: u8 = 4;

/// What came from a terminal that was asked where its cursor is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether it answered.
    pub has_answered: bool,
    /// What was typed meanwhile, up to the end if that was typed.
    pub typed: Vec<u8>,
    /// Whether nothing more will come.
    pub has_ended: bool,
}

/// Asks the terminal, and waits until it answers or has had the time to.
///
/// # Errors
/// When the terminal cannot be used.
pub fn ask() -> io::Result<Asked> {
    let _keys = Keys::at_once()?;
    let mut screen = io::stdout().lock();
    screen.write_all(QUESTION)?;
    screen.flush()?;
    let mut asked = Asked::default();
    let until = Instant::now() + PATIENCE;
    while !asked.has_answered && !asked.has_ended && is_readable(until)? {
        let mut bytes = [0; 256];
        match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
            Ok(number) => asked.take(&bytes[..number]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(asked)
}

impl Asked {
    /// Takes in what was read; nothing is the end.
    fn take(&mut self, bytes: &[u8]) {
        self.typed.extend_from_slice(bytes);
        if let Some(answer) = answer_in(&self.typed) {
            self.typed.drain(answer);
            self.has_answered = true;
        }
        if let Some(end) = self.typed.iter().position(|byte| *byte == END) {
            self.typed.truncate(end);
            self.has_ended = true;
        }
        self.has_ended |= bytes.is_empty();
    }
}

/// Where the answer stands: `ESC [ ROW ; COLUMN R`.
fn answer_in(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = bytes.windows(2).position(|two| two == b"\x1b[")?;
    let length = bytes[start + 2..].iter().position(|byte| !byte.is_ascii_digit() && *byte != b';')?;
    let end = start + 2 + length;
    (bytes[end] == b'R').then_some(start..end + 1)
}

fn is_readable(until: Instant) -> io::Result<bool> {
    let stdin = rustix::stdio::stdin();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&left)) {
            Err(Errno::INTR) => {}
            found => return Ok(found? > 0),
        }
    }
}

/// The terminal in a state in which keys come through at once and unseen; put back when dropped.
struct Keys(Termios);

impl Keys {
    fn at_once() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut at_once = before.clone();
        at_once.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        at_once.special_codes[SpecialCodeIndex::VMIN] = 1;
        at_once.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &at_once)?;
        Ok(Self(before))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&str], has_answered: bool, typed: &str, has_ended: bool) {
        let mut asked = Asked::default();
        parts.iter().for_each(|part| asked.take(part.as_bytes()));
        assert_eq!(asked, Asked { has_answered, typed: typed.into(), has_ended }, "{parts:?}");
    }

    #[test]
    fn an_answer_is_told_from_what_is_typed() {
        check(&["\x1b[12;1R"], true, "", false);
        check(&["1+", "1\n\x1b[1", "2;1", "Rx"], true, "1+1\nx", false);
        check(&["1+1\nexit\n\x04\x04"], false, "1+1\nexit\n", true);
        check(&["\x1b[A"], false, "\x1b[A", false);
        check(&[""], false, "", true);
    }
}
