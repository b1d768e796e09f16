//! Every way in which a command can fail, its class, and the exit code that goes with it.
//!
//! | class | whose matter | exit code |
//! |---|---|---|
//! | user | the input is wrong, a build or a check failed | 1 |
//! | usage | the command line is wrong | 2 |
//! | environment | the machine, the network or the store does not do what it should | 3 |
//! | bug | xb itself is wrong | 101 |
//! | interrupted | somebody pressed Ctrl-C, or another signal asked for the end | 130, or 128 and the signal |
//! | broken pipe | who read the output went away: nothing is wrong | 0 |

use std::process::ExitCode;

use serde::Serialize;
use xb_core::{Diagnostic, Sources};
use xb_fetch::FetchError;
use xb_store::StoreError;

use crate::interrupt;
use crate::output::{say, style, styled};
use crate::render;

/// Whose matter a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The input is wrong, or a build or a check failed.
    User,
    /// The command line is wrong.
    Usage,
    /// The machine, the network or the store does not do what it should.
    Environment,
    /// xb itself is wrong.
    Bug,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// Who read the output went away.
    BrokenPipe,
}

impl Class {
    fn exit_code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::User => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Bug => 101,
            Self::Interrupted => interrupt::exit_code(),
        }
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    class: Class,
    /// What is wrong, in one sentence without a full stop; empty when everything has been said already.
    message: String,
    notes: Vec<String>,
    helps: Vec<String>,
    /// What is wrong with the input, at its places.
    findings: Option<Box<Findings>>,
    code: Option<u8>,
}

/// Diagnostics and the texts that they are about.
#[derive(Debug)]
pub struct Findings {
    /// The texts.
    pub sources: Sources,
    /// What is said about them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Failure {
    fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), notes: Vec::new(), helps: Vec::new(), findings: None, code: None }
    }

    /// The input is wrong.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(Class::User, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Class::Usage, message)
    }

    /// The machine, the network or the store does not do what it should.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Class::Environment, message)
    }

    /// xb itself is wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Class::Bug, message).help("please report this, with the command and the `.xb` file that led to it")
    }

    /// Somebody pressed Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(Class::Interrupted, "interrupted")
    }

    /// Who read the output went away.
    pub fn broken_pipe() -> Self {
        Self::new(Class::BrokenPipe, "")
    }

    /// Something failed about which everything has been said.
    pub fn already_told() -> Self {
        Self::user("")
    }

    /// The machine or the network failed, about which everything has been said.
    pub fn environment_already_told() -> Self {
        Self::environment("")
    }

    /// Whether it is the matter of the machine, the network or the store.
    pub fn is_of_environment(&self) -> bool {
        self.class == Class::Environment
    }

    /// Whether somebody pressed Ctrl-C.
    pub fn is_interruption(&self) -> bool {
        self.class == Class::Interrupted
    }

    /// A command that xb ran for the user ended with this exit code; it has spoken for itself.
    pub fn of_command(code: i32) -> Self {
        Self { code: Some(u8::try_from(code).unwrap_or(1)), ..Self::already_told() }
    }

    /// The input is wrong at known places.
    pub fn findings(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        let findings = Findings { sources, diagnostics };
        Self { findings: Some(Box::new(findings)), ..Self::user("") }
    }

    /// What a crate below could not do: the environment's matter, or the user's.
    pub fn of(environment: bool, error: &dyn std::error::Error, help: Option<impl Into<String>>) -> Self {
        let failure = Self::new(if environment { Class::Environment } else { Class::User }, error.to_string());
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// What is wrong, in one sentence: of several findings, the first.
    pub fn message(&self) -> &str {
        let first = self.findings.as_ref().and_then(|found| found.diagnostics.first());
        first.filter(|_| self.message.is_empty()).map_or(&self.message, |first| &first.message)
    }

    /// Says what is wrong, and gives the exit code.
    pub fn report(&self) -> ExitCode {
        self.tell();
        ExitCode::from(self.code.unwrap_or(self.class.exit_code()))
    }

    /// Says what is wrong.
    pub fn tell(&self) {
        if let Some(findings) = &self.findings {
            render::diagnostics(&findings.sources, &findings.diagnostics);
        }
        if !self.message.is_empty() {
            say(self.text());
        }
    }

    /// What is wrong, as data; none when everything has been said already.
    pub fn data(&self) -> Option<serde_json::Value> {
        let found = self.findings.as_ref().map(|found| render::found(&found.sources, &found.diagnostics));
        if self.message.is_empty() && found.is_none() {
            return None;
        }
        Some(serde_json::json!({
            "class": self.class,
            "message": self.message(),
            "notes": self.notes,
            "helps": self.helps,
            "found": found.unwrap_or_default(),
        }))
    }

    fn text(&self) -> String {
        let title = match self.class {
            Class::Bug => "bug in xb",
            _ => "error",
        };
        let mut text = format!("{}: {}", styled(style::ERROR, title), self.message);
        for note in &self.notes {
            text += &format!("\n  {} {}", styled(style::FAINT, "note:"), indented(note));
        }
        for help in &self.helps {
            text += &format!("\n  {} {}", styled(style::HELP, "help:"), indented(help));
        }
        text
    }
}

/// A text of several lines, each but the first beneath the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n        ")
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::environment(error.to_string());
        match error {
            StoreError::Full { .. } => failure.help("make room, for instance by `xb gc --keep 1d`"),
            StoreError::Damaged { .. } => {
                failure.help("`xb store verify --repair` removes what is damaged; it is made again when needed")
            }
            _ => failure,
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::of(error.is_of_environment(), &error, error.help())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_their_exit_codes() {
        let codes = [Class::BrokenPipe, Class::User, Class::Usage, Class::Environment, Class::Bug, Class::Interrupted]
            .map(Class::exit_code);
        assert_eq!(codes, [0, 1, 2, 3, 101, 130]);
    }

    #[test]
    fn helps_and_notes_stand_beneath_the_message() {
        let text = Failure::user("no such package").note("a\nb").help("try c").text();
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "error: no such package\n  note: a\n        b\n  help: try c");
    }
}
