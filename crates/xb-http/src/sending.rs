//! Requests whose bodies take long.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Waits for an answer as long as bytes go out, which `sent` counts: `silence` is how long none may. None where it fell
/// silent.
pub async fn while_it_moves<T>(answer: impl Future<Output = T>, sent: &AtomicU64, silence: Duration) -> Option<T> {
    let mut answer = std::pin::pin!(answer);
    let mut before = 0;
    loop {
        match tokio::time::timeout(silence, &mut answer).await {
            Ok(answer) => return Some(answer),
            Err(_) => match sent.load(Ordering::Relaxed) {
                now if now > before => before = now,
                _ => return None,
            },
        }
    }
}
