//! The only window of the evaluator: reading the project's files.

use std::sync::Arc;

use xb_core::RelPath;

/// What the evaluator can see of the world.
///
/// There is no clock, no environment, no network and no listing of folders here, so an evaluation is a function of
/// the files that it reads: a caller that remembers them may reuse its result.
pub trait World {
    /// The text of a file of the project.
    ///
    /// # Errors
    /// When there is no such file, or it is not text.
    fn read(&self, path: &RelPath) -> Result<Arc<str>, ReadError>;
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// The machine says no.
    #[error("{0}")]
    Other(String),
}

/// A world in memory: files by path.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    /// The files.
    pub files: std::collections::BTreeMap<RelPath, Arc<str>>,
}

impl MemoryWorld {
    /// Adds a file, for worlds that are written down in one expression.
    ///
    /// A path that is not clean is left out, as no evaluation could ask for it.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> Self {
        if let Ok(path) = RelPath::new(path) {
            self.files.insert(path, text.into());
        }
        self
    }
}

impl World for MemoryWorld {
    fn read(&self, path: &RelPath) -> Result<Arc<str>, ReadError> {
        self.files.get(path).cloned().ok_or(ReadError::Missing)
    }
}
