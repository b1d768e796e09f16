//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use xb_build::Cancel;

use crate::output::say;

/// The first signal that asked for the end.
static SIGNAL: AtomicI32 = AtomicI32::new(SIGINT);

static CANCEL: LazyLock<Cancel> = LazyLock::new(|| {
    let cancel = Cancel::default();
    if let Ok(signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        let asked = cancel.clone();
        std::thread::spawn(move || watch(signals, &asked));
    }
    cancel
});

/// Whether somebody asked this program to stop: by Ctrl-C, by a request to terminate, by closing the terminal.
///
/// From the first call on, a signal ends the program no longer; who calls this asks now and then, or waits. What has
/// nothing to clean up does not call it.
pub fn cancel() -> Cancel {
    CANCEL.clone()
}

/// The exit code after a signal, as shells give it: 130 after Ctrl-C.
pub fn exit_code() -> u8 {
    u8::try_from(128 + SIGNAL.load(Ordering::Relaxed)).unwrap_or(u8::MAX)
}

/// Sandboxes end with the program that started them, so that ending at once leaves nothing running either.
fn watch(mut signals: Signals, cancel: &Cancel) {
    for signal in signals.forever() {
        if cancel.is_cancelled() {
            xb_exec::restore_terminal();
            std::process::exit(exit_code().into());
        }
        SIGNAL.store(signal, Ordering::Relaxed);
        cancel.cancel();
        say("stopping; once more to stop at once");
    }
}
