//! One store for all tests of a program that have no reason for another: Debian's base is brought and unpacked once.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use xb_contract::remove_at_the_end;

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
