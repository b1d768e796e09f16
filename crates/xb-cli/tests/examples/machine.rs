//! The machine that builds for real: its store, the program, and what it can do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::store::store;

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Whether the machine can do it at all; in CI it must.
pub fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let output = xb(&["build", "hello", "--arch", "arm64"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let missing = !output.status.success() && ["mirror", "namespace"].iter().any(|word| errors.contains(word));
        if missing && std::env::var_os("XB_TEST_NO_SKIP").is_none() {
            eprintln!("skipped: the base cannot be had or run here:\n{errors}");
            return false;
        }
        true
    })
}

pub fn xb(arguments: &[&str]) -> Output {
    xb_by("", arguments)
}

/// With programs of other architectures started in this way (`XB_EMULATION`).
pub fn xb_by(emulation: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xb"))
        .args(arguments)
        .current_dir(examples())
        .env("XB_STORE", store())
        .env("XB_EMULATION", emulation)
        .output()
        .expect("xb starts")
}

/// Whether a program is there; in CI it must be.
pub fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    assert!(is_there || std::env::var_os("XB_TEST_NO_SKIP").is_none(), "{program} is not installed");
    is_there
}
