//! What may pass is tried again.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use super::Remote;
use crate::error::PushError;

/// The longest pause that a registry can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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

/// Whether an answer may be another one another time.
pub(super) fn is_passing(status: StatusCode) -> bool {
    let asks_for_time = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    asks_for_time || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// How long a registry asks for patience.
pub(super) fn asked_pause(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
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
                    let own = self.patience.pause.saturating_mul(1 << tries.clamp(1, 8) >> 1);
                    tokio::time::sleep(asked.unwrap_or(own).min(LONGEST_PAUSE)).await;
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
