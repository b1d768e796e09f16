//! What could not be done, for a person.

use std::fmt::{self, Display};

/// Something that was tried and could not be done.
#[derive(Debug)]
pub struct Broken(pub String);

/// Gives an error the thing that was tried.
pub trait Tried<T> {
    /// `what` reads like `mount the root`.
    ///
    /// # Errors
    /// What it is called on, with that.
    fn tried(self, what: impl Display) -> Result<T, Broken>;
}

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T, E: Display> Tried<T> for Result<T, E> {
    fn tried(self, what: impl Display) -> Result<T, Broken> {
        self.map_err(|error| Broken(format!("cannot {what}: {error}")))
    }
}
