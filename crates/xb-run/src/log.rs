//! The log of a command: its head and its tail, and lines as they come.

use std::collections::VecDeque;

/// Longer lines are cut where they are shown, never where they are kept.
const LONGEST_LINE: usize = 8 << 10;

/// What a command wrote, within a limit: what is too much is lost from the middle.
#[derive(Debug)]
pub struct Log {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    total: u64,
    line: Vec<u8>,
}

impl Log {
    /// A log of at most `limit` bytes; zero is no limit.
    pub fn new(limit: u64) -> Self {
        let half = match limit {
            0 => usize::MAX,
            limit => usize::try_from(limit.div_ceil(2)).unwrap_or(usize::MAX),
        };
        Self { head: Vec::new(), tail: VecDeque::new(), half, total: 0, line: Vec::new() }
    }

    /// Takes bytes, and calls `show` for each line that they complete, as long as there is no more than the limit.
    pub fn push(&mut self, bytes: &[u8], show: impl FnMut(String)) {
        if self.lost() == 0 {
            self.show_lines(bytes, show);
        }
        self.total += bytes.len() as u64;
        let room = self.half - self.head.len().min(self.half);
        let (head, tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        let tail = &tail[tail.len() - tail.len().min(self.half)..];
        let excess = (self.tail.len() + tail.len()).saturating_sub(self.half);
        self.tail.drain(..excess);
        self.tail.extend(tail);
    }

    fn show_lines(&mut self, bytes: &[u8], mut show: impl FnMut(String)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE - self.line.len().min(LONGEST_LINE);
            self.line.extend_from_slice(&piece[..room.min(piece.len())]);
            if piece.ends_with(b"\n") {
                show(text(&self.line));
                self.line.clear();
            }
        }
    }

    /// Shows a last line that has no end.
    pub fn flush(&mut self, mut show: impl FnMut(String)) {
        if !self.line.is_empty() {
            show(text(&self.line));
            self.line.clear();
        }
        if self.lost() > 0 {
            show(self.note());
        }
    }

    /// How many bytes are lost.
    pub fn lost(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// The whole log, with a note where something is missing.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.lost() > 0 {
            let note = self.note();
            self.head.extend(format!("\n{note}\n").into_bytes());
        }
        self.head.extend(self.tail);
        self.head
    }

    fn note(&self) -> String {
        let (lost, total) = (self.lost(), self.total);
        format!("[xb: {lost} of {total} bytes of the log are left out here]")
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: u64, pieces: &[&str], log: &str, shown: &[&str]) {
        let (mut lines, mut under_test) = (Vec::new(), Log::new(limit));
        for piece in pieces {
            under_test.push(piece.as_bytes(), |line| lines.push(line));
        }
        under_test.flush(|line| lines.push(line));
        assert_eq!(lines, shown);
        assert_eq!(String::from_utf8(under_test.into_bytes()).unwrap(), log);
    }

    #[test]
    fn lines_are_shown_whole() {
        check(0, &["a", "b\nc\r\n", "\nd"], "ab\nc\r\n\nd", &["ab", "c", "", "d"]);
        check(100, &[""], "", &[]);
    }

    #[test]
    fn the_middle_is_lost_and_counted() {
        let note = "[xb: 4 of 10 bytes of the log are left out here]";
        check(6, &["01234", "56789"], &format!("012\n{note}\n789"), &["0123456789", note]);
        check(6, &["0123456789"], &format!("012\n{note}\n789"), &["0123456789", note]);
        check(6, &["012345"], "012345", &["012345"]);
    }
}
