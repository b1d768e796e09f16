//! Texts of others for a terminal.

use std::fmt::{self, Write};

/// A text from a file, an archive or a server, on one line and without what would steer a terminal: control characters
/// are shown as Rust writes them (`\u{1b}`).
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'t>(pub &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(Escaped("a\u{1b}[2Jb\nc\u{9b}").to_string(), "a\\u{1b}[2Jb\\nc\\u{9b}");
        assert_eq!(Escaped("grün `x`").to_string(), "grün `x`");
    }
}
