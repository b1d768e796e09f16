//! What clients need that others have made.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;

use tempfile::TempDir;

/// The program that a variable names; none where it names none, of which the reason was told.
pub fn program(variable: &str) -> Option<OsString> {
    let program = std::env::var_os(variable);
    if program.is_none() {
        let reason = format!("{variable} does not say where the program is (.ci/run installs it)");
        assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
        writeln!(std::io::stderr(), "skipped: {reason}").expect("it is told");
    }
    program
}

/// A project of these files.
pub fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}
