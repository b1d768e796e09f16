//! What a configuration found out about one thing.

use std::collections::BTreeMap;
use std::fmt;

/// So much of an answer is compared and kept.
const LONGEST: usize = 4096;

/// So many answers of a file are kept; the largest known files have some ten thousand.
const MOST: usize = 200_000;

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is there, or works.
    On,
    /// It is not there, does not work, or was not asked for.
    Off,
    /// A size, a path, a name.
    Is(String),
}

/// A probe's answer, and who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) answer: Answer,
    /// Whether the compiler sees it: it is the define of a header.
    pub(super) compiled_in: bool,
}

/// What a file says, by what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers(BTreeMap<String, Probe>);

impl Answer {
    /// What the words of `configure`, CMake and Meson mean.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        let word = text.strip_prefix("guessing ").unwrap_or(text).to_ascii_lowercase();
        match word.as_str() {
            "1" | "yes" | "true" | "on" | "enabled" => Self::On,
            "" | "0" | "no" | "false" | "off" | "disabled" | "none" | "not found" => Self::Off,
            word if word.ends_with("notfound") => Self::Off,
            _ => Self::is(text),
        }
    }

    /// What a define means.
    pub(super) fn of_define(value: &str) -> Self {
        match value.trim() {
            "" | "1" => Self::On,
            "0" => Self::Off,
            value => Self::is(value),
        }
    }

    fn is(text: &str) -> Self {
        Self::Is(text.chars().take(LONGEST).collect())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Is(text) => text,
        })
    }
}

impl Answers {
    /// Notes what a configuration says of its probes.
    pub(super) fn note(&mut self, name: &str, answer: Answer) {
        self.put(name, answer, false);
    }

    /// Notes a define. What is noted of the same thing as the word of a configuration counts less.
    pub(super) fn note_define(&mut self, name: &str, answer: Answer) {
        self.put(name, answer, true);
    }

    fn put(&mut self, name: &str, answer: Answer, compiled_in: bool) {
        if self.0.len() < MOST && (compiled_in || !self.0.get(name).is_some_and(|known| known.compiled_in)) {
            self.0.insert(name.to_owned(), Probe { answer, compiled_in });
        }
    }

    /// All names that these or others have, in order.
    pub(super) fn names<'a>(&'a self, others: &'a Self) -> std::collections::BTreeSet<&'a str> {
        self.0.keys().chain(others.0.keys()).map(String::as_str).collect()
    }

    /// What is said about a name.
    pub(super) fn get(&self, name: &str) -> Option<&Probe> {
        self.0.get(name)
    }
}
