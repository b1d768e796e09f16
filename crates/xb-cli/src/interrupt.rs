//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use xb_build::Cancel;

use crate::output::say;

/// The exit code after Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Watches for Ctrl-C and for a request to terminate, as long as the runtime lives.
///
/// Sandboxes end with the program that started them, so that ending at once leaves nothing running either.
pub async fn watch(cancel: Cancel) {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return;
    };
    next(&mut interrupt, &mut terminate).await;
    cancel.cancel();
    say("stopping; once more to stop at once");
    next(&mut interrupt, &mut terminate).await;
    std::process::exit(INTERRUPTED);
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
