//! What is wrong with `xb.toml`.

use std::path::Path;

use xb_core::nearest;

use crate::failure::Failure;

/// What is wrong with the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// `name` is none of those that are known: which one was meant, or which there are.
    pub(super) fn unknown<'a>(message: String, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let help = match nearest(name, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are: {}", known.collect::<Vec<_>>().join(", ")),
        };
        Self::new(message).help(help)
    }

    pub(super) fn into_failure(self, path: &Path) -> Failure {
        let failure = Failure::user(format!("`{}`: {}", path.display(), self.message));
        match self.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
