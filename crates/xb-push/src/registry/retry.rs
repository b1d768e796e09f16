//! What may pass is tried again.

use std::time::Duration;

use super::Remote;
use crate::error::PushError;

/// Why something did not go well.
pub(super) enum Trouble {
    /// It may go well another time, after a pause that the registry may have named.
    Passing(PushError, Option<Duration>),
    /// It will not.
    Lasting(PushError),
}

impl From<PushError> for Trouble {
    fn from(error: PushError) -> Self {
        Self::Lasting(error)
    }
}

impl Remote {
    /// Does something until it goes well, or will not.
    pub(super) async fn retrying<T>(
        &self,
        what: &str,
        work: impl AsyncFn() -> Result<T, Trouble>,
    ) -> Result<T, PushError> {
        let mut tries = 1;
        loop {
            match work().await {
                Ok(done) => return Ok(done),
                Err(Trouble::Passing(_, asked)) if tries < self.patience.tries => {
                    self.patience.pause_after(tries, asked).await;
                    tries += 1;
                }
                Err(Trouble::Passing(error, _)) => return Err(tried(error, what, tries)),
                Err(Trouble::Lasting(error)) => return Err(error),
            }
        }
    }
}

/// An error that says how often it was tried.
fn tried(error: PushError, what: &str, tries: u32) -> PushError {
    match error {
        PushError::Unreachable { registry, reason } => {
            PushError::Unreachable { registry, reason: format!("{reason} (tried {tries} times, last for {what})") }
        }
        PushError::Refused { registry, what, reason, passing } => {
            PushError::Refused { registry, what, reason: format!("{reason} (tried {tries} times)"), passing }
        }
        other => other,
    }
}
