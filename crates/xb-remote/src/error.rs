//! Why a server did not do what it was asked.

use std::error::Error as _;

use tonic::{Code, Status};

/// Why a server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("`{server}` {kind} {what}: {why}")]
pub struct RemoteError {
    /// The server, without who one is to it.
    pub server: String,
    /// What was asked for, as a noun.
    pub what: String,
    /// What happened.
    pub why: String,
    /// Of which kind it is.
    pub kind: Kind,
}

/// Of which kind an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does not answer, or not as long as it was waited for.
    Unreachable,
    /// It knows one not, or lets one not.
    Denied,
    /// It has no room, or too much to do: it may be otherwise another time.
    Busy,
    /// It does not do what was asked for.
    Refused,
    /// It gives something else than what was asked for.
    Lied,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "cannot be reached for",
            Self::Denied => "does not let you at",
            Self::Busy | Self::Refused => "does not do its part for",
            Self::Lied => "has something else in the place of",
        })
    }
}

impl Kind {
    /// Whether it may be otherwise another time, with nobody having done anything.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy)
    }

    /// The kind of what a server, or the way to it, answered.
    pub(crate) fn of(status: &Status) -> Self {
        match status.code() {
            // `UNKNOWN` and `CANCELLED` are what a connection ends with that is cut in the middle of an answer.
            Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled => Self::Unreachable,
            Code::ResourceExhausted | Code::Aborted | Code::Internal => Self::Busy,
            Code::Unauthenticated | Code::PermissionDenied => Self::Denied,
            _ => Self::Refused,
        }
    }
}

/// What a server, or the way to it, answered, for a person.
pub(crate) fn said(status: &Status) -> String {
    let message = status.message();
    let caused = status.source().map(xb_http::chain).unwrap_or_default();
    let told = match (message.is_empty(), caused.is_empty()) {
        (_, false) => caused,
        (false, true) => message.to_owned(),
        (true, true) => status.code().description().to_owned(),
    };
    // It is the server's text, and goes to a terminal.
    told.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).take(MOST_TOLD).collect()
}

/// So many characters of what a server says are repeated.
const MOST_TOLD: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_drives_no_terminal_and_fills_no_screen() {
        let told = said(&Status::internal(format!("\u{1b}[2J{}", "x".repeat(9999))));
        assert!(!told.contains(char::is_control) && told.len() <= MOST_TOLD, "{told}");
        assert!(!said(&Status::new(Code::NotFound, "")).is_empty());
    }
}
