//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use xb_build::Cancel;

use crate::output::say;

/// The exit code after Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Watches for Ctrl-C, for a request to terminate and for the terminal's end, as long as the runtime lives.
///
/// Sandboxes end with the program that started them, so that ending at once leaves nothing running either.
pub async fn watch(cancel: Cancel) {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let Ok([mut interrupt, mut terminate, mut hangup]) = listen(kinds) else {
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    };
    next().await;
    cancel.cancel();
    say("stopping; once more to stop at once");
    next().await;
    std::process::exit(INTERRUPTED);
}

fn listen(kinds: [SignalKind; 3]) -> std::io::Result<[Signal; 3]> {
    let [first, second, third] = kinds.map(signal);
    Ok([first?, second?, third?])
}
