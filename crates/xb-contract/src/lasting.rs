//! Folders that all tests of a process share.

use std::path::Path;
use std::process::{Command, Stdio};

/// Removes a folder when this process has ended, however it ends: nothing drops what is static, and a store is large.
///
/// # Panics
/// When there is no `sh`.
pub fn remove_at_the_end(folder: &Path) {
    // Those whom the process has started may be a moment longer than it.
    let waiting = Command::new("sh")
        .args(["-c", "trap '' INT TERM HUP; read _; sleep 1; rm -rf \"$0\""])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    std::mem::forget(waiting);
}
