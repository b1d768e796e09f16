//! Requests whose bodies take long.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Response;

/// Waits for an answer as long as bytes go out, which `sent` counts: `silence` is how long none may.
///
/// # Errors
/// That of the request; none where it fell silent.
pub async fn while_it_moves(
    sending: impl Future<Output = reqwest::Result<Response>>,
    sent: &AtomicU64,
    silence: Duration,
) -> Result<Response, Option<reqwest::Error>> {
    let mut sending = std::pin::pin!(sending);
    let mut before = 0;
    loop {
        match tokio::time::timeout(silence, &mut sending).await {
            Ok(answer) => return answer.map_err(Some),
            Err(_) => match sent.load(Ordering::Relaxed) {
                now if now > before => before = now,
                _ => return Err(None),
            },
        }
    }
}
