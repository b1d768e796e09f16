//! The only place of the whole project that prints.
//!
//! What was asked for goes to the standard output; everything else (progress, warnings, errors) to the standard
//! error. Colours are written always and taken out where they are not wanted: no terminal, `NO_COLOR`, `--color`.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::args::Colour;
use crate::failure::Failure;

/// Colours by what they mean.
pub mod style {
    use super::{AnsiColor, Style};

    /// Something is wrong.
    pub const ERROR: Style = AnsiColor::Red.on_default().bold();
    /// Something may be wrong.
    pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
    /// A way out.
    pub const HELP: Style = AnsiColor::Cyan.on_default().bold();
    /// Something went well.
    pub const GOOD: Style = AnsiColor::Green.on_default().bold();
    /// What it is about.
    pub const STRONG: Style = Style::new().bold();
    /// What matters less.
    pub const FAINT: Style = Style::new().dimmed();
}

/// `text` in a style.
pub fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Decides about colours, for the whole program.
pub fn choose_colours(when: Colour) {
    let choice = match when {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether colours are wanted on the standard error.
pub fn colours_on_stderr() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Prints what was asked for.
///
/// # Errors
/// When the standard output cannot be written to; a reader that went away is [`Failure::broken_pipe`].
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    write!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| stdout_failed(&error))
}

/// Prints a line of what was asked for.
///
/// # Errors
/// See [`print()`].
pub fn print_line(text: impl Display) -> Result<(), Failure> {
    print(format_args!("{text}\n"))
}

/// Prints bytes as they are.
///
/// # Errors
/// See [`print()`].
pub fn print_bytes(from: &mut dyn io::Read) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    io::copy(from, &mut stdout).and_then(|_| stdout.flush()).map_err(|error| stdout_failed(&error))
}

/// Prints a value as JSON, on several lines.
///
/// # Errors
/// See [`print()`].
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::bug(format!("a report cannot be written as JSON: {error}")))?;
    print_line(text)
}

/// Says something beside what was asked for; when nobody can hear it, so be it.
pub fn say(text: impl Display) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{text}");
}

/// A line of somebody else's, harmless for a terminal: what was written last onto it, without control characters and
/// without the sequences that colour text or move the cursor. Tabs stay.
pub fn printable(line: &str) -> String {
    let last = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
    let plain = anstream::adapter::strip_str(last).to_string();
    plain.replace(|c: char| c.is_control() && c != '\t', "")
}

fn stdout_failed(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::broken_pipe();
    }
    Failure::environment(format!("cannot write to the standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_cannot_drive_a_terminal() {
        assert_eq!(printable("\x1b[31mred\x1b[0m\tgrün"), "red\tgrün");
        assert_eq!(printable("\x1b]0;title\x07text"), "text");
        assert_eq!(printable("a\rb\x08c\u{9b}2J"), "bc2J");
    }
}
