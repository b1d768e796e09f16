//! The lines that a machine says on its control port. It may say anything: what is not one of these is nonsense.
//!
//! | line | when |
//! |---|---|
//! | `ready SECONDS` | once, when it takes orders; how long its kernel had been running |
//! | `alive` | every now and then while it works |
//! | `ended CODE LOG PEAK FULL [EXCEEDED]` | the command has ended, or could not start (`broken` in place of a code) |
//! | `output LIST TREE CODE` | for each output, after a success: how many bytes there are on the disk `outputs` |
//! | `done` | the order is done, and nothing of it is left |

use std::str::FromStr;

use xb_run::Exceeded;

/// No honest line is longer, in bytes.
pub const LONGEST: usize = 256;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It takes orders.
    Ready,
    /// It works.
    Alive,
    /// The command has ended.
    Ended {
        /// Its exit code; none when it could not be started at all.
        code: Option<i32>,
        /// How many bytes it said.
        log: u64,
        /// The largest memory of all processes together that was seen, in bytes.
        peak: u64,
        /// Whether hardly anything could be written at some time.
        nearly_full: bool,
        /// The limit that it was killed for.
        exceeded: Option<Exceeded>,
    },
    /// An output is on its disk.
    Output {
        /// How many bytes its list has.
        list: u64,
        /// How many bytes its tar file has.
        tree: u64,
        /// The exit code of what made the tar file: 1 where there is no such folder, 127 where nothing was started.
        code: i32,
    },
    /// Nothing of the order is left.
    Done,
}

impl Line {
    /// Reads a line without its end; none when it is nonsense.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["ready", _] => Some(Self::Ready),
            ["alive"] => Some(Self::Alive),
            ["done"] => Some(Self::Done),
            ["output", list, tree, code] => {
                Some(Self::Output { list: number(list)?, tree: number(tree)?, code: number(code)? })
            }
            ["ended", code, log, peak, full, ref exceeded @ ..] => Some(Self::Ended {
                code: if code == "broken" { None } else { Some(number(code)?) },
                log: number(log)?,
                peak: number(peak)?,
                nearly_full: full == "1",
                exceeded: match exceeded {
                    [] => None,
                    ["memory"] => Some(Exceeded::Memory),
                    ["disk"] => Some(Exceeded::Disk),
                    ["processes"] => Some(Exceeded::Processes),
                    _ => return None,
                },
            }),
            _ => None,
        }
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_says() {
        assert_eq!(Line::parse("ready 2.51"), Some(Line::Ready));
        assert_eq!(Line::parse("output 8 10240 0"), Some(Line::Output { list: 8, tree: 10240, code: 0 }));
        let ended = |code, exceeded| Line::Ended { code, log: 7, peak: 4096, nearly_full: true, exceeded };
        assert_eq!(Line::parse("ended 3 7 4096 1 "), Some(ended(Some(3), None)));
        assert_eq!(Line::parse("ended 137 7 4096 1 memory"), Some(ended(Some(137), Some(Exceeded::Memory))));
        assert_eq!(Line::parse("ended 153 7 4096 1 disk"), Some(ended(Some(153), Some(Exceeded::Disk))));
        assert_eq!(Line::parse("ended broken 7 4096 1"), Some(ended(None, None)));
    }

    #[test]
    fn nonsense_is_nothing() {
        for text in [
            "",
            "ready",
            "alive 1",
            "ended",
            "ended -1 7 4096 1",
            "ended 1 7 4096 1 time",
            "ended 1 7 4096 1 memory memory",
            "output 1 2",
            "output 99999999999999999999999 1 0",
            "output +1 2 0",
            "run 1 2",
            "done\u{1b}[0m",
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
