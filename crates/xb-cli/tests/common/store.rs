//! One store for all tests of a program that have no reason for another: Debian's base is brought and unpacked once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The store that everything in one run shares: named by `XB_TEST_STORE`, or a folder that goes with this process.
pub fn store() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| match std::env::var_os("XB_TEST_STORE") {
        Some(path) => path.into(),
        None => {
            let folder = tempfile::tempdir_in("/var/tmp").expect("a folder for the store").keep();
            remove_at_the_end(&folder);
            folder
        }
    })
}

/// Removes a folder when this process has ended, however it ends: nothing drops what is static, and a store is large.
fn remove_at_the_end(folder: &Path) {
    let waiting = Command::new("sh")
        .args(["-c", "trap '' INT TERM HUP; read _; rm -rf \"$0\""])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    std::mem::forget(waiting);
}
