//! What every test needs: folders, programs of this machine, and saying why something is passed over.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that apt's own user may look into, too.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Says why a test is passed over; where nothing may be (`XB_TEST_NO_SKIP=1`), that is a failure.
#[allow(clippy::disallowed_methods, reason = "a test may ask what may be passed over")]
pub fn skip(why: &str) {
    assert!(
        std::env::var_os("XB_TEST_NO_SKIP").is_none_or(|value| value != "1"),
        "this test may not be skipped: {why}"
    );
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Whether these programs are on this machine; says so where one is not.
pub fn have(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| Command::new(program).arg("--version").output().is_err());
    if let Some(program) = missing {
        skip(&format!("there is no {program} on this machine"));
    }
    missing.is_none()
}

/// The standard output of a command that must succeed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", text_of(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Both outputs of a command that must fail.
#[track_caller]
pub fn run_badly(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{command:?}\n{}", text_of(&output));
    text_of(&output)
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Every file beneath a folder, by its path.
pub fn files(top: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![top.to_owned()];
    while let Some(path) = ahead.pop() {
        if path.is_dir() {
            ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Turns the last byte of a file into another one.
pub fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}
